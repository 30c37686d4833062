//! The socket: one request a connection, in a line of JSON; the answer is lines of JSON, the last of which has the type
//! `done` or `error`.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::Semaphore,
};
use tracing::Instrument as _;

use super::{Ask, answer};
use crate::{app::App, error::Error};

/// The socket's name in the data folder.
pub const PATH: &str = "admin.sock";
/// A request, in bytes: the longest is an announcement.
const REQUEST_BYTES_MAX: u64 = 16 * 1024;
/// How long a request may take to come and to be answered.
const TIME: Duration = Duration::from_secs(30);
/// Operators at the same time.
const AT_ONCE: usize = 4;

/// The socket, which is there as long as this is.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for Socket {
    fn drop(&mut self) {
        // The folder's lock is still held: it is this process's own.
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "the socket for litrocket admin stays");
        }
    }
}

/// Makes the socket (without it everything else works), in the place of one that an earlier process left: the folder's lock says that it runs no more.
pub fn open(data: &Path) -> Option<Socket> {
    bind(data).inspect_err(|error| tracing::error!(%error, "there is no socket for litrocket admin")).ok()
}

fn bind(data: &Path) -> std::io::Result<Socket> {
    let path = data.join(PATH);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = Socket { listener: UnixListener::bind(&path)?, path };
    std::fs::set_permissions(&socket.path, std::fs::Permissions::from_mode(0o600))?;
    Ok(socket)
}

/// Answers operators for as long as the server runs.
pub async fn serve(app: Arc<App>, socket: Arc<Socket>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match socket.listener.accept().await {
            Ok((stream, _)) => {
                let app = app.clone();
                // Whatever is logged on the way says whose process asked.
                let operator =
                    tracing::info_span!("operator", uid = stream.peer_cred().ok().map(|of| of.uid()));
                let conversation = async move {
                    if tokio::time::timeout(TIME, converse(&app, stream)).await.is_err() {
                        tracing::warn!("an operator's request took too long");
                    }
                    drop(place);
                };
                tokio::spawn(conversation.instrument(operator));
            }
            Err(error) => {
                tracing::warn!(%error, "the socket for litrocket admin fails");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn converse(app: &App, mut stream: UnixStream) -> std::io::Result<()> {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    BufReader::new(read.take(REQUEST_BYTES_MAX)).read_line(&mut line).await?;
    let error =
        |code: &str, message: String| vec![json!({"type": "error", "code": code, "message": message})];
    let lines = match serde_json::from_str::<Ask>(&line) {
        Err(problem) => error("bad_request", problem.to_string()),
        Ok(ask) => match answer(app, ask).await {
            Ok(mut lines) => {
                lines.push(json!({"type": "done"}));
                lines
            }
            Err(Error::Fault(fault)) => error(&fault.code, fault.message),
            Err(other) => {
                tracing::error!(error = %other, "an operator's request failed");
                error("internal", other.to_string())
            }
        },
    };
    let mut out = String::new();
    for line in lines {
        out.push_str(&line.to_string());
        out.push('\n');
    }
    write.write_all(out.as_bytes()).await?;
    write.shutdown().await
}
