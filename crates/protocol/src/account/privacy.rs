//! What others may know of a person, and who may turn to them.

use super::audience;

/// For a switch that is on where it was not known yet.
const fn everybody() -> u8 {
    audience::EVERYBODY
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_everybody(audience: &u8) -> bool {
    *audience == audience::EVERYBODY
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_nobody(audience: &u8) -> bool {
    *audience == audience::NOBODY
}

fn yes() -> bool {
    true
}

message! {
    /// Changes what others may know of the caller and who may turn to them. What is absent stays. An audience is 0
    /// nobody, 1 everybody, 2 friends.
    #[derive(Default)]
    pub struct SetPrivacy {
        /// False sets `read_to` to nobody; true sets it to everybody where it was nobody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        read_receipts: Option<bool>,
        /// The same for `presence_to`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        presence: Option<bool>,
        /// Whether others learn that the caller types; on at first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        typing: Option<bool>,
        /// Whether strangers find the caller by name; on at first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        findable: Option<bool>,
        /// Who learns what the caller has read; everybody at first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        read_to: Option<u8>,
        /// Who learns when the caller is online or was last seen; everybody at first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        presence_to: Option<u8>,
        /// Who sees the caller's moments, of those whom each moment is for; everybody at first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        moments_to: Option<u8>,
        /// Who may write to the caller in a one-to-one; everybody at first. The others' sends are refused as
        /// `not_accepting`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message_from: Option<u8>,
        /// Who may ask the caller to be a friend; everybody at first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        add_from: Option<u8>,
        /// Who may bring the caller into groups; friends at first, unless the operator says otherwise. For the others it
        /// becomes an invitation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        groups_from: Option<u8>,
        /// Who finds the caller by their exact e-mail address; nobody at first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email_from: Option<u8>,
    }

    /// What others may know of the caller and who may turn to them; an audience is 0 nobody, 1 everybody, 2 friends.
    /// Also the value of the account log's key `privacy`.
    pub struct Privacy {
        /// Whether anybody learns what the caller has read: `read_to` is not nobody.
        read_receipts: bool,
        /// Whether anybody learns when the caller is online or was last seen: `presence_to` is not nobody.
        presence: bool,
        /// Whether others learn that the caller types.
        typing: bool,
        /// Whether strangers find the caller by name.
        #[serde(default = "yes")]
        findable: bool,
        /// Who learns what the caller has read; everybody when absent.
        #[serde(default = "everybody", skip_serializing_if = "is_everybody")]
        read_to: u8,
        /// Who learns when the caller is online or was last seen; everybody when absent.
        #[serde(default = "everybody", skip_serializing_if = "is_everybody")]
        presence_to: u8,
        /// Who sees the caller's moments, of those whom each moment is for; everybody when absent.
        #[serde(default = "everybody", skip_serializing_if = "is_everybody")]
        moments_to: u8,
        /// Who may write to the caller in a one-to-one; everybody when absent.
        #[serde(default = "everybody", skip_serializing_if = "is_everybody")]
        message_from: u8,
        /// Who may ask the caller to be a friend; everybody when absent.
        #[serde(default = "everybody", skip_serializing_if = "is_everybody")]
        add_from: u8,
        /// Who may bring the caller into groups; everybody when absent.
        #[serde(default = "everybody", skip_serializing_if = "is_everybody")]
        groups_from: u8,
        /// Who finds the caller by their exact e-mail address; nobody when absent.
        #[serde(default, skip_serializing_if = "is_nobody")]
        email_from: u8,
    }
}
