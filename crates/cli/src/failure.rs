//! Why a command fails. The sentence is made where it is printed, in the language that is spoken there.

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use litrocket_client::Error;
use litrocket_protocol::{Class, Fault, fault::code};

use crate::words::{Words, is_standard};

/// A sentence in either language.
pub(crate) struct Told(Box<dyn Fn(Words) -> String + Send + Sync>);

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Told({:?})", (self.0)(Words::English))
    }
}

/// Why a command fails.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server, or the way to it.
    Client(Error),
    /// The server says that what a person named is not there.
    Missing(Box<Fault>, Told),
    /// What was typed does not work; the sentence says what to do.
    Usage(Told),
    /// A file of a name.
    File(PathBuf, io::Error),
    /// A file or folder of the profile.
    Place(PathBuf, io::Error),
    /// Another file, or the terminal.
    Io(io::Error),
    /// Messages that were not sent in time.
    Unsent,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Client(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Failure {
    /// What a person named is not there, as this program finds by itself.
    pub(crate) fn missing(said: impl Fn(Words) -> String + Send + Sync + 'static) -> Self {
        Self::Missing(Box::new(Fault::new(code::NOT_FOUND)), Told(Box::new(said)))
    }

    /// What was typed does not work.
    pub(crate) fn usage(said: impl Fn(Words) -> String + Send + Sync + 'static) -> Self {
        Self::Usage(Told(Box::new(said)))
    }

    /// The same refusal, with a sentence behind its own.
    pub(crate) fn also(
        fault: Fault,
        failure: Self,
        more: impl Fn(Words) -> String + Send + Sync + 'static,
    ) -> Self {
        let said = move |words: Words| words.in_a_row(&failure.parts(words).2, &more(words));
        Self::Missing(Box::new(fault), Told(Box::new(said)))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Client(Error::Fault(fault))
                if fault.class == Class::Retry && fault.code == "going_away" =>
            {
                3
            }
            Self::Client(Error::Fault(_) | Error::Protocol(_)) | Self::Missing(..) => 1,
            Self::Client(Error::NotSignedIn | Error::File(_))
            | Self::Usage(_)
            | Self::File(..)
            | Self::Place(..)
            | Self::Io(_) => 2,
            Self::Client(_) | Self::Unsent => 3,
        })
    }

    /// Code, class and sentence, also for what the client finds by itself.
    pub(crate) fn parts(&self, words: Words) -> (String, &'static str, String) {
        let (code, class) = match self {
            Self::Client(Error::Fault(fault)) | Self::Missing(fault, _) => (&*fault.code, fault.class.name()),
            Self::Client(Error::Tls(_)) => ("untrusted", "fix"),
            Self::Client(Error::NotSignedIn) => ("not_signed_in", "sign_in"),
            Self::Client(Error::Protocol(_)) => ("protocol", "upgrade"),
            Self::Client(Error::Store(_)) => ("state_file", "fix"),
            Self::Place(..) => ("profile", "fix"),
            Self::Client(Error::File(_)) | Self::File(..) => ("file", "fix"),
            Self::Client(Error::Incomplete { .. }) => ("incomplete", "retry"),
            Self::Client(_) => ("unreachable", "retry"),
            Self::Usage(_) => ("usage", "fix"),
            Self::Io(_) => ("io", "fix"),
            Self::Unsent => ("unsent", "retry"),
        };
        let sentence = match self {
            Self::Client(Error::NotSignedIn) => words.not_signed_in().into(),
            Self::Client(error) => words.trouble(error),
            Self::Missing(_, told) | Self::Usage(told) => (told.0)(words),
            Self::File(path, error)
                if error.kind() == io::ErrorKind::AlreadyExists && error.get_ref().is_none() =>
            {
                words.taken_name(path.display())
            }
            Self::File(path, error) => words.bad_file(path.display(), words.disk(error)),
            Self::Place(path, error) => words.bad_profile(path.display(), words.disk(error)),
            Self::Io(error) => words.disk(error),
            Self::Unsent => words.some_unsent().into(),
        };
        (code.to_owned(), class, sentence)
    }

    pub(crate) fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Client(Error::Fault(fault)) | Self::Missing(fault, _) => Some(fault),
            _ => None,
        }
    }
}

/// Says what was asked for, where the answer is that it is not there.
pub(crate) trait Asked<T> {
    /// For what the server does not find.
    fn asked(self, said: impl Fn(Words) -> String + Send + Sync + 'static) -> Result<T, Failure>;

    /// For a face that nobody has.
    fn of_face(self, said: impl Fn(Words) -> String + Send + Sync + 'static) -> Result<T, Failure>;

    /// For a message that is not there, or cannot be done this to.
    fn of_message(self, seq: u64, place: &str) -> Result<T, Failure>;

    /// For a picture that nobody could be shown, or a part that it does not have.
    fn of_picture(self, path: &Path) -> Result<T, Failure>;

    /// For a file that is no recording.
    fn of_recording(self, file: u64) -> Result<T, Failure>;

    /// For a file on the server.
    fn of_file(self, file: u64) -> Result<T, Failure>;

    /// For the password that is still good, where another one is meant to take its place or something is to end.
    fn of_password(self) -> Result<T, Failure>;
}

/// Says which file of this machine it is.
pub(crate) trait At<T> {
    fn at(self, path: &Path) -> Result<T, Failure>;

    /// For one that the profile keeps: nobody named it, so where it is has to be said, and how to have it elsewhere.
    fn kept_at(self, path: &Path) -> Result<T, Failure>;
}

fn named(
    failure: Failure,
    codes: &[&str],
    said: impl Fn(Words) -> String + Send + Sync + 'static,
) -> Failure {
    match failure {
        Failure::Client(Error::Fault(fault)) if codes.contains(&&*fault.code) => {
            Failure::Missing(fault, Told(Box::new(said)))
        }
        other => other,
    }
}

impl<T, E: Into<Failure>> Asked<T> for Result<T, E> {
    fn asked(self, said: impl Fn(Words) -> String + Send + Sync + 'static) -> Result<T, Failure> {
        self.map_err(|error| named(error.into(), &["not_found"], said))
    }

    fn of_face(self, said: impl Fn(Words) -> String + Send + Sync + 'static) -> Result<T, Failure> {
        self.map_err(|error| named(error.into(), &["no_preview"], said))
    }

    fn of_message(self, seq: u64, place: &str) -> Result<T, Failure> {
        let place = place.to_owned();
        let said = move |words: Words| words.no_message(seq, &place);
        self.map_err(|error| {
            let failure = error.into();
            // Where the server says more than that it is not there, its own sentence is the better one.
            if failure.fault().is_some_and(is_standard) {
                named(failure, &["not_found", "bad_target"], said)
            } else {
                failure
            }
        })
    }

    fn of_picture(self, path: &Path) -> Result<T, Failure> {
        self.map_err(|error| {
            let failure = error.into();
            let path = path.display().to_string();
            let is_part = failure.fault().is_some_and(|fault| fault.field.as_deref() == Some("crop"));
            named(failure, &["bad_picture"], move |words| {
                if is_part {
                    words.part_outside(&path)
                } else {
                    words.bad_file(&path, words.refusal(&Fault::new(code::BAD_PICTURE)))
                }
            })
        })
    }

    fn of_recording(self, file: u64) -> Result<T, Failure> {
        self.map_err(|error| named(error.into(), &["bad_voice"], move |words| words.no_recording(file)))
    }

    fn of_file(self, file: u64) -> Result<T, Failure> {
        self.map_err(|error| {
            let failure = named(error.into(), &["not_found"], move |words| words.no_file_number(file));
            named(failure, &["file_gone"], move |words| words.gone_file(file))
        })
    }

    fn of_password(self) -> Result<T, Failure> {
        self.map_err(|error| {
            let failure = named(error.into(), &["wrong_credentials"], |words| words.wrong_old().into());
            named(failure, &["bad_password"], |words| words.bad_new().into())
        })
    }
}

impl<T, E: Into<Failure>> At<T> for Result<T, E> {
    fn at(self, path: &Path) -> Result<T, Failure> {
        self.map_err(|error| match error.into() {
            Failure::Client(Error::File(error)) | Failure::Io(error) => Failure::File(path.to_owned(), error),
            other => other,
        })
    }

    fn kept_at(self, path: &Path) -> Result<T, Failure> {
        self.map_err(|error| match error.into() {
            Failure::Client(Error::File(error) | Error::Store(error)) | Failure::Io(error) => {
                Failure::Place(path.to_owned(), error)
            }
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_named_in_both_languages() {
        let missing = || Err::<(), _>(Error::from(Fault::new(code::NOT_FOUND)));
        let failure = missing().asked(|words| words.nobody_called("eve")).unwrap_err();
        assert_eq!(failure.parts(Words::English).2, "There is nobody called @eve.");
        let (code_, class, sentence) = failure.parts(Words::Chinese);
        assert_eq!((&*code_, class, &*sentence), ("not_found", "gone", "没有名为 @eve 的人。"));
        let gone = Err::<(), _>(Error::from(Fault::new(code::FILE_GONE))).of_file(7).unwrap_err();
        assert!(gone.parts(Words::English).2.starts_with("File 7 is not kept any more"));
        // Everything else is told as it is.
        let busy = Err::<(), _>(Error::from(Fault::new(code::BUSY))).of_file(7).unwrap_err();
        assert_eq!(busy.parts(Words::English).2, code::BUSY.message);
        let said = Fault::new(code::BAD_TARGET).message("Only text can be edited.");
        let said = Err::<(), _>(Error::from(said)).of_message(3, "@bob").unwrap_err();
        assert_eq!(said.parts(Words::Chinese).2, "只能编辑文本消息。");
        let at =
            Err::<(), _>(Error::File(io::ErrorKind::NotFound.into())).at(Path::new("x.txt")).unwrap_err();
        assert_eq!(at.parts(Words::Chinese).2, "x.txt：没有这个文件或目录");
    }
}
