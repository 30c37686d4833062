//! What a transfer shows at a terminal.

use super::{
    MIB,
    commands::{file_of, pair},
    content,
};
use crate::{newcomers::terminals::runs, process::Process};

/// Runs a program at a terminal of so many columns, presses Ctrl-C as soon as it shows a text, if there is one, and prints
/// all that the terminal showed.
const AT_A_TERMINAL: &str = r#"
import fcntl, os, signal, struct, sys, termios
signal.alarm(60)
until, columns, command = sys.argv[1].encode(), int(sys.argv[2]), sys.argv[3:]
terminal, kept = os.openpty()
fcntl.ioctl(kept, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(kept, termios.TIOCSCTTY, 0)
    for stream in range(3):
        os.dup2(kept, stream)
    os.execv(command[0], command)
os.close(kept)
shown, pressed = b"", not until
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    shown += part
    if not pressed and until in shown:
        os.write(terminal, b"\x03")
        pressed = True
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

/// Longer than what a line has room for beside a bar.
const NAME: &str = "plans of the year that comes after the next one.bin";

/// What stood on a terminal's lines, one after the other, each as often as it was drawn anew.
fn drawn(shown: &str) -> Vec<String> {
    let is_end = |c: char| c.is_ascii_alphabetic();
    let lines = shown.split(['\r', '\n']).map(|line| {
        let mut parts = line.split('\x1b');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| text + part.split_once(is_end).map_or("", |(_, rest)| rest))
    });
    lines.filter(|line| !line.trim().is_empty()).collect()
}

/// How many columns of a terminal a text takes: those of Chinese two each.
fn columns_of(text: &str) -> usize {
    text.chars().map(|c| if c < '\u{2e80}' { 1 } else { 2 }).sum()
}

#[tokio::test]
async fn a_bar_fits_its_terminal_and_leaves_the_line_to_what_is_said() {
    let mut process = Process::new();
    process.variables = vec![("LITROCKET_FILES_BYTES_PER_SECOND", "4194304")];
    process.up();
    let [ada, _] = pair(&process);
    file_of(&process, NAME, &content(430, 12 * MIB));
    let types = |language: &str, until: &str, columns: &str| {
        let command = ada.command(&["--lang", language, "file", "send", "@bob", NAME]);
        let output = runs(&process, AT_A_TERMINAL, [until, columns], &command);
        (output.status.code(), drawn(&String::from_utf8(output.stdout).unwrap()))
    };
    // The first one until each of its streams brought a whole chunk, the others until they say where they go on.
    for (language, columns, until, paused) in [
        ("en", "80", "[=======", "Paused"),
        ("zh", "60", "续传自", "已暂停"),
        ("en", "80", "resumed from", "Paused"),
    ] {
        let (code, lines) = types(language, until, columns);
        assert_eq!(code, Some(130), "{:?}", lines.last());
        // A terminal shows the key that was pressed.
        let bars = lines.iter().map(|line| line.trim_end_matches("^C"));
        let bars: Vec<_> = bars.filter(|line| line.contains('[') && !line.contains(NAME)).collect();
        let last = bars.last().unwrap();
        assert!(last.contains("/12.00 MiB") && last.contains("B/s"), "{last}");
        // A bar takes the whole width, and no more: the next one is drawn over it.
        let width: usize = columns.parse().unwrap();
        assert!(bars.iter().all(|bar| columns_of(bar) <= width), "{bars:?}");
        assert!(bars.iter().any(|bar| columns_of(bar) + 1 >= width), "{bars:?}");
        let said = lines.last().unwrap();
        assert!(said.starts_with(paused) && !said.contains('['), "{said}");
    }
    let (code, lines) = types("en", "", "80");
    assert!(code == Some(0) && lines.last().unwrap().contains(&format!("sent {NAME}")), "{lines:?}");
}
