//! Calls to other servers over HTTP/1.1: bounded in time and size, one connection a call, no redirect followed.
//!
//! Knows what is asked for and what comes back as bytes; what they mean is the caller's.

use std::{path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, Uri, header};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::{
    cause,
    cause::{Cause, Part},
};

/// What an HTTP call sends as its name.
const USER_AGENT: &str = concat!("litrocket/", env!("CARGO_PKG_VERSION"));

/// An answer, whatever its status.
#[derive(Debug)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum HttpError {
    /// It took too long.
    TimedOut,
    /// The connection, TLS, or the answer itself.
    Failed(String),
}

impl std::fmt::Display for HttpError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TimedOut => f.write_str("no answer in time"),
            Self::Failed(cause) => f.write_str(cause),
        }
    }
}

impl std::error::Error for HttpError {}

fn failed(cause: impl std::fmt::Display) -> HttpError {
    HttpError::Failed(cause.to_string())
}

/// A server that is called over `http://` or `https://`.
#[derive(Clone)]
pub struct HttpServer {
    tls: Option<TlsConnector>,
    host: String,
    port: u16,
    /// Stands before the path of each call; has no slash at its end.
    path: String,
    time: Duration,
    answer_bytes_max: usize,
}

impl std::fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpServer({}:{}{})", self.host, self.port, self.path)
    }
}

impl HttpServer {
    /// Reads the server's URL. `ca` is a PEM file of the CA to trust with `https://`; the system's roots without it.
    pub fn new(url: &str, ca: Option<&Path>, time: Duration, answer_bytes_max: usize) -> Result<Self, Cause> {
        let refuse = |why: Part| cause!("{} is no address of an HTTP server: {}", &format!("{url:?}"), why);
        let uri: Uri = url.parse().map_err(|error: hyper::http::uri::InvalidUri| refuse((&error).into()))?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refuse(cause!("it begins with http:// or https://").into())),
        };
        let authority = uri.authority().filter(|it| !it.host().is_empty() && !it.as_str().contains('@'));
        let authority = authority.ok_or_else(|| refuse(cause!("it names a host, and no user").into()))?;
        if uri.query().is_some() {
            return Err(refuse(cause!("it has no query").into()));
        }
        Ok(Self {
            tls: secure.then(|| tls(ca)).transpose()?,
            host: authority.host().trim_matches(['[', ']']).into(),
            port: authority.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            path: uri.path().trim_end_matches('/').into(),
            time,
            answer_bytes_max,
        })
    }

    /// Whether what is sent goes to another machine in the clear.
    pub fn is_overheard(&self) -> bool {
        let address = self.host.parse::<std::net::IpAddr>();
        let is_here = self.host == "localhost" || address.is_ok_and(|address| address.is_loopback());
        self.tls.is_none() && !is_here
    }

    /// Asks for a path, which begins with a slash.
    pub async fn get(&self, path: &str) -> Result<HttpAnswer, HttpError> {
        self.call(Method::GET, path, "", Bytes::new()).await
    }

    /// Sends a body of the given type to a path, which begins with a slash.
    pub async fn post(&self, path: &str, content_type: &str, body: Bytes) -> Result<HttpAnswer, HttpError> {
        self.call(Method::POST, path, content_type, body).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> Result<HttpAnswer, HttpError> {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.path))
            .header(header::HOST, format!("{host}:{}", self.port))
            .header(header::USER_AGENT, USER_AGENT)
            .header(header::ACCEPT, "application/json")
            .header(header::CONNECTION, "close");
        if !content_type.is_empty() {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let request = request.body(Full::new(body)).map_err(failed)?;
        let work = async {
            let stream = TcpStream::connect((&*self.host, self.port)).await.map_err(failed)?;
            match &self.tls {
                None => self.exchange(stream, request).await,
                Some(tls) => {
                    let name = ServerName::try_from(self.host.clone()).map_err(failed)?;
                    let stream = tls.connect(name, stream).await.map_err(failed)?;
                    self.exchange(stream, request).await
                }
            }
        };
        tokio::time::timeout(self.time, work).await.map_err(|_| HttpError::TimedOut)?
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        request: Request<Full<Bytes>>,
    ) -> Result<HttpAnswer, HttpError> {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let answer = async {
            let answer = sender.send_request(request).await.map_err(failed)?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), self.answer_bytes_max).collect().await;
            Ok(HttpAnswer { status, body: body.map_err(failed)?.to_bytes() })
        };
        tokio::pin!(answer);
        // The connection lives as long as the call: nothing is left behind when the caller goes away.
        tokio::select! {
            answer = &mut answer => answer,
            ended = connection => {
                ended.map_err(failed)?;
                answer.await
            }
        }
    }
}

fn tls(ca: Option<&Path>) -> Result<TlsConnector, Cause> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let fail = |why: &dyn std::fmt::Display| cause!("TLS for HTTP calls does not work: {}", why);
    let verifier: Arc<dyn ServerCertVerifier> = match ca {
        None => {
            Arc::new(rustls_platform_verifier::Verifier::new(provider.clone()).map_err(|error| fail(&error))?)
        }
        Some(file) => {
            let fail =
                |why: &dyn std::fmt::Display| cause!("no CA can be read from {}: {}", &file.display(), why);
            let mut roots = rustls::RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(file).map_err(|error| fail(&error))? {
                roots.add(certificate.map_err(|error| fail(&error))?).map_err(|error| fail(&error))?;
            }
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .build()
                .map_err(|error| fail(&error))?
        }
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| fail(&error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    const TIME: Duration = Duration::from_secs(5);

    /// Answers one call with these bytes; hands out what was asked.
    async fn answers(answer: &'static [u8]) -> (u16, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            take(&mut stream, answer).await
        });
        (port, asked)
    }

    async fn take(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), answer: &[u8]) -> String {
        let mut asked = vec![0; 4096];
        let mut len = stream.read(&mut asked).await.unwrap();
        while !asked[..len].ends_with(b"?") && !asked[..len].ends_with(b"\r\n\r\n") {
            len += stream.read(&mut asked[len..]).await.unwrap();
        }
        stream.write_all(answer).await.unwrap();
        stream.shutdown().await.unwrap();
        String::from_utf8(asked[..len].to_vec()).unwrap()
    }

    fn server(url: &str) -> HttpServer {
        HttpServer::new(url, None, TIME, 1024).unwrap()
    }

    #[tokio::test]
    async fn a_call_goes_below_the_path_of_the_url() {
        let (port, asked) = answers(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok").await;
        let it = server(&format!("http://127.0.0.1:{port}/api/"));
        let answer = it.post("/translate", "text/plain", Bytes::from_static(b"why?")).await.unwrap();
        assert_eq!((answer.status, &*answer.body), (201, b"ok".as_slice()));
        let asked = asked.await.unwrap();
        assert!(asked.starts_with("POST /api/translate HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains(&format!("host: 127.0.0.1:{port}\r\n")) && asked.ends_with("why?"), "{asked}");
    }

    #[tokio::test]
    async fn what_is_too_large_slow_broken_or_away_fails() {
        let fails = async |answer: &'static [u8]| {
            let (port, _asked) = answers(answer).await;
            server(&format!("http://127.0.0.1:{port}")).get("/").await.unwrap_err()
        };
        let large: &[u8] = Box::leak([b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &[b'x'; 2000]].concat().into());
        assert!(matches!(fails(large).await, HttpError::Failed(_)));
        assert!(matches!(fails(b"nonsense\r\n\r\n").await, HttpError::Failed(_)));
        assert!(matches!(fails(b"").await, HttpError::Failed(_)));
        assert!(matches!(
            fails(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx").await,
            HttpError::Failed(_)
        ));
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let hasty = HttpServer::new(&url, None, Duration::from_millis(100), 1024).unwrap();
        assert!(matches!(hasty.get("/").await, Err(HttpError::TimedOut)));
        drop(silent);
        assert!(matches!(server(&url).get("/").await, Err(HttpError::Failed(_))));
    }

    #[tokio::test]
    async fn only_a_certificate_of_the_named_ca_is_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
            let file = folder.path().join(name);
            std::fs::write(&file, made.cert.pem()).unwrap();
            (made, file)
        };
        let ((own, own_file), (_, other_file)) = (make("own.pem"), make("other.pem"));
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    take(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
                }
            }
        });
        let trusts = |ca: &Path| HttpServer::new(&url, Some(ca), TIME, 1024).unwrap();
        assert_eq!(&*trusts(&own_file).get("/").await.unwrap().body, b"ok");
        assert!(matches!(trusts(&other_file).get("/").await, Err(HttpError::Failed(_))));
        assert!(matches!(server(&url).get("/").await, Err(HttpError::Failed(_))));
    }

    #[test]
    fn only_addresses_of_http_servers_are_read() {
        for url in ["", "ftp://a", "http://", "a:80", "http://me:secret@a", "http://a/?x=1", "/a"] {
            assert!(HttpServer::new(url, None, TIME, 1024).is_err(), "{url}");
        }
        let it = server("http://[::1]:8080/a/b/");
        assert_eq!((&*it.host, it.port, &*it.path), ("::1", 8080, "/a/b"));
        assert_eq!(server("https://a.example").port, 443);
    }
}
