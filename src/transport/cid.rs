//! Connection ids: generation, worker, random, keyed check. The check tells ours from foreign ones, also those of
//! an earlier process with the same key: these get a stateless reset instead of silence. The first two bytes let
//! several endpoints or processes share the port.

use std::time::Duration;

use quinn::{ConnectionId, ConnectionIdGenerator};
use quinn_proto::InvalidCid;

const RANDOM: usize = 6;
const CHECK: usize = 4;
const LEN: usize = 2 + RANDOM + CHECK;

/// Makes and checks connection ids.
pub(super) struct Generator {
    pub(super) key: [u8; 32],
    pub(super) generation: u8,
    pub(super) worker: u8,
}

impl Generator {
    fn check(&self, head: &[u8]) -> [u8; CHECK] {
        let mut check = [0; CHECK];
        check.copy_from_slice(&blake3::keyed_hash(&self.key, head).as_bytes()[..CHECK]);
        check
    }
}

impl ConnectionIdGenerator for Generator {
    fn generate_cid(&mut self) -> ConnectionId {
        let mut id = [0; LEN];
        id[0] = self.generation;
        id[1] = self.worker;
        // Without randomness the id is only guessable, not wrong: quinn refuses one that is in use.
        let _ = getrandom::fill(&mut id[2..2 + RANDOM]);
        let check = self.check(&id[..2 + RANDOM]);
        id[2 + RANDOM..].copy_from_slice(&check);
        ConnectionId::new(&id)
    }

    fn validate(&self, cid: &ConnectionId) -> Result<(), InvalidCid> {
        match cid.split_at_checked(2 + RANDOM) {
            Some((head, check)) if check == self.check(head) => Ok(()),
            _ => Err(InvalidCid),
        }
    }

    fn cid_len(&self) -> usize {
        LEN
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_same_key_are_ours_and_others_are_not() {
        let generator = |key, generation| Generator { key: [key; 32], generation, worker: 0 };
        let id = generator(1, 1).generate_cid();
        assert!(generator(1, 9).validate(&id).is_ok(), "a later process knows the id");
        assert!(generator(2, 1).validate(&id).is_err());
        assert!(generator(1, 1).validate(&ConnectionId::new(&[0; 8])).is_err());
    }
}
