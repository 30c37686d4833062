//! How people come into groups: found, on request, by a link.

use crate::{AccountId, ConversationId};

message! {
    /// Finds groups by a part of their name, Chinese also by how it is read. Only those that let themselves be
    /// found.
    pub struct FindGroups {
        /// A part of the name, at most 256 bytes.
        text: String,
        /// The `next` of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<FoundGroupPosition>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// Where a page of found groups ends.
    pub struct FoundGroupPosition {
        /// What the last one was found by.
        term: String,
        /// The last one.
        conversation: ConversationId,
    }

    /// A page of found groups.
    pub struct FoundGroups {
        /// By what they were found by.
        groups: Vec<FoundGroup>,
        /// For the next page; absent on the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<FoundGroupPosition>,
    }

    /// A group as those outside see it.
    pub struct FoundGroup {
        /// The group.
        conversation: ConversationId,
        /// Its name.
        name: String,
        /// What it is about.
        description: String,
        /// Joined members.
        members: u64,
        /// 1 members bring new ones in, 2 on request, 3 everybody who wants to.
        joining: u8,
    }

    /// Joins a group that was found, or one that a link leads to: exactly one of both is named. Who is in stays in;
    /// asking again replaces the message, a few times a day.
    #[derive(Default)]
    pub struct JoinGroup {
        /// A group that lets itself be found.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<ConversationId>,
        /// The code of a link; it lets in without a request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// A word to those who answer, at most 200 characters; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        message: String,
    }

    /// What became of it.
    pub struct GroupJoined {
        /// The group.
        conversation: ConversationId,
        /// 1 the request waits, 2 the caller is in.
        state: u8,
    }

    /// Answers a request to join. For those who may invite. Answering again the same way changes nothing.
    pub struct AnswerJoin {
        /// The group.
        conversation: ConversationId,
        /// Who asked.
        account: AccountId,
        /// True lets them in. False ends the request; until it would have expired, they cannot ask again.
        accept: bool,
    }

    /// Takes back one of the caller's requests to join.
    pub struct WithdrawJoin {
        /// The group.
        conversation: ConversationId,
    }

    /// Lists requests to join that wait, oldest first. For those who may invite.
    pub struct ListJoinRequests {
        /// The group.
        conversation: ConversationId,
        /// The `next` of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<JoinPosition>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// Where a page of requests ends.
    pub struct JoinPosition {
        /// When the last one ends, in server milliseconds.
        expires_ms: u64,
        /// Who made the last one.
        account: AccountId,
    }

    /// A page of requests to join.
    pub struct JoinRequests {
        /// Oldest first.
        requests: Vec<JoinRequest>,
        /// For the next page; absent on the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<JoinPosition>,
    }

    /// Somebody who asks to join.
    pub struct JoinRequest {
        /// Who.
        account: AccountId,
        /// Their account name.
        handle: String,
        /// Their name to show.
        display_name: String,
        /// The request.
        request: JoinRequestEntry,
    }

    /// A request to join that waits. Also the value of the account log's key `join_request/<conversation>`.
    pub struct JoinRequestEntry {
        /// The word that came with it.
        message: String,
        /// When it was made, in server milliseconds.
        at_ms: u64,
        /// When it ends without an answer, in server milliseconds.
        expires_ms: u64,
    }

    /// Value of the account log's key `join_requests/<conversation>`: requests wait in a group one looks after.
    pub struct JoinRequestsEntry {
        /// How many.
        count: u64,
        /// When the newest was made, in server milliseconds.
        newest_ms: u64,
    }

    /// Makes a link that lets people in. For those who may invite; a group has at most 50.
    pub struct MakeGroupLink {
        /// The group.
        conversation: ConversationId,
        /// How many may come by it, 1 to 100,000; 1 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uses: Option<u64>,
        /// For how long it is good, in milliseconds, at most 365 days; 7 days when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        valid_ms: Option<u64>,
    }

    /// A link. Its code is told this once.
    pub struct GroupLink {
        /// What JoinGroup takes.
        code: String,
        /// The whole address, for people to pass on.
        address: String,
        /// The link without its code.
        link: GroupLinkInfo,
    }

    /// A link without its code.
    pub struct GroupLinkInfo {
        /// Its number in the group.
        link: u64,
        /// Who made it.
        made_by: AccountId,
        /// When, in server milliseconds.
        made_ms: u64,
        /// How many may still come by it.
        uses_left: u64,
        /// Until when it is good, in server milliseconds.
        expires_ms: u64,
    }

    /// Makes a link useless. For who made it, and those who may invite and have a stronger role. One that is gone is gone.
    pub struct DropGroupLink {
        /// The group.
        conversation: ConversationId,
        /// The link's number.
        link: u64,
    }

    /// Lists the links that still let people in. For those who may invite.
    pub struct ListGroupLinks {
        /// The group.
        conversation: ConversationId,
    }

    /// All links of a group.
    pub struct GroupLinks {
        /// Newest first, at most 50.
        links: Vec<GroupLinkInfo>,
    }
}
