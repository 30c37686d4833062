//! Sending: one message or many, edits, recalls, reactions.

use std::{collections::VecDeque, io::IsTerminal as _, process::ExitCode};

use indicatif::{ProgressBar, ProgressStyle};
use litrocket_client::{Client, Error, Outgoing, Pending};
use litrocket_protocol::{ConversationId, MessageId, account::Done, chat::Ack, event::Text};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    time::{Instant, error::Elapsed, timeout_at},
};

use super::done;
use crate::{Failure, failure::Asked as _, output::escape, resolve, session::Context, words::Words};

/// Lines that may be under way before the next is read.
const WINDOW: usize = 512;

/// What all messages of one command have in common.
pub(super) struct Manner {
    /// The event they answer.
    pub(super) reply: Option<u64>,
    /// How the text is marked up.
    pub(super) format: Option<String>,
    /// The id of one message, to send it again.
    pub(super) id: Option<MessageId>,
}

impl Manner {
    fn outgoing(&self, words: &str) -> Outgoing {
        let text = Text { text: words.into(), format: self.format.clone(), ..Text::default() };
        let message = match self.reply {
            Some(seq) => Outgoing::reply(seq, &text),
            None => Outgoing::rich(&text),
        };
        Outgoing { id: self.id, ..message }
    }
}

/// A message on its way, with its words for the case that it does not arrive.
struct OnTheWay {
    pending: Pending,
    words: String,
    deadline: Instant,
}

pub(super) async fn send(
    context: &Context,
    to: &str,
    words: &str,
    manner: Manner,
) -> Result<ExitCode, Failure> {
    let deadline = Instant::now() + context.common.patience();
    let client = match context.connect_until(deadline).await {
        Err(failure @ Failure::Client(Error::Unreachable(_) | Error::TimedOut)) => {
            if words == "-" {
                unsent_lines(context).await?;
            } else {
                unsent(context, words, manner.id)?;
            }
            return Err(failure);
        }
        result => result?,
    };
    let conversation = resolve::open(&client, to).await?;
    let mut sender = Sender {
        context,
        client,
        to: to.into(),
        conversation,
        manner,
        way: VecDeque::new(),
        refused: false,
        unsent: false,
    };
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
    /// What the conversation was called.
    to: String,
    conversation: ConversationId,
    manner: Manner,
    way: VecDeque<OnTheWay>,
    refused: bool,
    unsent: bool,
}

impl Sender<'_> {
    async fn push(&mut self, words: String) -> Result<(), Failure> {
        let pending = self.client.send(self.conversation, self.manner.outgoing(&words)).await?;
        let deadline = Instant::now() + self.context.common.patience();
        self.way.push_back(OnTheWay { pending, words, deadline });
        Ok(())
    }

    /// Standard input, one message a line, many under way at once; acks are printed in order, as they come.
    async fn lines(&mut self) -> Result<(), Failure> {
        let mut lines = BufReader::new(tokio::io::stdin()).split(b'\n');
        let bar = self.progress();
        let (mut number, mut skipped) = (0_u64, 0_u64);
        let result = loop {
            if self.unsent {
                break Ok(());
            }
            let room = self.way.len() < WINDOW;
            let front = async {
                match self.way.front_mut() {
                    Some(first) => timeout_at(first.deadline, &mut first.pending).await,
                    None => std::future::pending().await,
                }
            };
            let line = tokio::select! {
                answer = front => {
                    self.answered(answer)?;
                    continue;
                }
                line = lines.next_segment(), if room => line?,
            };
            let Some(line) = line else { break Ok(()) };
            number += 1;
            // What came before a line that cannot be sent stands: it is waited for and printed.
            let Ok(line) = String::from_utf8(line) else {
                break Err(Failure::usage(move |words| words.line_is_not_utf8(number)));
            };
            let line = line.strip_suffix('\r').unwrap_or(&line);
            if line.trim().is_empty() {
                skipped += 1;
                continue;
            }
            self.push(line.to_owned()).await?;
            bar.inc(1);
        };
        bar.finish_and_clear();
        if skipped > 0 {
            self.context.output.beside(
                || json!({"type": "skipped", "lines": skipped}),
                || self.context.output.words.skipped(skipped),
            );
        }
        if result.is_err() {
            self.drain().await?;
        }
        result
    }

    fn progress(&self) -> ProgressBar {
        // A bar is for people at a terminal whose output does not show the acks already.
        if self.context.output.json || !std::io::stderr().is_terminal() || std::io::stdout().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{spinner} {pos} ({per_sec})");
        ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
    }

    /// Prints the answer to the oldest message.
    fn answered(&mut self, answer: Result<Result<Ack, Error>, Elapsed>) -> Result<(), Failure> {
        let Some(first) = self.way.pop_front() else { return Ok(()) };
        match answer {
            Ok(Ok(ack)) => print_ack(self.context, &ack),
            Ok(Err(error @ Error::Fault(_))) => {
                self.refused = true;
                let failure = match self.manner.reply {
                    Some(seq) => Err(error).of_message(seq, &self.to),
                    None => Err(error.into()),
                };
                if let Err::<(), _>(failure) = failure {
                    self.context.output.failure(&failure);
                }
                Ok(())
            }
            Ok(Err(_)) | Err(_) => {
                self.unsent = true;
                unsent(self.context, &first.words, Some(first.pending.id()))
            }
        }
    }

    /// Waits for all answers, up to the first that does not come.
    async fn drain(&mut self) -> Result<(), Failure> {
        while !self.unsent
            && let Some(first) = self.way.front_mut()
        {
            let answer = timeout_at(first.deadline, &mut first.pending).await;
            self.answered(answer)?;
        }
        for left in std::mem::take(&mut self.way) {
            unsent(self.context, &left.words, Some(left.pending.id()))?;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<ExitCode, Failure> {
        self.drain().await?;
        if self.unsent {
            return Err(Failure::Unsent);
        }
        Ok(ExitCode::from(u8::from(self.refused)))
    }
}

/// Whoever piped lines in gets them back.
async fn unsent_lines(context: &Context) -> Result<(), Failure> {
    let mut lines = BufReader::new(tokio::io::stdin()).split(b'\n');
    while let Some(line) = lines.next_segment().await? {
        let line = String::from_utf8_lossy(&line);
        let line = line.strip_suffix('\r').unwrap_or(&line);
        if !line.trim().is_empty() {
            unsent(context, line, None)?;
        }
    }
    Ok(())
}

/// With the id, so that the same message can be sent again with `--id` and is never there twice.
fn unsent(context: &Context, words: &str, id: Option<MessageId>) -> Result<(), Failure> {
    context.output.data(
        || match id {
            Some(id) => json!({"type": "unsent", "id": id.to_string(), "text": words}),
            None => json!({"type": "unsent", "text": words}),
        },
        || context.output.words.labelled(context.output.words.unsent(), escape(words)),
    )
}

pub(super) fn print_ack(context: &Context, ack: &Ack) -> Result<(), Failure> {
    context.output.data(
        || {
            json!({"type": "sent", "conversation": ack.conversation.0, "event_seq": ack.event_seq,
                "message_seq": ack.message_seq, "id": ack.id.to_string(), "at_ms": ack.at_ms})
        },
        || format!("{} [{}] {}", context.output.words.sent(), ack.conversation, ack.event_seq),
    )
}

/// Sends what refers to another message there.
async fn one(context: &Context, to: &str, message: Outgoing) -> Result<(), Failure> {
    let deadline = Instant::now() + context.common.patience();
    let client = context.connect_until(deadline).await?;
    let conversation = resolve::conversation(&client, to).await?;
    let target = message.target.unwrap_or(0);
    let pending = client.send(conversation, message).await?;
    let ack = timeout_at(deadline, pending).await.map_err(|_| Failure::Client(Error::TimedOut))?;
    print_ack(context, &ack.of_message(target, to)?)?;
    Ok(())
}

pub(super) async fn react(
    context: &Context,
    to: &str,
    seq: u64,
    emoji: &str,
    add: bool,
) -> Result<(), Failure> {
    let reacted = one(context, to, Outgoing::reaction(seq, emoji, add)).await;
    let is_so = |failure: &Failure| {
        let fault = failure.fault();
        fault.is_some_and(|it| it.code == "bad_value" && it.message == "That is how it is already.")
    };
    if !reacted.as_ref().err().is_some_and(is_so) {
        return reacted;
    }
    let (emoji, place) = (emoji.to_owned(), to.to_owned());
    let nothing = move |words: Words| words.not_reacted(&emoji, seq, &place);
    let answer = Done::if_changed(false);
    if add {
        done::set(context, &answer, json!({"type": "done"}))
    } else {
        done::taken(context, &answer, json!({"type": "done"}), nothing)
    }
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
