//! What is written down of a run: every entry goes to the checker at once, and to a list when one is wanted.

use litrocket_history::{Broken, Checker, Entry, Report};

#[derive(Debug, Default)]
pub(crate) struct History {
    checker: Checker,
    pub(crate) broken: Option<Broken>,
    /// All entries, when they are wanted.
    pub(crate) entries: Option<Vec<Entry>>,
}

impl History {
    pub(crate) fn push(&mut self, entry: Entry) {
        if let Some(entries) = &mut self.entries {
            entries.push(entry.clone());
        }
        if self.broken.is_none() {
            self.broken = self.checker.push(entry).err();
        }
    }

    /// Something is wrong that the entries do not tell.
    pub(crate) fn break_off(&mut self, broken: Broken) {
        self.broken.get_or_insert(broken);
    }

    pub(crate) fn finish(self) -> (Result<Report, Broken>, Vec<Entry>) {
        let result = self.broken.map_or_else(|| self.checker.finish(), Err);
        (result, self.entries.unwrap_or_default())
    }
}
