//! The tables of request codes: the API on a page.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Described, Field,
    fault::Code,
    frame::{self, DecodeError},
};

/// Who may make a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A connection that said hello and is not signed in.
    Guest,
    /// A signed-in connection.
    Session,
    /// Either, and also before hello.
    Anyone,
}

impl Who {
    /// The word in `PROTOCOL.md`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Session => "session",
            Self::Anyone => "anyone",
        }
    }
}

/// A request and its reply.
pub trait Request: Serialize + DeserializeOwned + Described + Send + 'static {
    /// The reply when it is granted.
    type Reply: Serialize + DeserializeOwned + Described + Send + 'static;
    /// The frame type of request and reply.
    const CODE: u64;
    /// Who may make it.
    const WHO: Who;
}

/// One line of the table, for documentation and tests.
#[derive(Debug, Clone, Copy)]
pub struct RequestInfo {
    /// The frame type.
    pub code: u64,
    /// The request's type.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// The reply's type.
    pub reply: &'static str,
    /// What the reply says.
    pub reply_doc: &'static str,
    /// Who may make it.
    pub who: Who,
    /// The fields of the request.
    pub fields: &'static [Field],
    /// The fields of the reply.
    pub reply_fields: &'static [Field],
    /// The faults of its own; those of [`COMMON_FAULTS`] can always come.
    pub faults: &'static [Code],
}

/// Faults that any request may get.
pub const COMMON_FAULTS: &[Code] = {
    use crate::fault::code as c;
    &[
        c::BAD_FRAME,
        c::UNKNOWN_REQUEST,
        c::HELLO_FIRST,
        c::NOT_SIGNED_IN,
        c::ALREADY_SIGNED_IN,
        c::RATE_LIMITED,
        c::BUSY,
        c::UNAVAILABLE,
        c::GOING_AWAY,
        c::INTERNAL,
        c::TIMED_OUT,
        c::TOO_LONG,
        c::TOO_MANY,
        c::BAD_VALUE,
    ]
};

fn written<T: Serialize + DeserializeOwned>(body: &[u8]) -> Result<Vec<u8>, DecodeError> {
    frame::decode::<T>(body).map(|value| frame::encode_body(&value))
}

macro_rules! requests {
    ($( $code:literal $module:ident :: $request:ident ($who:ident) => $rmodule:ident :: $reply:ident [$($fault:ident),*] )*) => {
        $(
            impl Request for crate::$module::$request {
                type Reply = crate::$rmodule::$reply;
                const CODE: u64 = $code;
                const WHO: Who = Who::$who;
            }
        )*

        /// Every request of version 1, by code.
        pub const ALL: &[RequestInfo] = &[$(
            RequestInfo {
                code: $code,
                name: <crate::$module::$request as Described>::NAME,
                doc: <crate::$module::$request as Described>::DOC,
                reply: <crate::$rmodule::$reply as Described>::NAME,
                reply_doc: <crate::$rmodule::$reply as Described>::DOC,
                who: Who::$who,
                fields: <crate::$module::$request as Described>::FIELDS,
                reply_fields: <crate::$rmodule::$reply as Described>::FIELDS,
                faults: &[$(crate::fault::code::$fault),*],
            }
        ),*];

        /// Reads a body as the request of a code, or as its reply, and writes it again; `None` when there is no
        /// such request. What tests of the wire ask who do not know the types.
        pub fn again(code: u64, is_reply: bool, body: &[u8]) -> Option<Result<Vec<u8>, DecodeError>> {
            Some(match (code, is_reply) {
                $(
                    ($code, false) => written::<crate::$module::$request>(body),
                    ($code, true) => written::<crate::$rmodule::$reply>(body),
                )*
                _ => return None,
            })
        }
    };
}

requests! {
    0x0100 account::Hello(Anyone) => account::Welcome [UNSUPPORTED_VERSION, HELLO_AGAIN, BAD_TOKEN, TOO_MANY_CONNECTIONS]
    0x0101 account::Register(Guest) => account::SignedIn [BAD_HANDLE, HANDLE_TAKEN, BAD_PASSWORD, SIGN_UP_CLOSED, BAD_INVITE, NO_MAIL, EMAIL_NEEDED, BAD_CODE, EMAIL_TAKEN]
    0x0102 account::SignIn(Guest) => account::SignedIn [WRONG_CREDENTIALS, ACCOUNT_LOCKED, ACCOUNT_CLOSING, TOO_MANY_CONNECTIONS]
    0x0103 account::SignOut(Session) => account::Done []
    0x0104 account::ListSessions(Session) => account::Sessions []
    0x0105 account::RevokeSession(Session) => account::Done [NOT_FOUND]
    0x0106 account::ChangePassword(Session) => account::Done [WRONG_CREDENTIALS, BAD_PASSWORD]
    0x0107 account::RotateToken(Session) => account::Token []
    0x0108 account::GetProfile(Session) => account::Profile [NOT_FOUND]
    0x0109 account::GetProfiles(Session) => account::Profiles []
    0x010a account::SetProfile(Session) => account::Profile []
    0x010b account::SetPrivacy(Session) => account::Privacy []
    0x010c account::DeleteAccount(Session) => account::Done [WRONG_CREDENTIALS, OWNER_STAYS]
    0x010d account::CreateInvite(Session) => account::Invite [FORBIDDEN]
    0x010e email::SendEmailCode(Guest) => account::Done [NO_MAIL, SIGN_UP_CLOSED]
    0x010f email::Recover(Guest) => account::SignedIn [BAD_CODE, BAD_PASSWORD, NO_MAIL, ACCOUNT_LOCKED, TOO_MANY_CONNECTIONS]
    0x0110 email::NewRecoveryCode(Session) => email::RecoveryCode [WRONG_CREDENTIALS]
    0x0111 email::ChangeEmail(Session) => email::EmailChange [WRONG_CREDENTIALS, NO_MAIL, EMAIL_NEEDED]
    0x0112 email::ConfirmEmail(Session) => email::EmailEntry [BAD_CODE, EMAIL_TAKEN]
    0x0113 email::GetEmail(Session) => email::EmailEntry []
    0x0114 account::RestoreAccount(Guest) => account::SignedIn [WRONG_CREDENTIALS, ACCOUNT_LOCKED, TOO_MANY_CONNECTIONS]
    0x0115 export::ExportAccount(Session) => export::Exported []
    0x0116 announcements::ListAnnouncements(Session) => announcements::Announcements []

    0x0200 conversations::ListConversations(Session) => conversations::Conversations []
    0x0201 conversations::OpenDirect(Session) => conversations::ConversationInfo [NOT_FOUND, TOO_MANY_STRANGERS]
    0x0202 conversations::CreateGroup(Session) => conversations::ConversationInfo [NOT_FOUND, ID_CONFLICT, TOO_MANY_STRANGERS]
    0x0203 conversations::GetConversation(Session) => conversations::ConversationInfo [NOT_FOUND]
    0x0204 conversations::InviteMembers(Session) => conversations::MembersInvited [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN, GROUP_FULL, TOO_MANY_STRANGERS]
    0x0205 conversations::RemoveMember(Session) => account::Done [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN]
    0x0206 conversations::LeaveGroup(Session) => account::Done [NOT_FOUND, NOT_A_GROUP, OWNER_STAYS]
    0x0207 conversations::RenameGroup(Session) => account::Done [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN]
    0x0208 conversations::TransferGroup(Session) => account::Done [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN]
    0x0209 conversations::ListMembers(Session) => conversations::Members [NOT_FOUND, NOT_A_MEMBER]
    0x020a conversations::MarkRead(Session) => conversations::Marked [NOT_FOUND, CURSOR_AHEAD]
    0x020b conversations::SetConversation(Session) => conversations::ConversationEntry [NOT_FOUND]
    0x020c conversations::ClearHistory(Session) => account::Done [NOT_FOUND, CURSOR_AHEAD]
    0x020d conversations::HideEvents(Session) => account::Done [NOT_FOUND]
    0x020e conversations::GetMarkers(Session) => conversations::OtherMarkers [NOT_FOUND, NOT_A_MEMBER]
    0x020f conversations::GetReaders(Session) => conversations::Readers [NOT_FOUND, NOT_A_MEMBER]
    0x0210 conversations::AnswerDirect(Session) => account::Done [NOT_FOUND]
    0x0211 conversations::ListInvitations(Session) => conversations::Invitations []
    0x0212 conversations::AnswerInvitation(Session) => account::Done [NOT_FOUND, GROUP_FULL]
    0x0213 conversations::GetDirect(Session) => conversations::ConversationInfo [NOT_FOUND]

    0x0300 history::GetHistory(Session) => history::History [NOT_FOUND, CURSOR_AHEAD]
    0x0301 history::FindDate(Session) => history::Place [NOT_FOUND]
    0x0302 history::GetEvents(Session) => history::Events [NOT_FOUND]
    0x0303 history::GetReactions(Session) => history::Reactions [NOT_FOUND]
    0x0304 history::Search(Session) => history::Found [NOT_FOUND, NOTHING_TO_SEARCH]

    0x0400 people::AskFriend(Session) => people::FriendAsked [NOT_FOUND, NOT_ACCEPTING, YOU_BLOCKED, TOO_MANY_STRANGERS]
    0x0401 people::AnswerFriend(Session) => account::Done [NOT_FOUND]
    0x0402 people::WithdrawFriend(Session) => account::Done []
    0x0403 people::ListFriendRequests(Session) => people::FriendRequests []
    0x0404 people::ListFriends(Session) => people::Friends []
    0x0405 people::SetFriend(Session) => people::FriendEntry [NOT_FOUND]
    0x0406 people::RemoveFriend(Session) => account::Done []
    0x0407 people::SetBlocked(Session) => account::Done [NOT_FOUND]
    0x0408 people::ListBlocked(Session) => people::BlockedPeople []
    0x0409 people::FindPeople(Session) => people::FoundPeople [NOTHING_TO_SEARCH]
    0x040a people::MakeAddLink(Session) => people::AddLink []
    0x040b people::DropAddLink(Session) => account::Done []
    0x040c people::OpenAddLink(Session) => people::FoundPerson [NOT_FOUND]
    0x040d people::RecommendFriends(Session) => people::Recommendations []
    0x040e people::DismissRecommendation(Session) => account::Done [NOT_FOUND]

    0x0500 moments::PostMoment(Session) => moments::Moment [NOT_FOUND, ID_CONFLICT, BAD_PICTURE, PICTURE_TOO_LARGE, FILE_GONE, QUOTA_EXCEEDED]
    0x0501 moments::ListFeed(Session) => moments::Moments []
    0x0502 moments::ListMoments(Session) => moments::Moments [NOT_FOUND]
    0x0503 moments::GetMoment(Session) => moments::Moment [NOT_FOUND]
    0x0504 moments::DeleteMoment(Session) => account::Done [NOT_FOUND, FORBIDDEN]
    0x0505 moments::SetMomentVisibility(Session) => moments::Moment [NOT_FOUND, FORBIDDEN]
    0x0506 moments::HideMoments(Session) => account::Done [NOT_FOUND]
    0x0507 moments::ListHiddenMoments(Session) => moments::HiddenMoments []
    0x0508 moments::LikeMoment(Session) => account::Done [NOT_FOUND, FORBIDDEN]
    0x0509 moments::CommentMoment(Session) => moments::MomentComment [NOT_FOUND, FORBIDDEN, ID_CONFLICT]
    0x050a moments::DeleteComment(Session) => account::Done [NOT_FOUND, FORBIDDEN]
    0x050b moments::ListLikes(Session) => moments::Likes [NOT_FOUND]
    0x050c moments::ListComments(Session) => moments::Comments [NOT_FOUND]
    0x050d moments::MarkMomentsSeen(Session) => moments::NewestMoment [CURSOR_AHEAD]
    0x050e moments::GetNewMoments(Session) => moments::NewestMoment []

    0x0600 groups::GetGroup(Session) => groups::GroupInfo [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP]
    0x0601 groups::SetGroup(Session) => account::Done [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN]
    0x0602 groups::SetRole(Session) => account::Done [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN]
    0x0603 groups::DissolveGroup(Session) => account::Done [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN]
    0x0604 groups::MuteMember(Session) => account::Done [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN]
    0x0605 groups::BanMember(Session) => account::Done [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN]
    0x0606 groups::ListBanned(Session) => groups::GroupPeople [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN]
    0x0607 groups::ListAudit(Session) => groups::Audit [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN]
    0x0608 groups::ReportContent(Session) => account::Done [NOT_FOUND]

    0x0610 groups::FindGroups(Session) => groups::FoundGroups [NOTHING_TO_SEARCH]
    0x0611 groups::JoinGroup(Session) => groups::GroupJoined [NOT_FOUND, FORBIDDEN, BAD_INVITE, GROUP_FULL]
    0x0612 groups::AnswerJoin(Session) => account::Done [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN, GROUP_FULL]
    0x0613 groups::WithdrawJoin(Session) => account::Done []
    0x0614 groups::ListJoinRequests(Session) => groups::JoinRequests [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN]
    0x0615 groups::MakeGroupLink(Session) => groups::GroupLink [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN]
    0x0616 groups::DropGroupLink(Session) => account::Done [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN]
    0x0617 groups::ListGroupLinks(Session) => groups::GroupLinks [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN]

    0x0620 groups::Announce(Session) => groups::Announced [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN, MUTED]
    0x0621 groups::SeeAnnouncement(Session) => account::Done [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP]
    0x0622 groups::ListGroupAnnouncements(Session) => groups::GroupAnnouncements [NOT_FOUND]
    0x0623 groups::ListAnnouncementSeen(Session) => groups::AnnouncementSeen [NOT_FOUND, NOT_A_MEMBER]
    0x0624 groups::PinMessage(Session) => account::Done [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN, MUTED, BAD_TARGET]
    0x0625 groups::ListPins(Session) => groups::Pins [NOT_FOUND, NOT_A_MEMBER]
    0x0626 groups::SetNickname(Session) => account::Done [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, MUTED]

    0x0700 files::OpenUpload(Session) => files::Upload [WRONG_HASH, FILE_TOO_LARGE, QUOTA_EXCEEDED, STORAGE_FULL]
    0x0701 files::FinishUpload(Session) => files::Upload [NOT_FOUND]
    0x0702 files::CancelUpload(Session) => account::Done []
    0x0703 files::ListUploads(Session) => files::Uploads []
    0x0704 files::GetFile(Session) => files::FileInfo [NOT_FOUND]
    0x0705 files::OpenDownload(Session) => account::Done [NOT_FOUND, FILE_GONE]
    0x0706 files::DeleteFile(Session) => account::Done []
    0x0707 files::ListFiles(Session) => files::Files []
    0x0710 files::AddGroupFile(Session) => files::GroupFile [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN, NAME_TAKEN, QUOTA_EXCEEDED, FILE_GONE, MUTED]
    0x0711 files::MakeGroupFolder(Session) => files::GroupFile [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN, NAME_TAKEN, MUTED]
    0x0712 files::ChangeGroupFile(Session) => files::GroupFile [NOT_FOUND, FORBIDDEN, NAME_TAKEN, MUTED]
    0x0713 files::DeleteGroupFile(Session) => account::Done [FORBIDDEN, FOLDER_NOT_EMPTY]
    0x0714 files::ListGroupFiles(Session) => files::GroupFiles [NOT_FOUND, NOT_A_MEMBER]
    0x0720 pictures::GetPreview(Session) => pictures::Preview [NOT_FOUND, FILE_GONE, NO_PREVIEW]
    0x0721 pictures::SetAvatar(Session) => pictures::Avatar [NOT_FOUND, NOT_A_MEMBER, NOT_A_GROUP, FORBIDDEN, FILE_GONE, BAD_PICTURE, PICTURE_TOO_LARGE, BAD_CROP]
    0x0722 pictures::GetAvatar(Session) => pictures::Preview [NOT_FOUND, NOT_A_MEMBER, NO_PREVIEW]

    0x0800 words::LookUp(Session) => words::LookedUp []
    0x0801 words::KeepEntry(Session) => words::Word [NOT_FOUND, ID_CONFLICT]
    0x0802 words::AddWords(Session) => words::WordsAdded [NOT_FOUND, ID_CONFLICT]
    0x0803 words::EditWord(Session) => words::Word [NOT_FOUND]
    0x0804 words::DeleteWord(Session) => account::Done [NOT_FOUND]
    0x0805 words::ListWords(Session) => words::Words []
    0x0806 words::TranslateText(Session) => words::Translation [NO_ENGINE, ENGINE_FAILED, NO_TRANSLATION, LANGUAGE_UNKNOWN]
    0x0807 words::TranslateMessage(Session) => words::Translation [NOT_FOUND, BAD_TARGET, NO_ENGINE, ENGINE_FAILED, NO_TRANSLATION, LANGUAGE_UNKNOWN]
    0x0808 words::ListTranslations(Session) => words::Translations [NO_ENGINE, ENGINE_FAILED]
    0x0809 words::DetectLanguage(Session) => words::Detected [LANGUAGE_UNKNOWN]
}

// A code that stands twice, or out of order, does not compile.
const _: () = {
    let mut i = 1;
    while i < ALL.len() {
        assert!(ALL[i - 1].code < ALL[i].code, "request codes must be unique and ascending");
        i += 1;
    }
};
