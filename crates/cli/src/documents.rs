//! docs/cli.md is equal to the commands and to the table of what they print.

use clap::{Args as _, Command as Clap, Subcommand as _};

use crate::{Command, CommonArgs};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");

fn argument(arg: &clap::Arg) -> String {
    let value = arg.get_value_names().map(|names| {
        format!(" {}", names.iter().map(clap::builder::Str::as_str).collect::<Vec<_>>().join(" "))
    });
    let takes = arg.get_action().takes_values();
    let name = match arg.get_long() {
        Some(long) if takes => format!("`--{long}{}`", value.unwrap_or_default()),
        Some(long) => format!("`--{long}`"),
        None => format!("`{}`", value.unwrap_or_default().trim()),
    };
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let default: Vec<String> =
        arg.get_default_values().iter().map(|it| it.to_string_lossy().into_owned()).collect();
    let default = if default.iter().all(String::is_empty) || !takes {
        String::new()
    } else {
        format!(" Default: {}.", default.join(", "))
    };
    let env = arg.get_env().map(|name| format!(" Also `{}`.", name.to_string_lossy())).unwrap_or_default();
    format!("| {name} | {help}{}{default}{env} |\n", if help.ends_with('.') { "" } else { "." })
}

fn section(path: &str, command: &Clap, out: &mut String) {
    let name = format!("{path} {}", command.get_name());
    let subcommands: Vec<&Clap> = command.get_subcommands().collect();
    if subcommands.is_empty() {
        out.push_str(&format!(
            "\n### {name}\n\n{}.\n",
            command.get_about().map(ToString::to_string).unwrap_or_default()
        ));
        let args: Vec<&clap::Arg> =
            command.get_arguments().filter(|arg| !arg.is_global_set() && arg.get_id() != "help").collect();
        if !args.is_empty() {
            out.push_str("\n| argument | meaning |\n| --- | --- |\n");
            for arg in args {
                out.push_str(&argument(arg));
            }
        }
    }
    subcommands.iter().filter(|one| one.get_name() != "help").for_each(|one| section(&name, one, out));
}

#[test]
fn the_command_page_is_equal_to_the_commands() {
    let common = CommonArgs::augment_args(Clap::new("litrocket"));
    let commands = Command::augment_subcommands(Clap::new("litrocket"));
    let mut generated = String::from("\n### Flags of every command\n\n| flag | meaning |\n| --- | --- |\n");
    common.get_arguments().for_each(|arg| generated.push_str(&argument(arg)));
    commands.get_subcommands().for_each(|command| section("litrocket", command, &mut generated));
    up_to_date("commands", &generated);
}

#[test]
fn the_command_page_is_equal_to_the_table_of_objects() {
    up_to_date("objects", &crate::objects::tests::page());
}

/// Compares what stands between the marks of a part with what is generated.
fn up_to_date(part: &str, generated: &str) {
    // Two tests may write the same page.
    static PAGES: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = PAGES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (begin, end) = (format!("<!-- {part} -->\n"), format!("<!-- end of {part} -->\n"));
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (head, rest) = page.split_once(&begin).unwrap();
    let (_, tail) = rest.split_once(&end).unwrap();
    let wanted = format!("{head}{begin}{generated}\n{end}{tail}");
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(PAGE, &wanted).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(PAGE).unwrap(),
        wanted,
        "run the test with UPDATE_DOCUMENTS=1 to write it anew"
    );
}
