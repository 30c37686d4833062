//! `md1` at a terminal: marks become styles, and what others wrote stays text.

use litrocket_protocol::markdown::{Kind, Span, spans};

use crate::output::escape;

/// The text with its marks shown as styles. Where a link leads is always shown.
pub(crate) fn render(text: &str) -> String {
    let found = spans(text);
    let mut page = Page { text, at: 0, open: Vec::new(), out: String::with_capacity(text.len()) };
    for span in &found {
        page.go_to(span.at.start);
        page.begin(span);
    }
    page.go_to(text.len());
    page.out
}

struct Page<'a> {
    text: &'a str,
    /// How far the text is written or hidden.
    at: usize,
    open: Vec<&'a Span>,
    out: String,
}

impl<'a> Page<'a> {
    /// Writes the text up to here, with the ends of what ends before.
    fn go_to(&mut self, place: usize) {
        while let Some(span) = self.open.pop_if(|span| span.at.end <= place) {
            self.write(span.inner.end);
            self.at = span.at.end;
            self.end(span);
        }
        self.write(place);
    }

    fn write(&mut self, end: usize) {
        self.out.push_str(&escape(&self.text[self.at..end]));
        self.at = end;
    }

    fn begin(&mut self, span: &'a Span) {
        self.at = span.inner.start;
        self.open.push(span);
        match &span.kind {
            Kind::Quote => self.out.push_str("│ "),
            Kind::Item { level, number } => {
                self.out.push_str(&"  ".repeat(*level));
                self.out.push_str(&number.map_or("• ".into(), |number| format!("{number}. ")));
            }
            // The first line of a block stands under the others, not behind the sender's name.
            Kind::CodeBlock { .. } if span.at.start == 0 => self.out.push_str("\n    \x1b[36m"),
            Kind::CodeBlock { .. } => self.out.push_str("\x1b[36m"),
            Kind::Bold => self.out.push_str("\x1b[1m"),
            Kind::Italic => self.out.push_str("\x1b[3m"),
            Kind::Strike => self.out.push_str("\x1b[9m"),
            Kind::Code => self.out.push_str("\x1b[36m`"),
            Kind::Link { .. } => self.out.push_str("\x1b[4m"),
            Kind::Escape => {}
        }
    }

    fn end(&mut self, span: &Span) {
        match &span.kind {
            Kind::Bold => self.out.push_str("\x1b[22m"),
            Kind::Italic => self.out.push_str("\x1b[23m"),
            Kind::Strike => self.out.push_str("\x1b[29m"),
            Kind::Code => self.out.push_str("`\x1b[39m"),
            Kind::CodeBlock { .. } => self.out.push_str("\x1b[39m"),
            Kind::Link { url } => {
                self.out.push_str(&format!("\x1b[24m ({})", escape(&self.text[url.clone()])));
            }
            Kind::Quote | Kind::Item { .. } | Kind::Escape => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_styles_and_links_say_where_they_lead() {
        assert_eq!(render("a **b _c_** d"), "a \x1b[1mb \x1b[3mc\x1b[23m\x1b[22m d");
        assert_eq!(render("~~a~~ `b*`"), "\x1b[9ma\x1b[29m \x1b[36m`b*`\x1b[39m");
        assert_eq!(render("[good.org](https://evil.org)"), "\x1b[4mgood.org\x1b[24m (https://evil.org)");
        assert_eq!(render("\\*a\\* <b>"), "*a* <b>");
        assert_eq!(render("> 1. a\n  - b"), "│ 1. a\n      • b");
        assert_eq!(render("```sh\nls\n\npwd\n```\n**x**"), {
            "\n    \x1b[36mls\n    \n    pwd\x1b[39m\n    \x1b[1mx\x1b[22m"
        });
    }

    #[test]
    fn the_text_of_others_stays_text_inside_marks() {
        assert_eq!(render("**\x1b[2J\u{202e}**"), "\x1b[1m\\u{1b}[2J\\u{202e}\x1b[22m");
        assert_eq!(render("plain, *not* marked"), "plain, *not* marked");
    }
}
