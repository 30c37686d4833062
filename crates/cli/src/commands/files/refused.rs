//! What is refused: asked before a byte of a file is brought, and where it shows only afterwards, said with where the file is.

use litrocket_client::{Client, Error};
use litrocket_protocol::{
    Fault,
    fault::code,
    files::{GetFile, file_state},
};

use crate::{Failure, output::time, words::Words};

/// A number that no file has. What is about it is refused for the file, unless something else is wrong: the server looks at
/// who may do it, and at what is said beside it, before it looks for the file.
pub(in crate::commands) const NO_FILE: u64 = 0;

/// Takes the answer to what was asked about [`NO_FILE`]: that there is no such file is what lets the file be brought.
pub(in crate::commands) fn but_for_the_file<T>(answer: Result<T, impl Into<Failure>>) -> Result<(), Failure> {
    let is_the_file = |fault: &Fault| {
        fault.is(code::NOT_FOUND) && matches!(fault.field.as_deref(), Some("file" | "pictures"))
    };
    match answer.map_err(Into::into) {
        Err(failure) if !failure.fault().is_some_and(is_the_file) => Err(failure),
        _ => Ok(()),
    }
}

/// Says of what is refused although the file is there that it need not be brought again, and until when it is kept.
pub(in crate::commands) async fn with_file<T>(
    client: &Client,
    file: u64,
    done: Result<T, impl Into<Failure>>,
) -> Result<T, Failure> {
    let failure = match done {
        Ok(done) => return Ok(done),
        Err(failure) => failure.into(),
    };
    let Some(fault) = failure.fault().filter(|fault| !fault.is(code::GOING_AWAY)).cloned() else {
        return Err(failure);
    };
    let asked: Result<_, Error> = client.call(GetFile { file, hashes: false }).await;
    let Some(info) = asked.ok().filter(|info| info.state == file_state::COMPLETE) else {
        return Err(failure);
    };
    let until = info.until_ms.map(time);
    Err(Failure::also(fault, failure, move |words: Words| match &until {
        Some(until) => words.file_is_there_until(file, until),
        None => words.file_is_there(file),
    }))
}
