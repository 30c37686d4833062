//! Help and mistakes of the command line in Chinese. English is what the commands say of themselves; Chinese is found by
//! it in `help_zh.txt`. [`localized`] puts it in its place, [`mistake`] tells what was typed wrongly.

use std::collections::HashMap;

use clap::{
    Arg, Command,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::Words;

/// An English line and its Chinese below; lines with # in front are for who reads the file.
const TABLE: &str = include_str!("help_zh.txt");

fn table() -> HashMap<&'static str, &'static str> {
    let mut lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with("# "));
    let mut table = HashMap::new();
    while let (Some(english), Some(chinese)) = (lines.next(), lines.next()) {
        table.insert(english, chinese);
    }
    table
}

/// The commands as somebody who speaks the language reads them.
#[must_use]
pub fn localized(words: Words, mut command: Command) -> Command {
    if words == Words::English {
        return command;
    }
    // With its own flags and commands for help, which are there only then.
    command.build();
    let table = table();
    translated(command, &|english| table.get(english.trim_end_matches('.')).copied())
}

fn translated(command: Command, chinese: &dyn Fn(&str) -> Option<&'static str>) -> Command {
    let about = command.get_about().and_then(|about| chinese(&about.to_string()));
    let command = match about {
        Some(about) => command.about(about),
        None => command,
    };
    let names: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    let command = names
        .into_iter()
        .fold(command, |command, name| command.mut_subcommand(name, |one| translated(one, chinese)));
    let template = "{before-help}{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";
    command
        .help_template(template)
        .subcommand_help_heading("命令")
        .subcommand_value_name("命令")
        .mut_args(|arg| argument(arg, chinese))
}

fn argument(arg: Arg, chinese: &dyn Fn(&str) -> Option<&'static str>) -> Arg {
    let Some(help) = arg.get_help().and_then(|help| chinese(&help.to_string())) else { return arg };
    let values = arg.get_action().takes_values();
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    let shown = |text: &String| !text.is_empty();
    let possible = arg.get_possible_values();
    let possible: Vec<&str> = possible.iter().map(clap::builder::PossibleValue::get_name).collect();
    let notes = [
        (values && !possible.is_empty()).then(|| format!("可选：{}", possible.join("、"))),
        (values && defaults.iter().any(shown)).then(|| format!("默认：{}", defaults.join("、"))),
        arg.get_env().map(|name| format!("环境变量：{}", name.to_string_lossy())),
    ];
    let notes: Vec<String> = notes.into_iter().flatten().collect();
    let help = if notes.is_empty() { help.to_owned() } else { format!("{help}（{}）", notes.join("；")) };
    let heading = match (arg.get_help_heading(), arg.is_positional()) {
        (Some(_), _) => "客户端",
        (None, true) => "参数",
        (None, false) => "选项",
    };
    arg.help(help).help_heading(heading).hide_default_value(true).hide_env(true).hide_possible_values(true)
}

/// What was typed wrongly, with how it is meant.
#[must_use]
pub fn mistake(words: Words, error: &clap::Error) -> String {
    let chinese = if words == Words::Chinese { in_chinese(error) } else { None };
    let Some(said) = chinese else { return error.to_string().trim().to_owned() };
    let tip = match (error.get(ContextKind::SuggestedSubcommand), error.get(ContextKind::SuggestedArg)) {
        (Some(it), _) | (None, Some(it)) => format!("\n\n你是想输入：{}", listed(it)),
        (None, None) => String::new(),
    };
    let usage = match error.get(ContextKind::Usage) {
        Some(usage) => format!("\n\n用法：{}", usage.to_string().trim_start_matches("Usage:").trim_start()),
        None => String::new(),
    };
    format!("错误：{said}{tip}{usage}\n\n更多信息请用 --help。")
}

fn listed(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(all) => all.join("、"),
        other => other.to_string(),
    }
}

fn in_chinese(error: &clap::Error) -> Option<String> {
    let part = |kind| error.get(kind).map(listed).unwrap_or_default();
    let (arg, value) = (part(ContextKind::InvalidArg), part(ContextKind::InvalidValue));
    Some(match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => format!("{arg} 缺少值"),
        ErrorKind::InvalidValue => {
            format!("“{value}”不能用于 {arg}，可选：{}", part(ContextKind::ValidValue))
        }
        ErrorKind::UnknownArgument => format!("无法识别参数 {arg}"),
        ErrorKind::InvalidSubcommand => format!("没有命令“{}”", part(ContextKind::InvalidSubcommand)),
        ErrorKind::NoEquals => format!("{arg} 的值须用等号给出"),
        ErrorKind::ValueValidation => {
            let cause = std::error::Error::source(error).map(|cause| why(&cause.to_string()));
            format!("{arg} 的值“{value}”无效：{}", cause.unwrap_or_default())
        }
        ErrorKind::TooManyValues => format!("{arg} 不能再有值“{value}”"),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => format!("{arg} 的值的数量不对"),
        ErrorKind::ArgumentConflict if part(ContextKind::PriorArg) == arg => format!("{arg} 只能给一次"),
        ErrorKind::ArgumentConflict => {
            format!("{arg} 不能与 {} 同时使用", part(ContextKind::PriorArg))
        }
        ErrorKind::MissingRequiredArgument => format!("缺少参数：{arg}"),
        ErrorKind::MissingSubcommand => "缺少子命令".to_owned(),
        ErrorKind::InvalidUtf8 => "参数不是有效的 UTF-8".to_owned(),
        _ => return None,
    })
}

/// Why a value is none, of those that reading it can say.
fn why(cause: &str) -> String {
    let known = [
        ("use everybody, friends or nobody", "请用 everybody、friends 或 nobody"),
        ("write three numbers, for example 10,20,300", "请写三个数字，例如 10,20,300"),
        ("an id is a UUID, 32 hex digits", "编号是 UUID，即 32 位十六进制数字"),
        ("invalid digit found in string", "须为整数"),
        ("cannot parse integer from empty string", "须为整数"),
        ("number too large to fit in target type", "数字过大"),
    ];
    if let Some((_, chinese)) = known.iter().find(|(english, _)| *english == cause) {
        return (*chinese).to_owned();
    }
    match cause.split_once(" is not in ") {
        Some((_, range)) => format!("须在 {range} 之间"),
        None => cause.to_owned(),
    }
}

/// English lines of the table; for the test that no command lacks its Chinese.
#[must_use]
pub fn known() -> Vec<&'static str> {
    table().into_keys().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_chinese_line_for_each_english_one() {
        let lines: Vec<&str> =
            TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")).collect();
        assert!(lines.len().is_multiple_of(2));
        for pair in lines.chunks(2) {
            let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(!is_chinese(pair[0]) && is_chinese(pair[1]), "{pair:?}");
            assert!(!pair[0].ends_with('.') && !pair[1].ends_with('。'), "{pair:?}");
        }
        assert_eq!(table().len() * 2, lines.len(), "an English line stands there twice");
    }
}
