//! Sending: one message or many, edits, recalls, reactions.

use std::{collections::VecDeque, io::IsTerminal as _, process::ExitCode};

use indicatif::{ProgressBar, ProgressStyle};
use litrocket_client::{Client, Error, Outgoing, Pending};
use litrocket_protocol::{ConversationId, chat::Ack, event::Text};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    time::{Instant, timeout_at},
};

use crate::{Failure, output::escape, resolve, session::Context};

/// Lines that may be under way before the next is read.
const WINDOW: usize = 512;

/// What all messages of one command have in common.
pub(super) struct Manner {
    /// The event they answer.
    pub(super) reply: Option<u64>,
    /// How the text is marked up.
    pub(super) format: Option<String>,
}

impl Manner {
    fn outgoing(&self, words: &str) -> Outgoing {
        let text = Text { text: words.into(), format: self.format.clone(), ..Text::default() };
        match self.reply {
            Some(seq) => Outgoing::reply(seq, &text),
            None => Outgoing::rich(&text),
        }
    }
}

/// A message on its way, with its words for the case that it does not arrive.
struct OnTheWay {
    pending: Pending,
    words: String,
}

pub(super) async fn send(
    context: &Context,
    to: &str,
    words: &str,
    manner: Manner,
) -> Result<ExitCode, Failure> {
    let deadline = Instant::now() + context.common.patience();
    let client = match context.connect_until(deadline).await {
        Err(failure @ Failure::Client(Error::Unreachable(_) | Error::TimedOut)) if words != "-" => {
            unsent(context, words)?;
            return Err(failure);
        }
        result => result?,
    };
    let conversation = resolve::conversation(&client, to).await?;
    let mut sender =
        Sender { context, client, conversation, manner, way: VecDeque::new(), refused: false, unsent: false };
    if words == "-" {
        sender.lines().await?;
    } else {
        sender.push(words.to_owned()).await?;
    }
    sender.finish().await
}

struct Sender<'a> {
    context: &'a Context,
    client: Client,
    conversation: ConversationId,
    manner: Manner,
    way: VecDeque<OnTheWay>,
    refused: bool,
    unsent: bool,
}

impl Sender<'_> {
    async fn push(&mut self, words: String) -> Result<(), Failure> {
        let pending = self.client.send(self.conversation, self.manner.outgoing(&words)).await?;
        self.way.push_back(OnTheWay { pending, words });
        Ok(())
    }

    /// Standard input, one message a line, many under way at once; acks are printed in order.
    async fn lines(&mut self) -> Result<(), Failure> {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        let bar = self.progress();
        while let Some(line) = lines.next_line().await? {
            if line.trim().is_empty() {
                continue;
            }
            self.push(line).await?;
            bar.inc(1);
            while self.way.len() >= WINDOW && !self.unsent {
                self.answer().await?;
            }
            if self.unsent {
                break;
            }
        }
        bar.finish_and_clear();
        Ok(())
    }

    fn progress(&self) -> ProgressBar {
        // A bar is for people at a terminal whose output does not show the acks already.
        if self.context.output.json || !std::io::stderr().is_terminal() || std::io::stdout().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{spinner} {pos} ({per_sec})");
        ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
    }

    /// Waits for the oldest answer and prints it.
    async fn answer(&mut self) -> Result<(), Failure> {
        let Some(OnTheWay { pending, words }) = self.way.pop_front() else { return Ok(()) };
        let deadline = Instant::now() + self.context.common.patience();
        match timeout_at(deadline, pending).await {
            Ok(Ok(ack)) => print_ack(self.context, &ack),
            Ok(Err(error @ Error::Fault(_))) => {
                self.refused = true;
                self.context.output.failure(&error.into());
                Ok(())
            }
            Ok(Err(_)) | Err(_) => {
                self.unsent = true;
                unsent(self.context, &words)
            }
        }
    }

    async fn finish(mut self) -> Result<ExitCode, Failure> {
        while !self.way.is_empty() && !self.unsent {
            self.answer().await?;
        }
        for left in std::mem::take(&mut self.way) {
            unsent(self.context, &left.words)?;
        }
        self.client.close().await;
        if self.unsent {
            return Err(Failure::Unsent);
        }
        Ok(ExitCode::from(u8::from(self.refused)))
    }
}

fn unsent(context: &Context, words: &str) -> Result<(), Failure> {
    context.output.data(
        || json!({"type": "unsent", "text": words}),
        || format!("{}: {}", context.output.words.unsent(), escape(words)),
    )
}

fn print_ack(context: &Context, ack: &Ack) -> Result<(), Failure> {
    context.output.data(
        || {
            json!({"type": "sent", "conversation": ack.conversation.0, "event_seq": ack.event_seq,
                "message_seq": ack.message_seq, "id": ack.id.to_string(), "at_ms": ack.at_ms})
        },
        || format!("{} [{}] {}", context.output.words.sent(), ack.conversation, ack.event_seq),
    )
}

async fn one(context: &Context, to: &str, message: Outgoing) -> Result<(), Failure> {
    let deadline = Instant::now() + context.common.patience();
    let client = context.connect_until(deadline).await?;
    let conversation = resolve::conversation(&client, to).await?;
    let pending = client.send(conversation, message).await?;
    let ack = timeout_at(deadline, pending).await.map_err(|_| Failure::Client(Error::TimedOut))??;
    print_ack(context, &ack)?;
    client.close().await;
    Ok(())
}

pub(super) async fn react(
    context: &Context,
    to: &str,
    seq: u64,
    emoji: &str,
    add: bool,
) -> Result<(), Failure> {
    one(context, to, Outgoing::reaction(seq, emoji, add)).await
}

pub(super) async fn edit(
    context: &Context,
    to: &str,
    seq: u64,
    text: String,
    format: Option<String>,
) -> Result<(), Failure> {
    one(context, to, Outgoing::edit(seq, &Text { text, format, ..Text::default() })).await
}

pub(super) async fn recall(context: &Context, to: &str, seq: u64) -> Result<(), Failure> {
    one(context, to, Outgoing::recall(seq)).await
}
