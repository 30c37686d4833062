//! What is sent: a message before it has a place.

use litrocket_core::client::Outgoing as Message;
use litrocket_protocol::{
    ConversationId, MessageId,
    event::{Forward, Reaction, SendFile, SendVoice, Text, kind},
    frame,
};

/// A message to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The id; a fresh one when there is none. Sending the same id and content again is the same message.
    pub id: Option<MessageId>,
    /// The kind of event.
    pub kind: u16,
    /// The event it answers, edits, recalls or reacts to.
    pub target: Option<u64>,
    /// The body.
    pub body: Vec<u8>,
    /// What to show when the kind is not known.
    pub fallback: Option<String>,
}

impl Outgoing {
    fn new<T: serde::Serialize>(kind: u16, target: Option<u64>, body: &T) -> Self {
        Self { id: None, kind, target, body: frame::encode_body(body), fallback: None }
    }

    /// Plain text, 1 byte to 16 KiB.
    pub fn text(text: impl Into<String>) -> Self {
        Self::rich(&Text { text: text.into(), ..Text::default() })
    }

    /// Text with mentions or a format.
    pub fn rich(text: &Text) -> Self {
        Self::new(kind::TEXT, None, text)
    }

    /// An answer to a message.
    pub fn reply(to: u64, text: &Text) -> Self {
        Self::new(kind::TEXT, Some(to), text)
    }

    /// A message taken from another conversation.
    pub fn forward(conversation: ConversationId, event_seq: u64) -> Self {
        Self::new(kind::FORWARD, None, &Forward { conversation, event_seq })
    }

    /// A message that carries a file, with words beside it; they may be empty.
    pub fn file(file: u64, text: impl Into<String>) -> Self {
        Self::picture(file, text, "")
    }

    /// A message that carries a picture, with words beside it and what it shows; both may be empty.
    pub fn picture(file: u64, text: impl Into<String>, alt: impl Into<String>) -> Self {
        Self::new(kind::FILE, None, &SendFile { file, text: text.into(), alt: alt.into(), voice: None })
    }

    /// A voice message: a recording, and how loud it is from beginning to end.
    pub fn voice(file: u64, wave: Vec<u8>) -> Self {
        let (text, alt) = (String::new(), String::new());
        Self::new(kind::FILE, None, &SendFile { file, text, alt, voice: Some(SendVoice { wave }) })
    }

    /// New words for one of your messages.
    pub fn edit(target: u64, text: &Text) -> Self {
        Self::new(kind::EDIT, Some(target), text)
    }

    /// Takes one of your messages back.
    pub fn recall(target: u64) -> Self {
        Self::new(kind::RECALL, Some(target), &litrocket_protocol::event::Recall::default())
    }

    /// Puts an emoji on a message, or takes it off.
    pub fn reaction(target: u64, emoji: impl Into<String>, add: bool) -> Self {
        Self::new(kind::REACTION, Some(target), &Reaction { emoji: emoji.into(), add })
    }

    /// The same with an id of the caller's.
    #[must_use]
    pub fn id(mut self, id: MessageId) -> Self {
        self.id = Some(id);
        self
    }

    pub(crate) fn with_id(self, id: MessageId) -> Message {
        Message { id, kind: self.kind, target: self.target, body: self.body, fallback: self.fallback }
    }
}

impl From<Message> for Outgoing {
    fn from(Message { id, kind, target, body, fallback }: Message) -> Self {
        Self { id: Some(id), kind, target, body, fallback }
    }
}
