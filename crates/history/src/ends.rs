//! What devices received and where they ended, against what their accounts may read: rule 10, and what of rules 4
//! and 9 only the whole history can tell.

use std::collections::{HashMap, HashSet};

use litrocket_protocol::{AccountId, ConversationId};

use crate::{Broken, Checker, checker::Spot, conversation::Conversation, place::Place, reach::Reach};

/// Where a device says that it stands.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) at: Spot,
    pub(crate) event_seq: u64,
}

impl Checker {
    /// Checks every place, every end, and that no end is missing.
    pub(crate) fn reached(&self) -> Result<(), Broken> {
        let nothing = Reach::default();
        let mut places: Vec<_> = self.places.iter().collect();
        places.sort_unstable_by_key(|(key, _)| **key);
        for ((device, conversation), place) in &places {
            let at = self.spot(*device, *conversation);
            let reach = self.reach.get(&(at.account, *conversation)).unwrap_or(&nothing);
            reach.check(place).map_err(|broken| at.name(broken))?;
            let head = self.head(*conversation);
            let (furthest, at_us) = place.furthest;
            if furthest > head {
                let message = format!("the device came to {furthest}, past the head {head}");
                return Err(at.name(Broken::new(4, at_us, message)));
            }
        }
        for End { at, event_seq } in &self.ends {
            let broken = |rule, message| Err(at.name(Broken::new(rule, at.at_us, message)));
            let reached = self.places.get(&(at.device, at.conversation)).map_or(0, Place::reached);
            if *event_seq > reached {
                return broken(4, format!("the cursor is {event_seq}, but what came ends at {reached}"));
            }
            let last = self.last(at.account, at.conversation);
            if *event_seq < last {
                return broken(10, format!("the cursor stays at {event_seq}, but event {last} may be read"));
            }
        }
        let listening = places.into_iter().filter(|(_, place)| place.listens).map(|(key, _)| *key);
        self.all_end(listening)
    }

    /// Whoever came to hear something has an end there; whoever has one somewhere has one wherever there is
    /// something to read.
    fn all_end(&self, mut listening: impl Iterator<Item = (u64, ConversationId)>) -> Result<(), Broken> {
        let ended: HashSet<(u64, ConversationId)> =
            self.ends.iter().map(|end| (end.at.device, end.at.conversation)).collect();
        let missing = |device, conversation, message: &str| {
            let at = self.spot(device, conversation);
            Err(at.name(Broken::new(10, self.now_us, message.to_owned())))
        };
        let is_open = |key: &(u64, ConversationId)| !self.lost.contains(&key.0) && !ended.contains(key);
        if let Some((device, conversation)) = listening.find(is_open) {
            return missing(device, conversation, "it listened here, and where it ended is not said");
        }
        let mut readable: HashMap<AccountId, Vec<ConversationId>> = HashMap::new();
        for (account, conversation) in self.reach.keys() {
            if self.last(*account, *conversation) > 0 {
                readable.entry(*account).or_default().push(*conversation);
            }
        }
        for conversations in readable.values_mut() {
            conversations.sort_unstable();
        }
        let mut devices: Vec<u64> = self.ends.iter().map(|end| end.at.device).collect();
        devices.sort_unstable();
        devices.dedup();
        for device in devices {
            let conversations = readable.get(&self.devices[&device]).map_or(&[][..], Vec::as_slice);
            if let Some(silent) = conversations.iter().find(|id| !ended.contains(&(device, **id))) {
                return missing(device, *silent, "there is something to read, and it never heard of it");
            }
        }
        Ok(())
    }

    fn spot(&self, device: u64, conversation: ConversationId) -> Spot {
        Spot { at_us: self.now_us, account: self.devices[&device], device, conversation }
    }

    fn head(&self, conversation: ConversationId) -> u64 {
        self.conversations.get(&conversation).map_or(0, Conversation::head)
    }

    /// The last event that has to arrive at the devices of an account; 0 for none.
    fn last(&self, account: AccountId, conversation: ConversationId) -> u64 {
        let reach = self.reach.get(&(account, conversation));
        reach.map_or(0, |reach| reach.last(self.head(conversation)))
    }
}
