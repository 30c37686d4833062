//! Voice messages: sending a recording, recording one, hearing one.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use clap::Subcommand;
use litrocket_client::{Client, Digest, Error, Outgoing, Recording, Transfer};
use litrocket_protocol::{
    Fault,
    fault::code,
    files::{FileInfo, GetFile, file_state},
    hex,
};
use serde_json::json;

use super::files::{
    Shown, deliver, json_file,
    place::{Target, name_of, note, write_file},
    refused::{NO_FILE, but_for_the_file, with_file},
    send_once,
    sending::{Sending, recent},
    until_stopped,
};
use super::listen::stop_signal;
use crate::{
    Failure,
    failure::{Asked as _, At as _},
    output::{Output, escape},
    resolve,
    session::Context,
    values::whole,
};

/// What the server calls a recording.
const RECORDING: &str = "audio/opus";
/// How often a program for sound is looked at.
const TICK: Duration = Duration::from_millis(50);
/// How long a program that records may take to end its file when it is stopped.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// The exit status of a command that was interrupted.
const INTERRUPTED: u8 = 130;

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
    /// Record with parecord or arecord, and send it. Ctrl-C keeps what was recorded and says how to send it.
    Record {
        /// @name, #group, @me, or a conversation's number.
        to: String,
        /// For how long, in seconds.
        #[arg(long, value_name = "SECS", default_value_t = 10, value_parser = whole(1..=600))]
        seconds: u64,
    },
    /// Write a recording to a file: WAV if its name ends so, otherwise as it came.
    Get {
        /// The file's number, as messages show it.
        file: u64,
        /// Where to: a folder, a file that is not there yet, or - for standard output. The current folder without it.
        #[arg(long, short, value_name = "PATH")]
        output: Option<PathBuf>,
        /// Replace a file of the same name, instead of refusing or, in a folder, adding a number.
        #[arg(long)]
        force: bool,
    },
    /// Play a recording with paplay or aplay.
    Play {
        /// The file's number, as messages show it.
        file: u64,
    },
}

pub(super) async fn run(context: &Context, command: VoiceCommand) -> Result<ExitCode, Failure> {
    // Before anybody waits for a stop: here it ends the recording, and nothing goes on by itself.
    let recorded = match &command {
        VoiceCommand::Record { to, seconds } => {
            let path = note(context, "recording.wav")?;
            let client = context.connect().await?;
            resolve::open(&client, to).await?;
            client.close().await;
            if record(context, &path, Duration::from_secs(*seconds)).await? == Recorded::Interrupted {
                return interrupted(context, to, &path);
            }
            Some(path)
        }
        _ => None,
    };
    until_stopped(context, async |client| match command {
        VoiceCommand::Send { to, path } => send(context, client, &to, &path).await,
        VoiceCommand::Record { to, .. } => {
            if let Some(path) = recorded {
                send(context, client, &to, &path).await?;
                let _ = std::fs::remove_file(&path);
            }
            Ok(())
        }
        VoiceCommand::Get { file, output, force } => {
            get(context, client, file, (output.as_deref(), force)).await
        }
        VoiceCommand::Play { file } => {
            let path = note(context, &format!("play-{file}.wav"))?;
            recording(client, file).await?;
            let wav = Recording::to_wav(fetch(context, client, file).await?).await?;
            std::fs::write(&path, wav).kept_at(&path)?;
            let played = play(&path).await;
            let _ = std::fs::remove_file(&path);
            played
        }
    })
    .await
}

/// Plays a recording to its end.
async fn play(path: &Path) -> Result<(), Failure> {
    let mut player = Player(start(&[("paplay", &[]), ("aplay", &["-q"])], path)?);
    while player.0.try_wait()?.is_none() {
        tokio::time::sleep(TICK).await;
    }
    Ok(())
}

/// A program that plays or records, for as long as this is there.
struct Player(Child);

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn send(context: &Context, client: &Client, to: &str, path: &Path) -> Result<(), Failure> {
    let name = name_of(&path.with_extension("ogg"))?;
    let conversation = resolve::open(client, to).await?;
    let recording = Recording::read(path).await.at(path)?;
    // What an earlier run made of it is what it began to send.
    let source = Digest::of_file(path).await.at(path)?;
    let ogg = note(context, &format!("sending-voice-{}.ogg", hex::encode(&source.blake3)))?;
    if recent(&ogg).is_none() {
        write_file(&ogg, &recording.ogg, true)?;
    }
    let digest = Digest::of_file(&ogg).await?;
    let mut batch = Sending::open(context, conversation, &digest, &[path.to_owned()], "\u{0}voice")?;
    if !batch.was_begun(0, &digest) {
        let asks = Outgoing::voice(NO_FILE, recording.wave.clone());
        but_for_the_file(deliver(context, client, conversation, asks).await)?;
    }
    let shown = Shown::new(context, &name, digest.size);
    let file = client.upload(&ogg, &name, &digest, shown.transfer(context, &name)).await;
    shown.end();
    let file = file?;
    let message = Outgoing::voice(file, recording.wave);
    let sent = send_once(context, client, conversation, (&mut batch, 0, &digest), message).await;
    let ack = with_file(client, file, sent).await?;
    let duration_ms = recording.duration_ms;
    let told = context.output.data(
        || {
            json!({"type": "sent", "conversation": ack.conversation.0, "event_seq": ack.event_seq,
                "message_seq": ack.message_seq, "id": ack.id.to_string(), "at_ms": ack.at_ms,
                "file": json_file(file, &name, digest.size, RECORDING, &digest.blake3),
                "duration_ms": duration_ms})
        },
        || {
            let words = context.output.words;
            let said = words.sent_file(format!("{} {}", words.voice(), length(duration_ms)), escape(to));
            format!("{said}  [{}] {}  {} {file}", ack.conversation, ack.event_seq, words.file())
        },
    );
    // Whoever was told of it sends another one by the same command.
    batch.done();
    let _ = std::fs::remove_file(&ogg);
    told
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

/// The bytes of a recording.
async fn fetch(context: &Context, client: &Client, file: u64) -> Result<Vec<u8>, Failure> {
    let ogg = note(context, &format!("voice-{file}.ogg"))?;
    let fetched = client.download(file, &ogg, Transfer::default().within(context.common.patience())).await;
    fetched.of_file(file).kept_at(&ogg)?;
    let bytes = std::fs::read(&ogg).kept_at(&ogg)?;
    let _ = std::fs::remove_file(&ogg);
    Ok(bytes)
}

/// What is known of a recording. Refuses what is none; who wants that as a file has `file get`.
async fn recording(client: &Client, file: u64) -> Result<FileInfo, Failure> {
    let info = client.call(GetFile { file, hashes: false }).await.of_file(file)?;
    if info.state == file_state::GONE {
        return Err(Error::from(Fault::new(code::FILE_GONE))).of_file(file);
    }
    if info.media_type == RECORDING {
        return Ok(info);
    }
    Err(Error::from(Fault::new(code::BAD_VOICE))).of_recording(file)
}

async fn get(
    context: &Context,
    client: &Client,
    file: u64,
    (output, force): (Option<&Path>, bool),
) -> Result<(), Failure> {
    let info = recording(client, file).await?;
    let path = match Target::new(context, output, &info.name, force)? {
        Target::Out => return Output::long(fetch(context, client, file).await?).await,
        Target::File(path) => path,
    };
    if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("wav")) {
        let wav = Recording::to_wav(fetch(context, client, file).await?).await?;
        write_file(&path, &wav, force)?;
    } else {
        let transfer = Transfer::default().within(context.common.patience());
        let transfer = if force { transfer } else { transfer.keeping() };
        client.download(file, &path, transfer).await.of_file(file).at(&path)?;
    }
    let path = path.to_string_lossy();
    let what = json_file(info.file, &info.name, info.size, &info.media_type, &info.blake3);
    context.output.data(|| json!({"type": "fetched", "file": what, "path": path}), || escape(&path))
}

/// Starts the first of these programs that is there.
fn start(programs: &[(&str, &[&str])], path: &Path) -> Result<Child, Failure> {
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

/// How a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recorded {
    /// The time is over, or the program that records ended.
    Whole,
    /// Somebody stopped it.
    Interrupted,
}

/// Says how to send what was recorded up to the stop. Whoever stops it may not want it to be heard.
fn interrupted(context: &Context, to: &str, path: &Path) -> Result<ExitCode, Failure> {
    let words = context.output.words;
    let shown = path.to_string_lossy();
    context.output.data(
        || json!({"type": "recording_kept", "path": shown}),
        || words.recording_kept(to, escape(&shown)),
    )?;
    Ok(ExitCode::from(INTERRUPTED))
}

async fn record(context: &Context, path: &Path, time: Duration) -> Result<Recorded, Failure> {
    let programs: &[(&str, &[&str])] = &[
        ("parecord", &["--file-format=wav", "--format=s16le", "--rate=48000", "--channels=1"]),
        ("arecord", &["-q", "-t", "wav", "-f", "S16_LE", "-r", "48000", "-c", "1"]),
    ];
    let mut recorder = Player(start(programs, path)?);
    context.output.hint(context.output.words.speak_now());
    let until = Instant::now() + time;
    let stop = stop_signal();
    tokio::pin!(stop);
    let mut recorded = Recorded::Whole;
    while Instant::now() < until && recorder.0.try_wait()?.is_none() {
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = &mut stop => {
                recorded = Recorded::Interrupted;
                break;
            }
        }
    }
    // At a terminal Ctrl-C reaches the program that records too, which then ends its file.
    let until = Instant::now() + LAST_WORDS;
    while recorded == Recorded::Interrupted && Instant::now() < until && recorder.0.try_wait()?.is_none() {
        tokio::time::sleep(TICK).await;
    }
    Ok(recorded)
}
