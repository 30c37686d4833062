//! Prompts at a real terminal.

use std::process::{Command, Output, Stdio};

use super::Process;
use crate::programs::Terminal;

/// Runs a program at a terminal of its own, answers what it prompts for, and prints all that the terminal showed.
const AT_A_TERMINAL: &str = r#"
import os, pty, signal, sys, termios, time
signal.alarm(60)
prompt, answers, command = sys.argv[1].encode(), sys.argv[2].split(","), sys.argv[3:]
child, terminal = pty.fork()
if child == 0:
    os.execv(command[0], command)
shown = b""
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    shown += part
    if answers and shown.endswith(prompt):
        # The prompt stands there a moment before the terminal stops showing what is typed.
        while termios.tcgetattr(terminal)[3] & termios.ECHO:
            time.sleep(0.01)
        os.write(terminal, answers.pop(0).encode() + b"\n")
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

/// Runs a program at a terminal of its own and stops it while it asks for a password, by a key or by a signal; says how it
/// ended, and whether the terminal is as it was.
const STOPPED_AT_A_TERMINAL: &str = r#"
import fcntl, os, signal, sys, termios, time
signal.alarm(60)
prompt, how, command = sys.argv[1].encode(), sys.argv[2], sys.argv[3:]
# The terminal lasts longer than the program.
terminal, kept = os.openpty()
child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(kept, termios.TIOCSCTTY, 0)
    for stream in range(3):
        os.dup2(kept, stream)
    os.execv(command[0], command)
shown = b""
while not shown.endswith(prompt):
    shown += os.read(terminal, 4096)
while termios.tcgetattr(kept)[3] & termios.ECHO:
    time.sleep(0.01)
if how == "key":
    os.write(terminal, b"\x03")
else:
    os.kill(child, signal.Signals[how])
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
wanted = termios.ECHO | termios.ICANON | termios.ISIG
print(status, termios.tcgetattr(kept)[3] & wanted == wanted)
"#;

pub(crate) fn runs(process: &Process, script: &str, [prompt, how]: [&str; 2], command: &Command) -> Output {
    let mut python = Command::new("python3");
    python.args(["-c", script, prompt, how]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => python.env(name, value),
            None => python.env_remove(name),
        };
    }
    python.current_dir(process.path()).stdin(Stdio::null()).output().unwrap()
}

#[tokio::test]
async fn the_rule_for_passwords_is_told_before_one_is_asked_for() {
    let process = Process::start();
    let ada = Terminal { process: &process, profile: "ada" };
    let types = |language: &str, prompt: &str, answers: &str| {
        let command = ada.command(&["--lang", language, "register", "ada"]);
        let output = runs(&process, AT_A_TERMINAL, [prompt, answers], &command);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, shown) = types("en", ": ", "correct horse,another horse");
    let (rule, prompt) = (shown.find("At least 8 characters"), shown.find("New password:"));
    assert!(rule.is_some() && rule < prompt, "{shown}");
    assert!(code == Some(2) && shown.contains("The two passwords differ."), "{shown}");
    let (code, shown) = types("zh", "：", "correct horse,correct horse");
    assert!(code == Some(0) && shown.contains("至少 8 个字符") && shown.contains("恢复码"), "{shown}");
    assert!(!shown.contains("horse"), "what is typed is not shown");
}

#[tokio::test]
async fn who_stops_a_prompt_for_a_password_has_the_terminal_as_it_was() {
    let process = Process::start();
    let ada = Terminal { process: &process, profile: "ada" };
    for (how, status) in [("key", 130), ("SIGINT", 130), ("SIGTERM", 143)] {
        let output = runs(
            &process,
            STOPPED_AT_A_TERMINAL,
            [": ", how],
            &ada.command(&["login", "ada", "--lang", "en"]),
        );
        let told = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            told.trim(),
            format!("{status} True"),
            "{how}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
