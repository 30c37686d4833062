//! Every request and every frame of a client as each kind of caller. A new code, frame or kind of event without a row
//! fails.

mod frames;
mod scene;

use std::{collections::BTreeSet, pin::Pin};

use litrocket_client::{Client, Error};
use litrocket_protocol::{
    AccountId, ConversationId, MessageId, Request, SessionId, Who, account as a, announcements as n,
    conversations as c, email as e, export as x, files as f, groups as g, history as h, moments as m,
    people as p, pictures as i, requests, words as w,
};

use self::scene::{Caller, Scene, columns};
use crate::world::World;

type Answer = Pin<Box<dyn Future<Output = String>>>;
type Row = (&'static str, fn(Client, &Scene) -> Answer, [&'static str; 7]);

async fn outcome<R: Request>(client: Client, request: R) -> String {
    match client.call(request).await {
        Ok(_) => "ok".into(),
        Err(Error::Fault(fault)) => fault.code,
        Err(other) => panic!("{}: {other}", R::NAME),
    }
}

macro_rules! rows {
    ($($module:ident::$name:ident { $($field:ident: $value:expr),* } => $answers:tt;)*) => {
        vec![$((
            stringify!($name),
            (|client: Client, scene: &Scene| -> Answer {
                let _ = scene;
                Box::pin(outcome(client, rows!(@make scene, $module::$name { $($field: $value),* })))
            }) as fn(Client, &Scene) -> Answer,
            columns(&$answers),
        )),*]
    };
    (@make $scene:ident, $module:ident::$name:ident { $($field:ident: $value:expr),* }) => {
        $module::$name { $($field: $value($scene)),* }
    };
}

fn none<T>(_: &Scene) -> Option<T> {
    None
}
fn group(scene: &Scene) -> ConversationId {
    scene.group
}
fn bystander(scene: &Scene) -> AccountId {
    scene.bystander
}
fn insider(scene: &Scene) -> AccountId {
    scene.insider
}
fn leaver(scene: &Scene) -> AccountId {
    scene.leaver
}
fn outlaw(scene: &Scene) -> AccountId {
    scene.outlaw
}
fn bystanders(scene: &Scene) -> Vec<AccountId> {
    vec![scene.bystander]
}
fn moment(scene: &Scene) -> u64 {
    scene.moment
}
fn first(_: &Scene) -> u64 {
    2
}
fn file(scene: &Scene) -> u64 {
    scene.file
}
fn events(_: &Scene) -> Vec<u64> {
    vec![1, 2]
}
fn words(_: &Scene) -> String {
    "rocket words".into()
}
fn id(_: &Scene) -> MessageId {
    MessageId([7; 16])
}
fn wrong(_: &Scene) -> String {
    "not the password".into()
}

/// Requests that end the caller's session are made with wrong credentials, so that the next row still has a caller; what takes
/// things or people away stands last. Guests are not signed in everywhere.
#[expect(clippy::too_many_lines, reason = "a line for each request")]
fn table() -> Vec<Row> {
    rows! {
        a::Hello { versions: |_: &Scene| vec![1], client: words, token: none, capabilities: |_: &Scene| vec![] } => ["hello_again"];
        a::Register { handle: words, password: wrong, invite: none, label: words, locale: none, email: none, email_code: none } => ["already_signed_in"];
        a::SignIn { handle: words, password: wrong, label: words, old_token: none } => ["already_signed_in"];
        a::ListSessions { before: none, limit: none } => ["ok"];
        a::RevokeSession { session: |_: &Scene| SessionId(1) } => ["not_found"];
        a::ChangePassword { old: wrong, new: wrong, end_others: |_: &Scene| true } => ["wrong_credentials"];
        a::RotateToken { reserved: none } => ["ok"];
        a::GetProfile { handle: none, account: |scene: &Scene| Some(scene.bystander) } => ["ok"];
        a::GetProfiles { accounts: bystanders } => ["ok"];
        a::SetProfile { display_name: none, signature: none, locale: none, sex: none, birthday: none, show_personal: none } => ["ok"];
        a::SetPrivacy { read_receipts: none, presence: none, typing: none, findable: none, read_to: none, presence_to: none, moments_to: none, message_from: none, add_from: none, groups_from: none, email_from: none } => ["ok"];
        a::DeleteAccount { password: wrong, erase: |_: &Scene| false, leave_groups: |_: &Scene| false } => ["wrong_credentials"];
        a::CreateInvite { uses: none, valid_ms: none } => ["forbidden"];
        e::SendEmailCode { email: words, purpose: words, locale: none } => ["already_signed_in"];
        e::Recover { email: none, email_code: none, handle: none, recovery_code: none, password: wrong, label: words } => ["already_signed_in"];
        e::NewRecoveryCode { password: wrong } => ["wrong_credentials"];
        e::ChangeEmail { password: wrong, email: none } => ["no_mail"];
        e::ConfirmEmail { old_code: none, new_code: none } => ["bad_code"];
        e::GetEmail { reserved: none } => ["ok"];
        a::RestoreAccount { handle: words, password: wrong, label: words } => ["already_signed_in"];
        n::ListAnnouncements { after: none, limit: none } => ["ok"];
        x::ExportAccount { after: none } => ["ok"];
        c::ListConversations { after: none, limit: none } => ["ok"];
        c::OpenDirect { account: bystander } => ["ok"];
        c::GetDirect { account: bystander } => ["ok"];
        c::AnswerDirect { conversation: group, accept: |_: &Scene| true } => ["not_found"];
        c::ListInvitations { after: none, limit: none } => ["ok"];
        c::AnswerInvitation { conversation: group, accept: |_: &Scene| true } => ["not_found", "not_found", "ok"];
        c::CreateGroup { id: id, name: words, accounts: bystanders, open_history: |_: &Scene| false } => ["ok"];
        c::GetConversation { conversation: group } => ["not_found", "ok", "ok"];
        c::InviteMembers { conversation: group, accounts: |_: &Scene| vec![] } => ["not_found", "not_a_member", "ok"];
        c::RenameGroup { conversation: group, name: words } => ["not_found", "not_a_member", "not_a_member", "forbidden", "forbidden", "ok", "ok"];
        c::TransferGroup { conversation: group, account: bystander } => ["not_found", "not_a_member", "not_a_member", "forbidden", "forbidden", "forbidden", "not_found"];
        c::ListMembers { conversation: group, after: none, limit: none } => ["not_found", "not_a_member", "ok"];
        c::MarkRead { conversation: group, event_seq: first } => ["not_found", "ok", "ok"];
        c::SetConversation { conversation: group, notify: none, notify_until_ms: none, pinned: none, marked_unread: none, draft: none } => ["not_found", "ok", "ok"];
        c::ClearHistory { conversation: group, event_seq: |_: &Scene| 0 } => ["not_found", "ok", "ok"];
        c::HideEvents { conversation: group, events: |_: &Scene| vec![] } => ["not_found", "ok", "ok"];
        c::GetMarkers { conversation: group, after: none } => ["not_found", "not_a_member", "ok"];
        c::GetReaders { conversation: group, event_seq: first, after: none, limit: none } => ["not_found", "not_a_member", "ok"];
        h::GetHistory { conversation: group, before: none, after: none, limit: none } => ["not_found", "ok", "ok"];
        h::FindDate { conversation: group, at_ms: first } => ["not_found", "ok", "ok"];
        h::GetEvents { conversation: group, events: events } => ["not_found", "ok", "ok"];
        h::GetReactions { conversation: group, event_seq: first, after: none, limit: none } => ["not_found", "ok", "ok"];
        h::Search { text: words, conversation: |scene: &Scene| Some(scene.group), before: none, limit: none } => ["not_found", "ok", "ok"];
        p::AskFriend { account: bystander, message: words, code: none } => ["ok"];
        p::AnswerFriend { account: bystander, accept: |_: &Scene| true } => ["not_found"];
        p::WithdrawFriend { account: bystander } => ["ok"];
        p::ListFriendRequests { sent: |_: &Scene| true, after: none, limit: none } => ["ok"];
        p::ListFriends { after: none, tag: none, limit: none } => ["ok"];
        p::SetFriend { account: bystander, remark: none, tags: none, starred: none } => ["not_found"];
        p::RemoveFriend { account: bystander } => ["ok"];
        p::SetBlocked { account: bystander, blocked: |_: &Scene| false } => ["ok"];
        p::FindPeople { text: |_: &Scene| "a".to_owned(), after: none, limit: none } => ["ok"];
        p::MakeAddLink { reserved: none } => ["ok"];
        p::DropAddLink { reserved: none } => ["ok"];
        p::OpenAddLink { code: words } => ["not_found"];
        p::RecommendFriends { limit: none } => ["ok"];
        p::DismissRecommendation { account: bystander } => ["ok"];
        p::ListBlocked { after: none, limit: none } => ["ok"];
        m::PostMoment { id: id, text: words, pictures: |_: &Scene| vec![], alts: |_: &Scene| vec![], visibility: |_: &Scene| 1, people: |_: &Scene| vec![] } => ["ok"];
        m::ListFeed { before: none, limit: none } => ["ok"];
        m::ListMoments { account: bystander, before: none, limit: none } => ["ok"];
        m::GetMoment { moment: moment } => ["not_found", "not_found", "ok"];
        m::SetMomentVisibility { moment: moment, visibility: |_: &Scene| 1, people: |_: &Scene| vec![] } => ["not_found", "not_found", "not_found", "forbidden", "forbidden", "forbidden", "ok"];
        m::HideMoments { account: bystander, hidden: |_: &Scene| false } => ["ok"];
        m::ListHiddenMoments { after: none, limit: none } => ["ok"];
        m::LikeMoment { moment: moment, liked: |_: &Scene| true } => ["not_found", "not_found", "ok"];
        m::CommentMoment { id: id, moment: moment, text: words, reply_to: none } => ["not_found", "not_found", "ok"];
        m::ListLikes { moment: moment, after: none, limit: none } => ["not_found", "not_found", "ok"];
        m::ListComments { moment: moment, after: none, limit: none } => ["not_found", "not_found", "ok"];
        m::MarkMomentsSeen { moment: |_: &Scene| 0 } => ["ok"];
        m::GetNewMoments { reserved: none } => ["ok"];
        g::GetGroup { conversation: group } => ["not_found", "not_a_member", "ok"];
        g::SetGroup { conversation: group, change: |_: &Scene| g::GroupChange::default() } => ["not_found", "not_a_member", "not_a_member", "forbidden", "forbidden", "ok", "ok"];
        g::SetRole { conversation: group, account: insider, role: |_: &Scene| 2 } => ["not_found", "not_a_member", "not_a_member", "forbidden", "forbidden", "forbidden", "ok"];
        g::MuteMember { conversation: group, account: insider, for_ms: |_: &Scene| 1 } => ["not_found", "not_a_member", "not_a_member", "forbidden", "forbidden", "ok", "ok"];
        g::ListBanned { conversation: group, after: none, limit: none } => ["not_found", "not_a_member", "not_a_member", "forbidden", "forbidden", "ok", "ok"];
        g::ListAudit { conversation: group, before: none, limit: none } => ["not_found", "not_a_member", "not_a_member", "forbidden", "forbidden", "ok", "ok"];
        g::ReportContent { conversation: |scene: &Scene| Some(scene.group), event_seq: none, account: none, moment: none, text: words } => ["not_found", "ok", "ok"];
        g::FindGroups { text: words, after: none, limit: none } => ["ok"];
        g::JoinGroup { conversation: |scene: &Scene| Some(scene.group), code: none, message: words } => ["not_found", "not_found", "ok"];
        g::AnswerJoin { conversation: group, account: bystander, accept: |_: &Scene| true } => ["not_found", "not_a_member", "not_a_member", "forbidden", "forbidden", "not_found", "not_found"];
        g::WithdrawJoin { conversation: group } => ["ok"];
        g::ListJoinRequests { conversation: group, after: none, limit: none } => ["not_found", "not_a_member", "not_a_member", "forbidden", "forbidden", "ok", "ok"];
        g::MakeGroupLink { conversation: group, uses: none, valid_ms: none } => ["not_found", "not_a_member", "ok"];
        g::DropGroupLink { conversation: group, link: first } => ["not_found", "not_a_member", "ok"];
        g::ListGroupLinks { conversation: group } => ["not_found", "not_a_member", "ok"];
        g::Announce { conversation: group, text: words } => ["not_found", "not_a_member", "not_a_member", "forbidden", "forbidden", "ok", "ok"];
        g::SeeAnnouncement { conversation: group, event_seq: first } => ["not_found", "not_a_member", "not_found"];
        g::ListGroupAnnouncements { conversation: group, before: none, limit: none } => ["not_found", "ok", "ok"];
        g::ListAnnouncementSeen { conversation: group, event_seq: first, after: none, limit: none } => ["not_found", "not_a_member", "not_found"];
        g::PinMessage { conversation: group, event_seq: first, pinned: |_: &Scene| true } => ["not_found", "not_a_member", "not_a_member", "forbidden", "forbidden", "ok", "ok"];
        g::ListPins { conversation: group } => ["not_found", "not_a_member", "ok"];
        g::SetNickname { conversation: group, nickname: words } => ["not_found", "not_a_member", "not_a_member", "ok", "muted", "ok", "ok"];
        f::OpenUpload { name: words, size: |_: &Scene| 0, blake3: |_: &Scene| vec![0; 32], hashes: |_: &Scene| vec![] } => ["wrong_hash"];
        f::FinishUpload { file: file } => ["not_found", "not_found", "not_found", "not_found", "not_found", "not_found", "ok"];
        f::CancelUpload { file: file } => ["ok"];
        f::ListUploads { after: none, limit: none } => ["ok"];
        f::GetFile { file: file, hashes: |_: &Scene| true } => ["not_found", "not_found", "ok"];
        f::OpenDownload { file: file, download: first, first: |_: &Scene| 0, count: |_: &Scene| 1 } => ["not_found", "not_found", "ok"];
        f::ListFiles { after: none, limit: none, find: none } => ["ok"];
        f::AddGroupFile { conversation: group, file: file, folder: none, name: none } => ["not_found", "not_a_member", "not_a_member", "ok", "muted", "ok", "ok"];
        f::MakeGroupFolder { conversation: group, name: words } => ["not_found", "not_a_member", "not_a_member", "ok", "muted", "ok", "ok"];
        f::ChangeGroupFile { entry: file, name: none, folder: none } => ["not_found"];
        f::DeleteGroupFile { entry: file } => ["ok"];
        f::ListGroupFiles { conversation: group, folder: none, find: none, sort: |_: &Scene| 0, after: none, limit: none } => ["not_found", "not_a_member", "ok"];
        i::SetAvatar { file: none, conversation: |scene: &Scene| Some(scene.group), crop: none } => ["not_found", "not_a_member", "not_a_member", "forbidden", "forbidden", "ok", "ok"];
        i::GetAvatar { account: none, conversation: |scene: &Scene| Some(scene.group), size: |_: &Scene| 64 } => ["not_found", "not_a_member", "no_preview"];
        i::GetPreview { file: file, size: |_: &Scene| 160 } => ["not_found", "not_found", "no_preview"];
        w::LookUp { text: words, from: none, after: none, limit: none } => ["ok"];
        w::KeepEntry { id: id, traditional: words, simplified: words, pinyin: words } => ["not_found"];
        w::AddWords { words: |_: &Scene| vec![] } => ["bad_value"];
        w::EditWord { id: id, word: none, reading: none, meaning: none, example: none, note: none } => ["not_found"];
        w::DeleteWord { id: id } => ["not_found"];
        w::ListWords { find: none, before: none, limit: none } => ["ok"];
        w::TranslateText { text: words, to: none, from: none } => ["no_engine"];
        w::TranslateMessage { conversation: group, event_seq: |scene: &Scene| scene.last, to: none, from: none } => ["not_found", "not_found", "no_engine"];
        w::ListTranslations { reserved: none } => ["no_engine"];
        w::DetectLanguage { text: words } => ["ok"];
        m::DeleteComment { moment: moment, comment: |scene: &Scene| scene.comment } => ["not_found", "not_found", "not_found", "forbidden", "forbidden", "forbidden", "ok"];
        m::DeleteMoment { moment: moment } => ["not_found", "not_found", "not_found", "forbidden", "forbidden", "forbidden", "ok"];
        f::DeleteFile { file: file } => ["ok"];
        g::BanMember { conversation: group, account: outlaw, banned: |_: &Scene| true } => ["not_found", "not_a_member", "not_a_member", "forbidden", "forbidden", "ok", "ok"];
        c::RemoveMember { conversation: group, account: leaver } => ["not_found", "not_a_member", "not_a_member", "forbidden", "forbidden", "ok", "ok"];
        g::DissolveGroup { conversation: group } => ["not_found", "not_a_member", "not_a_member", "forbidden", "forbidden", "forbidden", "ok"];
        c::LeaveGroup { conversation: group } => ["not_found", "ok", "ok"];
        a::SignOut { reserved: none } => ["ok"];
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_answers_each_kind_of_caller_as_the_table_says() {
    let world = World::start().await;
    let rows = table();
    let named: BTreeSet<&str> = rows.iter().map(|(name, ..)| *name).collect();
    let missing: Vec<&str> =
        requests::ALL.iter().map(|info| info.name).filter(|name| !named.contains(name)).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
    // The first session, which rows try to revoke, is that of somebody else.
    let _somebody = world.person("somebody").await;
    let guests_scene = Scene::makes(&world, Caller::Member).await;
    for (name, ask, _) in &rows {
        let info = requests::ALL.iter().find(|info| info.name == *name).unwrap();
        if info.who == Who::Session {
            let guest = world.guest().await;
            assert_eq!(ask(guest, &guests_scene).await, "not_signed_in", "{name} as guest");
        }
    }
    let mut wrong = Vec::new();
    for (column, caller) in Caller::ALL.into_iter().enumerate() {
        let own;
        let scene = if caller == Caller::Member {
            &guests_scene
        } else {
            own = Scene::makes(&world, caller).await;
            &own
        };
        for (name, ask, expected) in &rows {
            let answer = ask(scene.person.client.clone(), scene).await;
            if answer != expected[column] {
                wrong.push(format!("{name} as {}: {answer}, not {}", caller.name(), expected[column]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_refusal_is_the_same_for_what_is_hidden_and_what_does_not_exist() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let chat = ada.opens(&bob).await;
    ada.says(chat, "private").await;
    let nowhere = ConversationId(99_999);
    let ask = async |conversation| {
        let request = h::GetHistory { conversation, before: None, after: None, limit: None };
        match eve.client.call(request).await {
            Err(Error::Fault(fault)) => *fault,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask(chat).await, ask(nowhere).await);
    // A one-to-one that was opened and has no message yet does not exist for the other person.
    let quiet = ada.opens(&eve).await;
    assert_eq!(eve.is_refused(c::GetConversation { conversation: quiet }).await, "not_found");
    assert!(eve.asks(c::ListConversations::default()).await.conversations.is_empty());
    ada.says(quiet, "now").await;
    assert_eq!(eve.sees(quiet).await.unread, 1);
}
