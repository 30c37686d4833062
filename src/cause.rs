//! Why the server does not start, a configuration is refused, or the server ended. It holds what to say and of what, not text:
//! [`crate::sentences::cause`] makes it text in the language that is spoken where it is printed. In logs it is English.

use std::{fmt, io};

/// A sentence in English with a `{}` for each thing it speaks of, and these things. Made by [`cause!`](crate::cause!).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    pub(crate) sentence: &'static str,
    pub(crate) parts: Vec<Part>,
}

/// What a sentence speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// What a person or a library wrote: it is the same in every language.
    Text(String),
    /// What the system says: what it means, and its words.
    System(io::ErrorKind, String),
    /// A sentence of its own.
    Cause(Cause),
}

/// A sentence, and what stands in its places: an error of the system as it is, everything else that can be shown by
/// reference.
#[macro_export]
macro_rules! cause {
    ($sentence:literal $(, $part:expr)* $(,)?) => {
        $crate::cause::Cause::new($sentence, vec![$($crate::cause::Part::from($part)),*])
    };
}

impl Cause {
    /// See [`cause!`](crate::cause!).
    pub fn new(sentence: &'static str, parts: Vec<Part>) -> Self {
        debug_assert_eq!(sentence.matches("{}").count(), parts.len(), "{sentence}");
        Self { sentence, parts }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&fill(self.sentence, self.parts.iter().map(ToString::to_string)))
    }
}

impl std::error::Error for Cause {}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::System(_, text) => f.write_str(text),
            Self::Cause(cause) => cause.fmt(f),
        }
    }
}

impl<T: fmt::Display + ?Sized> From<&T> for Part {
    fn from(text: &T) -> Self {
        Self::Text(text.to_string())
    }
}

impl From<io::Error> for Part {
    fn from(error: io::Error) -> Self {
        match error.raw_os_error() {
            Some(_) => Self::System(error.kind(), error.to_string()),
            None => Self::Text(error.to_string()),
        }
    }
}

impl From<Cause> for Part {
    fn from(cause: Cause) -> Self {
        Self::Cause(cause)
    }
}

/// Puts parts into the places of a sentence. What stands in a part is never taken for a place.
pub(crate) fn fill(sentence: &str, parts: impl Iterator<Item = String>) -> String {
    let mut pieces = sentence.split("{}");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for (part, piece) in parts.zip(pieces) {
        text.push_str(&part);
        text.push_str(piece);
    }
    text
}
