//! People: friend requests, friends, and whom one blocks.

use crate::AccountId;

/// What became of a friend request, as the number in [`FriendAsked::state`].
pub mod friend_state {
    /// The request waits for the other person.
    pub const ASKED: u8 = 1;
    /// Both are friends.
    pub const FRIENDS: u8 = 2;
}

message! {
    /// Asks somebody to be a friend. Asking again replaces the message, a few times a day. Who has been asked by that very person
    /// becomes a friend at once.
    pub struct AskFriend {
        /// Whom.
        account: AccountId,
        /// A word about oneself, at most 200 characters; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        message: String,
        /// The code of the other person's add-me address: who has it may ask whatever their privacy says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    }

    /// Where the two stand now.
    pub struct FriendAsked {
        /// 1 the request waits, 2 both are friends.
        state: u8,
    }

    /// Answers a friend request.
    pub struct AnswerFriend {
        /// Who asked.
        account: AccountId,
        /// True makes both friends. False ends the request; until it would have expired, the other person cannot
        /// ask again.
        accept: bool,
    }

    /// Takes back one of the caller's friend requests.
    pub struct WithdrawFriend {
        /// Who was asked.
        account: AccountId,
    }

    /// Lists friend requests that wait, newest first.
    #[derive(Default)]
    pub struct ListFriendRequests {
        /// Those the caller made; otherwise those the caller got.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        sent: bool,
        /// The `next` of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<RequestPosition>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// Where a page of friend requests ends.
    pub struct RequestPosition {
        /// When the last one was made, in server milliseconds.
        at_ms: u64,
        /// The other person of the last one.
        account: AccountId,
    }

    /// A page of friend requests.
    pub struct FriendRequests {
        /// Newest first.
        requests: Vec<FriendRequest>,
        /// For the next page; absent on the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<RequestPosition>,
    }

    /// A friend request with the other person.
    pub struct FriendRequest {
        /// The other person.
        account: AccountId,
        /// Their account name.
        handle: String,
        /// Their name to show.
        display_name: String,
        /// The request.
        request: FriendRequestEntry,
    }

    /// A friend request that waits. Also the value of the account log's key `friend_request/<account>`.
    pub struct FriendRequestEntry {
        /// Whether the caller made it.
        sent: bool,
        /// The word that came with it.
        message: String,
        /// When it was made, in server milliseconds.
        at_ms: u64,
        /// When it ends without an answer, in server milliseconds.
        expires_ms: u64,
    }

    /// Lists the caller's friends by account.
    #[derive(Default)]
    pub struct ListFriends {
        /// Friends behind this account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<AccountId>,
        /// Only those with this tag.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag: Option<String>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of friends.
    pub struct Friends {
        /// By account.
        friends: Vec<Friend>,
        /// Whether there are more.
        more: bool,
    }

    /// A friend.
    pub struct Friend {
        /// Who.
        account: AccountId,
        /// Their account name.
        handle: String,
        /// Their name to show.
        display_name: String,
        /// The caller's side of the friendship.
        mine: FriendEntry,
    }

    /// The caller's side of a friendship. Also the value of the account log's key `friend/<account>`.
    pub struct FriendEntry {
        /// Since when, in server milliseconds.
        since_ms: u64,
        /// What the caller calls the friend; empty for nothing. Only the caller sees it.
        remark: String,
        /// The caller's tags for the friend, sorted. Only the caller sees them.
        tags: Vec<String>,
        /// Marked with a star.
        starred: bool,
    }

    /// Changes the caller's side of a friendship. What is absent stays.
    pub struct SetFriend {
        /// Which friend.
        account: AccountId,
        /// At most 64 characters; empty for nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
        /// All tags: at most 20, each of 1 to 32 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tags: Option<Vec<String>>,
        /// Marked with a star.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        starred: Option<bool>,
    }

    /// Ends a friendship on both sides.
    pub struct RemoveFriend {
        /// Which friend.
        account: AccountId,
    }

    /// Blocks somebody, or takes the block off. A block ends the friendship and the requests between the two. Who
    /// is blocked is not told: what they ask or send in the one-to-one is refused as `not_accepting`, as under a privacy
    /// setting, and the caller's own sends there as `you_blocked`. They see neither presence nor typing there nor what
    /// was read. Groups stay as they are.
    pub struct SetBlocked {
        /// Whom.
        account: AccountId,
        /// On or off.
        blocked: bool,
    }

    /// Lists whom the caller blocks, by account.
    #[derive(Default)]
    pub struct ListBlocked {
        /// Those behind this account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<AccountId>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of blocked people.
    pub struct BlockedPeople {
        /// By account.
        people: Vec<Blocked>,
        /// Whether there are more.
        more: bool,
    }

    /// A blocked person.
    pub struct Blocked {
        /// Who.
        account: AccountId,
        /// Their account name.
        handle: String,
        /// Their name to show.
        display_name: String,
        /// The block.
        block: BlockedEntry,
    }

    /// A block. Also the value of the account log's key `blocked/<account>`.
    pub struct BlockedEntry {
        /// Since when, in server milliseconds.
        at_ms: u64,
    }

    /// Finds people by a part of their name: handle and display name, in any case, Chinese also by how it is read
    /// (`zhangsan`) and by first letters (`zs`). Names that begin as the text come as the dictionary has them, the
    /// shortest first. A whole e-mail address finds the one who has it and lets the caller find them by it (`email_from`). People who are not `findable` by name, who block the caller, or are deleted are not found.
    pub struct FindPeople {
        /// A part of a name, or an e-mail address; at most 256 bytes. A leading @ is left out.
        text: String,
        /// The `next` of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<FoundPosition>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// Where a page of people ends.
    pub struct FoundPosition {
        /// By what the last one was found.
        term: String,
        /// The last one.
        account: AccountId,
    }

    /// A page of people.
    pub struct FoundPeople {
        /// The people.
        people: Vec<FoundPerson>,
        /// Where the next page begins; absent at the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<FoundPosition>,
    }

    /// Somebody who was found.
    pub struct FoundPerson {
        /// Who.
        account: AccountId,
        /// The handle.
        handle: String,
        /// The display name.
        display_name: String,
    }

    /// Makes the caller's add-me address, or answers the one there is. Who opens it may ask to be a friend, also where
    /// the caller is not found and lets nobody ask.
    #[derive(Default)]
    pub struct MakeAddLink {
        /// Always absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reserved: Option<bool>,
    }

    /// An add-me address.
    pub struct AddLink {
        /// The code for `OpenAddLink` and `AskFriend`.
        code: String,
        /// The address to hand out: `litrocket://HOST:PORT?ca=sha256-…&add=…`.
        address: String,
        /// When it was made, in server milliseconds.
        made_ms: u64,
    }

    /// Revokes the caller's add-me address. The next one is another.
    #[derive(Default)]
    pub struct DropAddLink {
        /// Always absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reserved: Option<bool>,
    }

    /// Says whose an add-me address is. It is not there for whom that person blocks.
    pub struct OpenAddLink {
        /// The code in the address.
        code: String,
    }

    /// Asks whom the caller may know: friends of friends, and people of the same groups of up to 200 members. Friends,
    /// people one of the two asked or blocked, dismissed ones, and those who are not `findable` or let not everybody ask
    /// are left out.
    #[derive(Default)]
    pub struct RecommendFriends {
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// Whom the caller may know.
    pub struct Recommendations {
        /// Those most likely known first.
        people: Vec<Recommendation>,
    }

    /// Somebody the caller may know, and why.
    pub struct Recommendation {
        /// Who.
        account: AccountId,
        /// Their account name.
        handle: String,
        /// Their name to show.
        display_name: String,
        /// How likely they are known, to compare with the others.
        score: u64,
        /// Friends in common, among the 500 of the caller's friends who have the fewest.
        common_friends: u64,
        /// Some of them, at most 3.
        friends: Vec<AccountId>,
        /// Groups in common, of those that were looked at.
        common_groups: u64,
    }

    /// Keeps somebody out of the recommendations. The newest 1,000 are remembered.
    pub struct DismissRecommendation {
        /// Whom.
        account: AccountId,
    }
}
