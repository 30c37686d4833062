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
    // What is in clap's own words there.
    let mut command = command;
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim().replace("[OPTIONS]", "[选项]");
    let command = command.override_usage(usage.replace("<COMMAND>", "<命令>").replace("[COMMAND]", "[命令]"));
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

/// Help in Chinese, as it is printed: clap ends its headings with its own colon.
#[must_use]
pub fn shown(error: &clap::Error, styled: bool) -> String {
    let text = if styled { error.render().ansi().to_string() } else { error.render().to_string() };
    ["命令", "参数", "选项", "客户端"]
        .iter()
        .fold(text, |text, heading| text.replace(&format!("{heading}:"), &format!("{heading}：")))
}

/// All commands at a glance, by what they are about.
#[must_use]
pub fn overview(words: Words) -> String {
    let (text, name) = match words {
        Words::English => (OVERVIEW, "litrocket"),
        Words::Chinese => (OVERVIEW_ZH, "litrocket"),
    };
    text.replace("PROGRAM", name)
}

const OVERVIEW: &str = "\
An instant messenger over QUIC: the server, and the commands to use it.

Usage: PROGRAM [OPTIONS] <COMMAND>    what it does: PROGRAM <COMMAND> --help

First     serve  register NAME  login NAME  send @NAME TEXT  listen
You       whoami  profile  avatar  privacy  me  email  passwd  devices  logout
          account  recover
Chat      conversations  send  listen  history  search  read  react  edit
          recall  forward
Files     file  voice
People    friend  find  report
Groups    group  invitation
More      moment  word  translate  announcements
Operate   serve  config  admin  invite  bench
Programs  protocol  completions  help

Options
  --profile NAME      which sign-in to use: each is a device of its own
  --server HOST:PORT  where the server is, or a litrocket:// address
  --ca FILE           the CA to trust        --timeout SECS  how long to wait
  --json              one object per line    --lang en|zh    the language
  -h, --help          this; behind a command, its help    -V, --version
";

const OVERVIEW_ZH: &str = "\
QUIC 即时通讯：服务器及其命令行。

用法：PROGRAM [选项] <命令>          命令的说明：PROGRAM <命令> --help

开始      serve  register 用户名  login 用户名  send @用户名 文本  listen
自己      whoami  profile  avatar  privacy  me  email  passwd  devices  logout
          account  recover
聊天      conversations  send（发送消息）  listen  history  search  read  react
          edit  recall  forward
文件      file  voice
用户      friend  find  report
群组      group  invitation
其他      moment（朋友圈）  word（词典）  translate  announcements（公告）
管理      serve  config  admin  invite  bench
程序      protocol  completions  help

选项
  --profile 名称      使用哪个登录：每个都是一台独立的设备
  --server 主机:端口  服务器的位置，或 litrocket:// 地址
  --ca 文件           要信任的 CA            --timeout 秒    等待多久
  --json              每行输出一个 JSON 对象 --lang en|zh    界面语言
  -h, --help          显示此帮助；在命令之后则为该命令的帮助    -V, --version
";

/// Whether what lacks is what a shell leaves out of `send #group hello`.
#[must_use]
pub fn comment_tip(words: Words, error: &clap::Error) -> Option<&'static str> {
    if error.kind() != ErrorKind::MissingRequiredArgument {
        return None;
    }
    let lacking = error.get(ContextKind::InvalidArg).map(listed).unwrap_or_default();
    let place = ["<TO>", "<GROUP>", "<FROM>", "<WHAT>"].iter().any(|name| lacking.contains(name));
    place.then_some(match words {
        Words::English => "If you wrote #group: a shell takes that for a comment. Put it in quotes: '#group'",
        Words::Chinese => "如果你写了 #群名：shell 会把它当作注释。请加引号：'#群名'",
    })
}

/// What was typed wrongly, with how it is meant. Nothing where it is told best as clap tells it.
#[must_use]
pub fn mistake(words: Words, error: &clap::Error) -> Option<String> {
    if words == Words::English {
        return reworded(error);
    }
    let said = in_chinese(error)?;
    let tip = match (error.get(ContextKind::SuggestedSubcommand), error.get(ContextKind::SuggestedArg)) {
        (Some(it), _) | (None, Some(it)) => format!("\n\n你是想输入：{}", listed(it)),
        (None, None) => String::new(),
    };
    let usage = match error.get(ContextKind::Usage) {
        Some(usage) => format!("\n\n用法：{}", usage.to_string().trim_start_matches("Usage:").trim_start()),
        None => String::new(),
    };
    Some(format!("错误：{said}{tip}{usage}\n\n更多信息请用 --help。"))
}

/// What was typed wrongly as one sentence, for programs.
#[must_use]
pub fn sentence(words: Words, error: &clap::Error) -> String {
    let missing = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    match (words, in_chinese(error)) {
        (Words::English, _) if error.kind() == missing => {
            "a command or an argument is missing: see --help".into()
        }
        (Words::Chinese, _) if error.kind() == missing => "缺少命令或参数：请看 --help".into(),
        (Words::Chinese, Some(said)) => said,
        _ => {
            // Clap puts what it proposes, and how the command is used, behind an empty line.
            let whole = reworded(error).unwrap_or_else(|| error.to_string());
            let first = whole.trim_start_matches("error: ").split("\n\n").next().unwrap_or_default();
            first.lines().map(str::trim).collect::<Vec<_>>().join(" ")
        }
    }
}

/// What clap says, with what is allowed in the place of what could not be read.
fn reworded(error: &clap::Error) -> Option<String> {
    let cause = std::error::Error::source(error).map(ToString::to_string)?;
    let plain = plain(&cause)?;
    Some(error.to_string().trim().replace(&cause, &plain))
}

/// What is allowed where something else was read, of what the standard library and clap say of numbers.
fn plain(cause: &str) -> Option<String> {
    match cause {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            return Some("write a whole number".into());
        }
        "number too large to fit in target type" => return Some("the number is too large".into()),
        _ => {}
    }
    let (least, most) = cause.split_once(" is not in ")?.1.split_once("..")?;
    let most = most.trim_start_matches('=');
    Some(if most.is_empty() || most == u64::MAX.to_string() {
        format!("write a whole number from {least} on")
    } else {
        format!("write a whole number from {least} to {most}")
    })
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
        ("use female, male, other or nothing", "请用 female、male、other 或留空"),
        ("write a whole number", "须为整数"),
        ("the number is too large", "数字过大"),
    ];
    let cause = plain(cause).unwrap_or_else(|| cause.to_owned());
    if let Some((_, chinese)) = known.iter().find(|(english, _)| *english == cause) {
        return (*chinese).to_owned();
    }
    let range = cause.strip_prefix("write a whole number from ");
    match range.map(|range| (range.strip_suffix(" on"), range.split_once(" to "))) {
        Some((Some(least), _)) => format!("须为不小于 {least} 的整数"),
        Some((None, Some((least, most)))) => format!("须为 {least} 至 {most} 的整数"),
        _ => cause,
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

    #[test]
    fn what_a_number_may_be_is_told_in_both_languages() {
        for (cause, english, chinese) in [
            ("invalid digit found in string", "write a whole number", "须为整数"),
            ("0 is not in 1..", "write a whole number from 1 on", "须为不小于 1 的整数"),
            ("100 is not in 1..=99", "write a whole number from 1 to 99", "须为 1 至 99 的整数"),
        ] {
            assert_eq!((plain(cause).as_deref(), &*why(cause)), (Some(english), chinese));
            assert_eq!(why(english), chinese, "{english}");
        }
        assert_eq!((plain("no such thing"), why("no such thing")), (None, "no such thing".into()));
    }
}
