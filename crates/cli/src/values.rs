//! What can stand where a command wants a number or one of a few words. What cannot is told with what can; its Chinese is
//! in `words/help.rs`.

use std::{any::TypeId, ops::RangeInclusive};

use clap::Command;

/// Reads a whole number of a range.
pub(crate) fn whole(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<u64, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| allowed(*range.start(), *range.end()))
    }
}

/// Reads how many of something are wanted: none is no answer that anybody asks for.
pub(crate) fn how_many() -> impl Fn(&str) -> Result<u64, String> + Clone + Send + Sync + 'static {
    whole(1..=u64::MAX)
}

/// What a number may be.
fn allowed(least: u64, most: u64) -> String {
    match most {
        u64::MAX => format!("write a whole number from {least} on"),
        most => format!("write a whole number from {least} to {most}"),
    }
}

/// Reads a sex; an empty one is none.
pub(crate) fn sex(text: &str) -> Result<String, String> {
    match text {
        "female" | "male" | "other" | "" => Ok(text.to_owned()),
        _ => Err("use female, male, other or nothing".into()),
    }
}

/// Takes `-1` for a value where a number or a text is wanted, so that it is told as one that is too small, or said, and not
/// as a flag that nobody knows.
#[must_use]
pub fn with_negatives(command: Command) -> Command {
    let numbers = [TypeId::of::<u64>(), TypeId::of::<u32>()];
    command
        .mut_args(|arg| {
            let kind = arg.get_value_parser().type_id();
            if numbers.iter().any(|number| kind == *number) || arg.get_id() == "text" {
                arg.allow_negative_numbers(true)
            } else {
                arg
            }
        })
        .mut_subcommands(with_negatives)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_of_the_range_is_told_with_the_range() {
        let minutes = whole(1..=60);
        assert_eq!(minutes("60"), Ok(60));
        for wrong in ["0", "61", "-1", "ten", "", "1.5", "99999999999999999999"] {
            assert_eq!(minutes(wrong), Err("write a whole number from 1 to 60".into()), "{wrong}");
        }
        assert_eq!(how_many()("0"), Err("write a whole number from 1 on".into()));
        assert_eq!((sex(""), sex("female")), (Ok(String::new()), Ok("female".into())));
        assert!(sex("x").is_err());
    }
}
