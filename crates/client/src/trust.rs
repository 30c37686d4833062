//! Which servers are trusted: by the system's roots, by a CA file, or by the fingerprint of a CA.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};

use crate::Error;

/// Which servers are trusted. There is no way to trust any.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Trust {
    /// Certificates of the system's roots.
    System,
    /// Certificates of the CAs in a PEM file.
    CaFile(PathBuf),
    /// Certificates of the CA in the presented chain whose DER has this SHA-256.
    Pin([u8; 32]),
}

impl Trust {
    /// The pin of the CA in a PEM file: of the last certificate, as `litrocket serve` prints it.
    pub fn pin_of(path: &std::path::Path) -> Result<[u8; 32], Error> {
        let fail =
            |error: &dyn std::fmt::Display| Error::Tls(format!("{} is no CA file: {error}", path.display()));
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_file_iter(path).map_err(|error| fail(&error))?.collect();
        let chain = chain.map_err(|error| fail(&error))?;
        let last = chain.last().ok_or_else(|| fail(&"it holds no certificate"))?;
        let hash = sha256(&rustls::crypto::aws_lc_rs::default_provider(), last);
        hash.and_then(|hash| hash.try_into().ok()).ok_or_else(|| fail(&"no SHA-256 here"))
    }
}

fn sha256(provider: &CryptoProvider, bytes: &[u8]) -> Option<Vec<u8>> {
    use rustls::crypto::hash::HashAlgorithm;
    let hashes = provider.cipher_suites.iter().filter_map(rustls::SupportedCipherSuite::tls13);
    let mut hashes = hashes.map(|suite| suite.common.hash_provider);
    let hash = hashes.find(|hash| hash.algorithm() == HashAlgorithm::SHA256)?;
    Some(hash.hash(bytes).as_ref().to_vec())
}

pub(crate) fn client_config(trust: &Trust) -> Result<rustls::ClientConfig, Error> {
    let tls = |error: &dyn std::fmt::Display| Error::Tls(error.to_string());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| tls(&error))?;
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        Trust::System => {
            Arc::new(rustls_platform_verifier::Verifier::new(provider).map_err(|error| tls(&error))?)
        }
        Trust::CaFile(path) => {
            let fail = |error: &dyn std::fmt::Display| {
                Error::Tls(format!("{} is no CA file: {error}", path.display()))
            };
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| fail(&error))? {
                roots.add(certificate.map_err(|error| fail(&error))?).map_err(|error| fail(&error))?;
            }
            if roots.is_empty() {
                return Err(fail(&"it holds no certificate"));
            }
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|error| tls(&error))?
        }
        Trust::Pin(fingerprint) => Arc::new(Pinned { fingerprint: *fingerprint, provider }),
    };
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.alpn_protocols = vec![litrocket_protocol::ALPN.to_vec()];
    Ok(config)
}

/// Takes the CA with the fingerprint from the presented chain as the only root; then everything is checked as
/// usual: signatures, dates, the server's name.
#[derive(Debug)]
struct Pinned {
    fingerprint: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    fn inner(&self, chain: &[CertificateDer<'_>]) -> Result<Arc<WebPkiServerVerifier>, rustls::Error> {
        let unknown = || rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let pinned =
            chain.iter().find(|der| sha256(&self.provider, der).as_deref() == Some(&self.fingerprint));
        let mut roots = RootCertStore::empty();
        roots.add(pinned.ok_or_else(unknown)?.clone().into_owned())?;
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verifier = self.inner(intermediates)?;
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.3 only".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
