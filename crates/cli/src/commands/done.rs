//! What became of a request that has nothing else to say.

use litrocket_protocol::account::Done;
use serde_json::Value;

use crate::{Failure, session::Context, words::Words};

/// It is so now; where it was so already, that is said.
pub(super) fn set(context: &Context, answer: &Done, mut object: Value) -> Result<(), Failure> {
    let words = context.output.words;
    if answer.unchanged {
        object["unchanged"] = true.into();
    }
    let said = if answer.unchanged { words.was_so() } else { words.done() };
    context.output.data(|| object, || said.into())
}

/// It is over now. Where there was nothing to take away that is a refusal, in words that name it.
pub(super) fn taken(
    context: &Context,
    answer: &Done,
    object: Value,
    nothing: impl Fn(Words) -> String + Send + Sync + 'static,
) -> Result<(), Failure> {
    if answer.unchanged { Err(Failure::missing(nothing)) } else { set(context, answer, object) }
}
