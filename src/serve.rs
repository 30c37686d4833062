//! The `serve` and `config` commands: from a configuration to a running server, its first words and its end.

use std::{future::Future, io::Write as _, process::ExitCode, time::Duration};

use litrocket_cli::Words;
use qrcode::{QrCode, render::unicode};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    cause,
    cause::Cause,
    config::{Config, Email, SignUp},
    error::Result,
    features::account,
    sentences::{self, say},
    server::Server,
    telemetry,
};

/// How long the end of the process waits for work that is under way on threads.
const LAST_WORK: Duration = Duration::from_millis(200);

/// Runs a future on a new runtime.
pub fn block_on(future: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            runtime.spawn(asks_for_threads());
            let code = runtime.block_on(future);
            // What still runs on threads of its own may wait for a disk that does not answer.
            runtime.shutdown_timeout(LAST_WORK);
            code
        }
        Err(error) => fatal(Words::English, &cause!("the runtime does not start: {}", error)),
    }
}

/// Where the system refuses a thread, tokio leaves blocking work to its other threads, and those may all be taken for
/// good. It waits until the next work asks for a thread: so some does.
async fn asks_for_threads() {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(tokio::task::spawn_blocking(|| ()));
    }
}

/// Says why the program ends, once on the console and once in the log files.
fn fatal(words: Words, cause: &Cause) -> ExitCode {
    tracing::error!(target: telemetry::SAID, %cause, "the server ends");
    eprintln!("{}{}", sentences::error(words), sentences::cause(words, cause));
    ExitCode::FAILURE
}

/// Prints the effective configuration as TOML or JSON.
pub fn print_config(config: &Config, json: bool) -> ExitCode {
    if json {
        match serde_json::to_string(config) {
            // Who reads may have heard enough.
            Ok(text) => drop(writeln!(std::io::stdout(), "{text}")),
            Err(error) => {
                return fatal(Words::English, &cause!("the configuration has no JSON form: {}", &error));
            }
        }
    } else {
        drop(write!(std::io::stdout(), "{}", config.to_toml()));
    }
    ExitCode::SUCCESS
}

/// Runs the server until it is told to stop.
pub fn run(config: Config, words: Words) -> ExitCode {
    let guard = telemetry::init(&config.logs.level, &config.log_folder(), config.logs.days as usize);
    let _guard = match guard {
        Ok(guard) => guard,
        Err(cause) => return fatal(words, &cause),
    };
    block_on(async {
        match serve(config, words).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(cause) => fatal(words, &cause),
        }
    })
}

async fn serve(config: Config, words: Words) -> Result<(), Cause> {
    let listen = |kind| signal(kind).map_err(|error| cause!("signals cannot be listened for: {}", error));
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut next_signal = async move || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let (first, stopped) = tokio::sync::oneshot::channel();
    let (second, aborted) = tokio::sync::oneshot::channel();
    let (early, mut stopped_early) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        next_signal().await;
        let _ = early.send(true);
        let _ = first.send(());
        next_signal().await;
        let _ = second.send(());
    });
    let wait = |signal: tokio::sync::oneshot::Receiver<()>| async { drop(signal.await) };
    // A start may take long: migrations, a disk that hangs. What it began is as after a crash.
    let server = tokio::select! {
        server = Server::bind(config) => server?,
        _ = stopped_early.changed() => {
            tracing::info!("stopped before the start was over");
            return Ok(());
        }
    };
    greet(&server, words).await.map_err(|error| cause!("the accounts cannot be read: {}", &error))?;
    server.run(wait(stopped), wait(aborted)).await?;
    tracing::info!("stopped");
    Ok(())
}

/// Says where the server is, what to trust it by, and what to try next.
async fn greet(server: &Server, words: Words) -> Result<()> {
    let (app, identity) = (server.app(), server.identity());
    let address = server.address();
    let policy = app.config.sign_up();
    tracing::info!(%address, sign_up = policy.name(), "listening");
    let invite = account::first_invite(app).await?;
    let link = account::link(app, invite.as_deref());
    let off = say(
        words,
        "off: accounts are recovered by their recovery codes (mail.server turns it on)",
        "关闭：账号以恢复码找回（设置 mail.server 可开启）",
    );
    let email = match app.config.email() {
        Email::Off => off,
        on => on.name(),
    };
    let version = env!("CARGO_PKG_VERSION");
    let (ca, pin) = (identity.ca_file.display(), &identity.ca_sha256);
    let mut text = match words {
        Words::English => format!(
            "litrocket {version} listens on {address} (UDP)\nCA file          {ca}\nCA fingerprint   sha256-{pin}\n\
             Sign-up          {}\nE-mail           {email}\nAddress          {link}\n",
            policy.name()
        ),
        Words::Chinese => format!(
            "litrocket {version} 正在监听 {address}（UDP）\nCA 文件    {ca}\nCA 指纹    sha256-{pin}\n\
             注册       {}\n邮箱       {email}\n地址       {link}\n",
            policy.name()
        ),
    };
    if address.ip().is_unspecified() && app.public_address.starts_with("localhost:") {
        text.push_str(say(
            words,
            "                 (only this machine knows that name: start with --name HOST, as others call it)\n",
            "           （只有本机认得这个名字：请用 --name HOST 指定他人使用的主机名）\n",
        ));
    }
    if invite.is_some() {
        text.push_str(say(
            words,
            "                 (whoever signs up with this invite becomes the operator)\n",
            "           （用此邀请码注册的人成为服务器管理员）\n",
        ));
        if !address.ip().is_loopback()
            && let Ok(code) = QrCode::new(&link)
        {
            text.push_str(&format!("\n{}\n", code.render::<unicode::Dense1x2>().quiet_zone(true).build()));
        }
    }
    let near = policy == SignUp::Open && address.port() == 4433;
    let flag = if near { String::new() } else { format!(" --server '{link}'") };
    let own = litrocket_cli::program();
    // Where people are, somebody comes back, or one more comes.
    let first = if account::has_people(app).await? {
        format!("{own} login NAME{flag}\n  {own} register NAME{flag}")
            .replace("NAME", say(words, "NAME", "用户名"))
    } else {
        format!("{own} register ada{flag}")
    };
    let next =
        say(words, "Try next, in another terminal in this folder:", "接下来，在此目录的另一个终端中试试：");
    let hello = say(words, "hello", "你好");
    text.push_str(&format!("\n{next}\n  {first}\n  {own} send @me \"{hello}\"\n"));
    // Whether anybody reads it does not matter to the server.
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    Ok(())
}
