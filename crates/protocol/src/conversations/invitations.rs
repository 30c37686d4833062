//! Invitations into groups.

use crate::{AccountId, ConversationId};

message! {
    /// Lists the groups the caller is invited into, by conversation. At most 100 wait at the same time.
    #[derive(Default)]
    pub struct ListInvitations {
        /// Those behind this conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<ConversationId>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of invitations.
    pub struct Invitations {
        /// By conversation.
        invitations: Vec<Invitation>,
        /// Whether there are more.
        more: bool,
    }

    /// An invitation into a group. Nothing of the group is delivered until it is accepted.
    pub struct Invitation {
        /// The group.
        conversation: ConversationId,
        /// Its members now.
        members: u64,
        /// The account name of who invites.
        handle: String,
        /// The invitation, with the group's name now.
        invitation: InvitationEntry,
    }

    /// An invitation that waits. Also the value of the account log's key `group_invitation/<conversation>`.
    pub struct InvitationEntry {
        /// Who invites.
        by: AccountId,
        /// The group's name when it was made.
        name: String,
        /// When it was made, in server milliseconds.
        at_ms: u64,
        /// When it ends without an answer, in server milliseconds.
        expires_ms: u64,
    }

    /// Answers an invitation. It stands while the one who made it is in the group.
    pub struct AnswerInvitation {
        /// The group.
        conversation: ConversationId,
        /// True brings the caller in. False ends the invitation; nobody is told.
        accept: bool,
    }
}
