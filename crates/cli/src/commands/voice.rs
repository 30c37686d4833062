//! Voice messages: sending a recording, recording one, hearing one.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use clap::Subcommand;
use litrocket_client::{Client, Digest, Error, Outgoing, Recording, Transfer};
use serde_json::json;
use tokio::time::timeout;

use super::files::{Shown, json_file};
use crate::{
    Failure,
    failure::{Asked as _, At as _},
    output::escape,
    resolve,
    session::Context,
};

/// What can be done with voice messages.
#[derive(Debug, Clone, Subcommand)]
pub enum VoiceCommand {
    /// Send a recording: Opus in Ogg, or WAV, which is made into it. At most ten minutes.
    Send {
        /// @name, #group, @me, or a conversation's number.
        to: String,
        /// The recording.
        #[arg(value_name = "PATH")]
        path: PathBuf,
    },
    /// Record with parecord or arecord, and send it.
    Record {
        /// @name, #group, @me, or a conversation's number.
        to: String,
        /// For how long, in seconds.
        #[arg(long, value_name = "SECS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
        seconds: u64,
    },
    /// Write a recording to a file: WAV if its name ends so, otherwise as it came.
    Get {
        /// The file's number, as messages show it.
        file: u64,
        /// Where to: a file, which is replaced.
        #[arg(long, short, value_name = "PATH", default_value = "voice.ogg")]
        output: PathBuf,
    },
    /// Play a recording with paplay or aplay.
    Play {
        /// The file's number, as messages show it.
        file: u64,
    },
}

pub(super) async fn run(context: &Context, command: VoiceCommand) -> Result<(), Failure> {
    let client = context.connect().await?;
    match command {
        VoiceCommand::Send { to, path } => send(context, &client, &to, &path).await?,
        VoiceCommand::Record { to, seconds } => {
            let path = note(context, "recording.wav")?;
            record(context, &path, Duration::from_secs(seconds))?;
            send(context, &client, &to, &path).await?;
            let _ = std::fs::remove_file(&path);
        }
        VoiceCommand::Get { file, output } => get(context, &client, file, &output).await?,
        VoiceCommand::Play { file } => {
            let path = note(context, &format!("play-{file}.wav"))?;
            fetch(context, &client, file, &path).await?;
            let mut player = start(&[("paplay", &[]), ("aplay", &["-q"])], &path)?;
            player.wait()?;
            let _ = std::fs::remove_file(&path);
        }
    }
    client.close().await;
    Ok(())
}

/// A file of the profile, for a moment.
fn note(context: &Context, name: &str) -> Result<PathBuf, Failure> {
    let profile = context.profile()?;
    profile.make_folder()?;
    Ok(profile.note_file(name))
}

async fn send(context: &Context, client: &Client, to: &str, path: &Path) -> Result<(), Failure> {
    let conversation = resolve::open(client, to).await?;
    let recording = Recording::read(path).await.at(path)?;
    // Another command may send another recording at the same time.
    let ogg = note(context, &format!("sending-voice-{}.ogg", std::process::id()))?;
    std::fs::write(&ogg, &recording.ogg)?;
    let name = path.with_extension("ogg");
    let name =
        name.file_name().map_or_else(|| "voice.ogg".into(), |name| name.to_string_lossy().into_owned());
    let digest = Digest::of_file(&ogg).await?;
    let shown = Shown::new(context, &name, digest.size);
    let file = client.upload(&ogg, &name, &digest, shown.transfer(context, &name)).await;
    shown.end();
    let file = file?;
    let _ = std::fs::remove_file(&ogg);
    let pending = client.send(conversation, Outgoing::voice(file, recording.wave)).await?;
    let ack = timeout(context.common.patience(), pending).await.map_err(|_| Error::TimedOut)??;
    let duration_ms = recording.duration_ms;
    context.output.data(
        || {
            json!({"type": "sent", "conversation": ack.conversation.0, "event_seq": ack.event_seq,
                "message_seq": ack.message_seq, "id": ack.id.to_string(), "at_ms": ack.at_ms,
                "file": json_file(file, &name, digest.size, "audio/ogg", &digest.blake3),
                "duration_ms": duration_ms})
        },
        || {
            let words = context.output.words;
            let said = words.sent_file(format!("{} {}", words.voice(), length(duration_ms)), escape(to));
            format!("{said}  [{}] {}  {} {file}", ack.conversation, ack.event_seq, words.file())
        },
    )
}

/// Minutes and seconds.
pub(super) fn length(duration_ms: u64) -> String {
    let seconds = duration_ms.div_ceil(1000);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// A line of bars, as high as the sound is loud.
pub(super) fn bars(wave: &[u8]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    wave.iter().step_by(2).map(|value| BARS[usize::from(value / 4).min(7)]).collect()
}

async fn fetch(context: &Context, client: &Client, file: u64, wav: &Path) -> Result<(), Failure> {
    let ogg = note(context, &format!("voice-{file}.ogg"))?;
    let fetched = client.download(file, &ogg, Transfer::default().within(context.common.patience())).await;
    fetched.of_file(file)?;
    let bytes = std::fs::read(&ogg)?;
    let _ = std::fs::remove_file(&ogg);
    std::fs::write(wav, Recording::to_wav(bytes).await?)?;
    Ok(())
}

async fn get(context: &Context, client: &Client, file: u64, output: &Path) -> Result<(), Failure> {
    if output.extension().is_some_and(|end| end.eq_ignore_ascii_case("wav")) {
        fetch(context, client, file, output).await?;
    } else {
        let transfer = Transfer::default().within(context.common.patience());
        client.download(file, output, transfer).await.of_file(file).at(output)?;
    }
    let path = output.to_string_lossy();
    context.output.data(|| json!({"type": "fetched", "file": file, "path": path}), || escape(&path))
}

/// Starts the first of these programs that is there.
fn start(programs: &[(&str, &[&str])], path: &Path) -> Result<std::process::Child, Failure> {
    for (program, flags) in programs {
        let mut command = Command::new(program);
        match command.args(*flags).arg(path).stdin(Stdio::null()).stdout(Stdio::null()).spawn() {
            Ok(child) => return Ok(child),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    let names = programs.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    Err(Failure::usage(move |words| words.no_sound(&names)))
}

fn record(context: &Context, path: &Path, time: Duration) -> Result<(), Failure> {
    let programs: &[(&str, &[&str])] = &[
        ("parecord", &["--file-format=wav", "--format=s16le", "--rate=48000", "--channels=1"]),
        ("arecord", &["-q", "-t", "wav", "-f", "S16_LE", "-r", "48000", "-c", "1"]),
    ];
    let mut recorder = start(programs, path)?;
    context.output.hint(context.output.words.speak_now());
    let until = Instant::now() + time;
    while Instant::now() < until && recorder.try_wait()?.is_none() {
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = recorder.kill();
    recorder.wait()?;
    Ok(())
}
