//! What a client says on the state stream: hints of which the newest counts, and nobody keeps any.

use litrocket_protocol::{AccountId, ConversationId, Fault, fault, frame, limits, state};

use crate::{Client, Error, shared::lock};

impl Client {
    /// Tells the members of a conversation that the person types, or stopped. Lost while there is no connection.
    pub fn set_typing(&self, conversation: ConversationId, typing: bool) {
        self.tell(state::frame_type::TYPING, &state::Typing { conversation, typing });
    }

    /// Watches the presence of some accounts, also on later connections; replaces the earlier list. More than 200 are refused here, with `too_many`:
    /// a server would watch some of them and leave the others out without a word.
    pub fn watch(&self, accounts: Vec<AccountId>) -> Result<(), Error> {
        let most = limits::PRESENCE_SUBSCRIPTIONS_MAX;
        if accounts.len() > most {
            let fault = Fault::new(fault::code::TOO_MANY).field("accounts").limit(most as u64);
            return Err(fault.into());
        }
        let watch = state::Watch { accounts };
        lock(&self.shared.said).watch = Some(frame::encode(state::frame_type::WATCH, &watch));
        self.tell(state::frame_type::WATCH, &watch);
        Ok(())
    }

    /// Whether the person is away from this device; said again on later connections.
    pub fn set_away(&self, away: bool) {
        let availability = state::Availability { away };
        lock(&self.shared.said).availability =
            Some(frame::encode(state::frame_type::AVAILABILITY, &availability));
        self.tell(state::frame_type::AVAILABILITY, &availability);
    }

    fn tell<T: serde::Serialize>(&self, kind: u64, value: &T) {
        // State is a hint: when too much waits, the newest is lost and the next one comes.
        let _ = self.shared.state.try_send(frame::encode(kind, value));
    }
}
