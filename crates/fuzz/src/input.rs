//! Bytes as a sequence of choices.

/// What is left of an input. When nothing is left every choice is the first one.
#[derive(Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of the bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `end`, at most 255.
    pub fn below(&mut self, end: u64) -> u64 {
        u64::from(self.byte()) % end
    }

    /// A number, mostly small, sometimes near a power of two, up to the largest there is.
    pub fn number(&mut self) -> u64 {
        match self.byte() {
            small @ 0..=239 => u64::from(small),
            power => (1_u64 << (self.byte() % 64)).wrapping_add(u64::from(power)).wrapping_sub(248),
        }
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// All that is left as text.
    pub fn text(&mut self) -> String {
        String::from_utf8_lossy(self.rest()).into_owned()
    }

    /// Text up to the next zero byte.
    pub fn line(&mut self) -> String {
        let (line, rest) = match self.0.iter().position(|byte| *byte == 0) {
            Some(at) => (&self.0[..at], &self.0[at + 1..]),
            None => (self.0, &[][..]),
        };
        self.0 = rest;
        String::from_utf8_lossy(line).into_owned()
    }
}
