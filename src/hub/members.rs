//! Who is in an active conversation: a list that is shared, and the few changes since it was made.
//!
//! One who comes or goes costs the changes and not the list, so that it costs the same in a group of 100,000.

use std::sync::Arc;

use litrocket_protocol::AccountId;

/// Changes that are kept beside the list. Beyond it they become part of a new one: each of them then costs as much as
/// copying a hundred members of a group of 100,000.
const CHANGES_MAX: usize = 1024;

/// The joined members of a conversation. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Members {
    /// Sorted, each once.
    base: Arc<[AccountId]>,
    /// Sorted, none of them in the base.
    added: Arc<Vec<AccountId>>,
    /// Sorted, all of them in the base.
    removed: Arc<Vec<AccountId>>,
}

impl From<Vec<AccountId>> for Members {
    fn from(mut list: Vec<AccountId>) -> Self {
        list.sort_unstable();
        list.dedup();
        Self { base: list.into(), ..Self::default() }
    }
}

fn has(list: &[AccountId], account: AccountId) -> bool {
    list.binary_search(&account).is_ok()
}

/// Puts an account into a sorted list, or takes it out; whether it was.
fn set(list: &mut Arc<Vec<AccountId>>, account: AccountId, wanted: bool) -> bool {
    match (list.binary_search(&account), wanted) {
        (Ok(at), false) => drop(Arc::make_mut(list).remove(at)),
        (Err(at), true) => Arc::make_mut(list).insert(at, account),
        _ => return false,
    }
    true
}

impl Members {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.base.len() + self.added.len() - self.removed.len()
    }

    /// Whether nobody is in.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether an account is in.
    pub fn contains(&self, account: AccountId) -> bool {
        has(&self.added, account) || has(&self.base, account) && !has(&self.removed, account)
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = AccountId> + '_ {
        let stayed = self.base.iter().filter(|account| !has(&self.removed, **account));
        stayed.chain(self.added.iter()).copied()
    }

    /// What it takes in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        (self.base.len() + self.added.len() + self.removed.len()) * size_of::<AccountId>()
    }

    /// Some go, then some come.
    pub(super) fn change(&mut self, added: &[AccountId], removed: &[AccountId]) {
        let changes = added.len() + removed.len() + self.added.len() + self.removed.len();
        if changes > CHANGES_MAX {
            let mut gone = removed.to_vec();
            gone.sort_unstable();
            let stayed = self.iter().filter(|account| !has(&gone, *account));
            *self = stayed.chain(added.iter().copied()).collect::<Vec<_>>().into();
            return;
        }
        for account in removed {
            if !set(&mut self.added, *account, false) && has(&self.base, *account) {
                set(&mut self.removed, *account, true);
            }
        }
        for account in added {
            if !set(&mut self.removed, *account, false) && !has(&self.base, *account) {
                set(&mut self.added, *account, true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn who_comes_and_goes_is_in_as_a_set_says() {
        let mut seed = 7_u64;
        let mut number = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        let mut members = Members::default();
        let mut set = BTreeSet::new();
        for step in 0..3_000 {
            let most = if step % 500 == 0 { 1_500 } else { 3 };
            let mut some =
                |most| -> Vec<AccountId> { (0..number(most)).map(|_| AccountId(number(400))).collect() };
            let (added, removed) = (some(most), some(most));
            members.change(&added, &removed);
            set.retain(|account| !removed.contains(account));
            set.extend(added);
            assert_eq!(members.len(), set.len());
            assert_eq!(members.iter().collect::<BTreeSet<_>>(), set);
            let one = AccountId(number(400));
            assert_eq!(members.contains(one), set.contains(&one));
        }
    }
}
