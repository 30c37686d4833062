//! Moments: what people show to their friends, with likes and comments.

use crate::{AccountId, MessageId, pictures::Picture};

/// Who sees a moment, as the number in [`Moment::visibility`].
pub mod visibility {
    /// The author's friends.
    pub const FRIENDS: u8 = 1;
    /// The friends that are named.
    pub const CHOSEN: u8 = 2;
    /// All friends but those that are named.
    pub const EXCEPT: u8 = 3;
    /// The author alone.
    pub const ONLY_ME: u8 = 4;
    /// Everybody: friends find it in their feeds, others on the author's page.
    pub const EVERYBODY: u8 = 5;
}

/// What happened, as the number in [`MomentNotice::kind`].
pub mod notice_kind {
    /// Somebody likes the moment.
    pub const LIKE: u8 = 1;
    /// Somebody wrote a comment.
    pub const COMMENT: u8 = 2;
    /// Somebody answered a comment of the account.
    pub const REPLY: u8 = 3;
}

message! {
    /// Posts a moment. The friends who see it and are online get the hint `NewMoments`. Asked with 0 for each picture, before
    /// they are uploaded, it is refused as `not_found` of `pictures` where it would be posted, and for what is wrong otherwise.
    pub struct PostMoment {
        /// The client's id: the same id is the same moment for ever.
        id: MessageId,
        /// 1 to 6,144 bytes, together with `alts`; may be empty when there are pictures.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
        /// Pictures, at most 9 files that the caller may read, each complete and with previews. Of one that somebody
        /// else brought the moment shows the caller's own file with the same content.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pictures: Vec<u64>,
        /// What each picture shows, in words: none, or one for each, which may be empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        alts: Vec<String>,
        /// Who sees it: 1 friends, 2 chosen friends, 3 friends except some, 4 only the author, 5 everybody.
        visibility: u8,
        /// The chosen or the excepted friends, at most 100; only with 2 and 3.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        people: Vec<AccountId>,
    }

    /// A moment as the caller sees it. Likes and comments are those of the caller, of the author, and of the
    /// friends that the caller and the author have in common.
    pub struct Moment {
        /// Its number; a later moment has a higher one.
        moment: u64,
        /// Whose.
        author: AccountId,
        /// When it was posted, in server milliseconds.
        at_ms: u64,
        /// The text.
        text: String,
        /// Pictures, at most 9 files. Who sees the moment may read them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pictures: Vec<u64>,
        /// What each picture shows, in words; absent when nothing is said of any.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        alts: Vec<String>,
        /// What is known of each picture; a width of 0 while nothing is.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        facts: Vec<Picture>,
        /// Those of `pictures` whose content is not kept any more.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        gone: Vec<u64>,
        /// Who sees it, for the author only: 1 friends, 2 chosen friends, 3 friends except some, 4 only the
        /// author, 5 everybody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        visibility: Option<u8>,
        /// The chosen or the excepted friends, for the author only.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        people: Vec<AccountId>,
        /// Whether the caller likes it.
        liked: bool,
        /// Likes that the caller sees.
        like_count: u64,
        /// The newest of them, at most 10.
        likes: Vec<AccountId>,
        /// Comments that the caller sees.
        comment_count: u64,
        /// The newest of them, at most 3, in order.
        comments: Vec<MomentComment>,
    }

    /// A comment.
    pub struct MomentComment {
        /// Its number; a later comment has a higher one.
        comment: u64,
        /// Whose.
        account: AccountId,
        /// When it was written, in server milliseconds.
        at_ms: u64,
        /// The text.
        text: String,
        /// The comment it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<u64>,
        /// Whose comment it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_account: Option<AccountId>,
    }

    /// The moments of the caller and of the caller's friends, newest first.
    #[derive(Default)]
    pub struct ListFeed {
        /// Those before this moment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// 1 to 20; 20 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// One person's moments, newest first, as far as the caller may see them.
    pub struct ListMoments {
        /// Whose.
        account: AccountId,
        /// Those before this moment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// 1 to 20; 20 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of moments.
    pub struct Moments {
        /// Newest first.
        moments: Vec<Moment>,
        /// Whether there are more.
        more: bool,
    }

    /// Looks at one moment.
    pub struct GetMoment {
        /// Which.
        moment: u64,
    }

    /// Deletes one of the caller's moments with its likes and comments.
    pub struct DeleteMoment {
        /// Which.
        moment: u64,
    }

    /// Changes who sees one of the caller's moments.
    pub struct SetMomentVisibility {
        /// Which.
        moment: u64,
        /// Who sees it: 1 friends, 2 chosen friends, 3 friends except some, 4 only the author, 5 everybody.
        visibility: u8,
        /// The chosen or the excepted friends, at most 100; only with 2 and 3.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        people: Vec<AccountId>,
    }

    /// Keeps somebody's moments out of the caller's feed, or lets them in again. They are not told.
    pub struct HideMoments {
        /// Whose.
        account: AccountId,
        /// Out or in.
        hidden: bool,
    }

    /// Lists whose moments the caller keeps out, by account.
    #[derive(Default)]
    pub struct ListHiddenMoments {
        /// Those behind this account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<AccountId>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of people whose moments are kept out.
    pub struct HiddenMoments {
        /// By account.
        people: Vec<AccountId>,
        /// Whether there are more.
        more: bool,
    }

    /// Likes a moment, or takes the like back. For the author and friends of the author.
    pub struct LikeMoment {
        /// Which.
        moment: u64,
        /// On or off.
        liked: bool,
    }

    /// Writes a comment on a moment. For the author and friends of the author.
    pub struct CommentMoment {
        /// The client's id: the same id is the same comment for ever.
        id: MessageId,
        /// Which moment.
        moment: u64,
        /// 1 to 1,536 bytes.
        text: String,
        /// The comment it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<u64>,
    }

    /// Deletes one of the caller's comments, or any comment on one of their moments.
    pub struct DeleteComment {
        /// The moment.
        moment: u64,
        /// Which comment.
        comment: u64,
    }

    /// Lists the likes of a moment that the caller sees, by account.
    pub struct ListLikes {
        /// Which moment.
        moment: u64,
        /// Those behind this account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<AccountId>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of likes.
    pub struct Likes {
        /// By account.
        people: Vec<AccountId>,
        /// Whether there are more.
        more: bool,
    }

    /// Lists the comments on a moment that the caller sees, in order.
    pub struct ListComments {
        /// Which moment.
        moment: u64,
        /// Those behind this comment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// 1 to 100; 50 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    }

    /// A page of comments.
    pub struct Comments {
        /// In order.
        comments: Vec<MomentComment>,
        /// Whether there are more.
        more: bool,
    }

    /// Says up to which moment the caller has seen the feed. The marker never goes back.
    pub struct MarkMomentsSeen {
        /// The newest moment that was shown.
        moment: u64,
    }

    /// Whether the feed has something new.
    #[derive(Default)]
    pub struct GetNewMoments {
        /// Always absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reserved: Option<bool>,
    }

    /// How far the feed goes and how far it was seen.
    pub struct NewestMoment {
        /// The newest moment of a friend in the feed; absent when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        newest: Option<u64>,
        /// Up to which moment the feed was seen; 0 for nothing.
        seen: u64,
    }

    /// Value of the account log's key `moments_seen`: up to which moment the feed was seen.
    pub struct MomentsSeen {
        /// The moment.
        moment: u64,
    }

    /// Value of the account log's key `moment_notice/<moment>/<kind>/<item>`: a like, a comment or a reply that the
    /// account is told of. It holds no text: GetMoment and ListComments do.
    pub struct MomentNotice {
        /// The moment.
        moment: u64,
        /// 1 a like, 2 a comment on one of the reader's moments, 3 an answer to one of their comments.
        kind: u8,
        /// Who did it.
        account: AccountId,
        /// The comment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<u64>,
        /// When, in server milliseconds.
        at_ms: u64,
    }

    /// Value of the account log's key `moments_hidden/<account>`: whose moments are kept out of the feed.
    pub struct MomentsHiddenEntry {
        /// Since when, in server milliseconds.
        at_ms: u64,
    }
}
