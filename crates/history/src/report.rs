//! What a check answers.

use serde::Serialize;

/// How much a good history held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Sends, repeated ones included.
    pub sends: u64,
    /// Acks, repeated ones included.
    pub acks: u64,
    /// Deliveries, repeated ones included.
    pub deliveries: u64,
    /// Conversations that somebody sent to, heard of, or that have a log.
    pub conversations: u64,
    /// Devices.
    pub devices: u64,
    /// Restarts of the server.
    pub restarts: u64,
}

/// The first promise that a history breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The rule, 1 to 10; 0 when it is not a history: a line that cannot be read, or entries out of order.
    pub rule: u8,
    /// What happened, with the numbers that tell where.
    pub message: String,
    /// The entry that shows it, or the first of the run of events it belongs to, in microseconds of the history's
    /// clock.
    pub at_us: u64,
}

impl Broken {
    pub(crate) fn new(rule: u8, at_us: u64, message: String) -> Self {
        Self { rule, message, at_us }
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rule {} at {} us: {}", self.rule, self.at_us, self.message)
    }
}

impl std::error::Error for Broken {}
