//! From a name somebody chose to one that a disk takes.

use litrocket_protocol::names::turns;

/// What fits into every file system, with room for `.part` and a number.
const BYTES_MAX: usize = 200;
/// Names that some systems keep for devices.
const RESERVED: [&str; 32] = [
    "con", "prn", "aux", "nul", "conin$", "conout$", "com0", "lpt0", "com¹", "com²", "com³", "lpt¹", "lpt²",
    "lpt³", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2", "lpt3",
    "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// A file name without path, control and direction characters, that no system reads as anything else.
pub fn disk_name(name: &str) -> String {
    let replaced = |c: char| {
        let invisible = matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if c.is_control()
            || invisible
            || turns(c)
            || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
        {
            '_'
        } else {
            c
        }
    };
    let name: String = name.chars().map(replaced).collect();
    let name = name.trim_start_matches([' ', '.', '-', '~']).trim_end_matches([' ', '.']);
    // Spaces before the ending do not count.
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_ascii_lowercase();
    let name = if RESERVED.contains(&stem.as_str()) { format!("_{name}") } else { name.to_owned() };
    if name.is_empty() {
        return "file".into();
    }
    if name.len() <= BYTES_MAX {
        return name;
    }
    // The ending says what opens it: it stays.
    let ending = name.rsplit_once('.').map(|(_, end)| format!(".{end}")).filter(|end| end.len() <= 16);
    let ending = ending.unwrap_or_default();
    let mut cut = BYTES_MAX - ending.len();
    while !name.is_char_boundary(cut) {
        cut -= 1;
    }
    format!("{}{ending}", name.get(..cut).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_the_folder_or_moves_the_cursor() {
        for (name, on_disk) in [
            ("report.pdf", "report.pdf"),
            ("名字 😀.txt", "名字 😀.txt"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("/etc/passwd", "_etc_passwd"),
            ("..", "file"),
            ("", "file"),
            (".bashrc", "bashrc"),
            ("-rf", "rf"),
            ("C:\\x", "C__x"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("nul .txt", "_nul .txt"),
            ("COM².log", "_COM².log"),
            ("conin$", "_conin$"),
            ("a\0b\nc\u{1b}[2J", "a_b_c_[2J"),
            ("\u{202e}gpj.exe", "_gpj.exe"),
            ("trail. . ", "trail"),
        ] {
            assert_eq!(disk_name(name), on_disk, "{name:?}");
        }
        let long = disk_name(&format!("{}.tar.gz", "名".repeat(83)));
        assert!(
            long.len() <= BYTES_MAX && long.rsplit_once('.').is_some_and(|(_, end)| end == "gz"),
            "{long}"
        );
        for n in 0..255 {
            assert!(disk_name(&"é".repeat(n)).len() <= BYTES_MAX);
        }
    }
}
