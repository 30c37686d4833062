//! Somebody who does everything there is to do and leaves a mark in every field: for the tests of what is exported, and of
//! what is left when the account has gone.

use image::ImageFormat;
use litrocket_client::{Digest, Outgoing};
use litrocket_protocol::{
    ConversationId,
    account::{CreateInvite, SetPrivacy, SetProfile, SignIn, audience},
    conversations::{AnswerInvitation, HideEvents, LeaveGroup, SetConversation},
    email::ChangeEmail,
    event::{SendFile, kind},
    files::{AddGroupFile, MakeGroupFolder, OpenUpload},
    frame,
    groups::{
        Announce, GroupChange, JoinGroup, MakeGroupLink, MuteMember, PinMessage, ReportContent, SetGroup,
        SetNickname, SetRole, joining,
    },
    moments::{HideMoments, LikeMoment, MarkMomentsSeen, PostMoment, visibility},
    people::{AskFriend, DismissRecommendation, MakeAddLink, SetBlocked, SetFriend},
    pictures::SetAvatar,
    words::{AddWords, NewWord},
};

use crate::{
    files::file_of,
    mail::MailServer,
    pictures::picture,
    world::{Person, World, sign_in, text},
};

/// Stands in every field that the person fills.
pub(crate) const MARK: &str = "canary";
/// Stands beside it in those that are emptied whatever the person chooses.
pub(crate) const ALWAYS: &str = "magpie";
/// Stands in what she writes for a group: it is the group's, and stays.
pub(crate) const THEIRS: &str = "pigeon";

/// Who is there beside her.
pub(crate) struct Others {
    pub(crate) bob: Person,
    pub(crate) eve: Person,
    pub(crate) fay: Person,
    pub(crate) gil: Person,
}

/// Somebody whose account has everything that an account can have.
pub(crate) async fn somebody(world: &World, mail: &mut MailServer) -> (Person, Others) {
    let [bob, eve, fay, gil] = world.people(["bob", "eve", "fay", "gil"]).await;
    let (ada, _) = crate::mail::signed_up(world, mail, "canaryada", "canary@example.org").await;
    let others = Others { bob, eve, fay, gil };
    let phone = world.guest().await;
    phone
        .sign_in(SignIn {
            label: "canary magpie phone".into(),
            ..sign_in("canaryada", crate::world::PASSWORD)
        })
        .await
        .unwrap();
    profile(world, &ada).await;
    people(&ada, &others).await;
    let chat = ada.opens(&others.bob).await;
    let group = others.bob.makes_group("rockets", &[&ada]).await;
    for place in [chat, ada.opens(&ada).await, group] {
        says(world, &ada, place).await;
    }
    moments(world, &ada, &others).await;
    groups(world, &ada, &others, group).await;
    let word = NewWord {
        id: ada.client.new_id().unwrap(),
        word: "canary magpie word".into(),
        reading: "canary magpie reading".into(),
        meaning: "canary magpie meaning".into(),
        example: "canary magpie example".into(),
        note: "canary magpie note".into(),
    };
    ada.asks(AddWords { words: vec![word] }).await;
    others.bob.says(chat, "bob stays").await;
    let his = others.bob.says(chat, "and says more").await.event_seq;
    ada.sends(chat, Outgoing::reaction(his, "🚀", true)).await.unwrap();
    ada.asks(HideEvents { conversation: chat, events: vec![his] }).await;
    let draft = SetConversation {
        conversation: chat,
        draft: Some("canary magpie draft".into()),
        notify: Some(2),
        notify_until_ms: Some(world.app().clock.now_ms() + 3_600_000),
        pinned: Some(true),
        marked_unread: None,
    };
    ada.asks(draft).await;
    // A change of address that is not confirmed leaves codes and a mail behind.
    let request =
        ChangeEmail { password: crate::world::PASSWORD.into(), email: Some("canary2@example.org".into()) };
    mail.is("busy");
    ada.asks(request).await;
    (ada, others)
}

async fn profile(world: &World, ada: &Person) {
    let profile = SetProfile {
        display_name: Some("canary magpie display".into()),
        signature: Some("canary magpie signature".into()),
        locale: Some("canary".into()),
        sex: Some("female".into()),
        birthday: Some("2000-01-02".into()),
        show_personal: None,
    };
    ada.asks(profile).await;
    let bytes = picture(1, 64, 64, ImageFormat::Png);
    let face = ada.uploads(&file_of(world, "canary face.png", &bytes)).await;
    ada.asks(SetAvatar { file: Some(face), conversation: None, crop: None }).await;
    let account = ada.account;
    world
        .app()
        .writer
        .run(move |tx| {
            Box::pin(async move {
                let sql = "UPDATE accounts SET operator = 1 WHERE id = $1";
                tx.execute(sql, litrocket::args![account]).await.map(drop)
            })
        })
        .await
        .unwrap();
    ada.asks(CreateInvite { uses: Some(2), valid_ms: None }).await;
}

async fn people(ada: &Person, others: &Others) {
    let Others { bob, eve, fay, gil } = others;
    ada.befriends(bob).await;
    let remark = SetFriend {
        account: bob.account,
        remark: Some("canary magpie remark".into()),
        tags: Some(vec!["canary magpie tag".into()]),
        starred: Some(true),
    };
    ada.asks(remark).await;
    ada.asks(AskFriend { account: eve.account, message: "canary magpie request".into(), code: None }).await;
    fay.asks_to_be_a_friend(ada, "fay asks").await;
    ada.asks(SetBlocked { account: gil.account, blocked: true }).await;
    ada.asks(MakeAddLink::default()).await;
    ada.asks(DismissRecommendation { account: eve.account }).await;
}

/// Everything that can be said in a conversation.
async fn says(world: &World, ada: &Person, place: ConversationId) {
    let first = ada.says(place, "canary words").await.event_seq;
    let edited = ada.says(place, "canary words to edit").await.event_seq;
    for words in ["canary edited", "canary edited again"] {
        let edit =
            Outgoing { fallback: Some("canary fallback".into()), ..Outgoing::edit(edited, &text(words)) };
        ada.sends(place, edit).await.unwrap();
    }
    ada.sends(place, Outgoing::forward(place, first)).await.unwrap();
    let marked = |message: Outgoing| Outgoing { fallback: Some("canary fallback".into()), ..message };
    ada.sends(place, marked(Outgoing::reaction(first, "👍", true))).await.unwrap();
    // What a kind does not know of is kept as it came.
    let more =
        |emoji: &str| frame::encode_body(&serde_json::json!({"emoji": emoji, "add": true, "w": "canary"}));
    ada.sends(place, Outgoing { body: more("🎉"), ..Outgoing::reaction(first, "🎉", true) }).await.unwrap();
    let recalled = ada.says(place, "canary mistake").await.event_seq;
    let recall = Outgoing {
        body: frame::encode_body(&serde_json::json!({"w": "canary"})),
        ..Outgoing::recall(recalled)
    };
    ada.sends(place, marked(recall)).await.unwrap();
    for kind in [kind::OPAQUE, kind::PRIVATE_FIRST] {
        let message = Outgoing { kind, body: b"canary body".into(), ..Outgoing::text("") };
        ada.sends(place, marked(message)).await.unwrap();
    }
    let name = format!("canary {place}.txt");
    let file = ada.uploads(&file_of(world, &name, format!("canary content {place}").as_bytes())).await;
    let file = SendFile { file, text: "canary caption".into(), alt: "canary alt".into(), voice: None };
    let message = Outgoing { kind: kind::FILE, body: frame::encode_body(&file), ..Outgoing::text("") };
    ada.sends(place, message).await.unwrap();
}

async fn moments(world: &World, ada: &Person, others: &Others) {
    let shown = picture(7, 64, 48, ImageFormat::Png);
    let shown = ada.uploads(&file_of(world, "canary moment.png", &shown)).await;
    let hers = PostMoment {
        id: ada.client.new_id().unwrap(),
        text: "canary magpie moment".into(),
        pictures: vec![shown],
        alts: vec!["canary magpie picture".into()],
        visibility: visibility::FRIENDS,
        people: vec![],
    };
    let hers = ada.asks(hers).await.moment;
    let own = ada.comments(hers, "canary magpie comment", None).await;
    ada.comments(hers, "canary magpie reply", Some(own)).await;
    others.bob.asks(LikeMoment { moment: hers, liked: true }).await;
    let his = others.bob.posts("bob's").await;
    ada.comments(his, "canary magpie comment at bob's", None).await;
    ada.asks(LikeMoment { moment: his, liked: true }).await;
    ada.asks(MarkMomentsSeen { moment: his }).await;
    ada.asks(HideMoments { account: others.fay.account, hidden: true }).await;
}

async fn groups(world: &World, ada: &Person, others: &Others, group: ConversationId) {
    let Others { bob, eve, fay, gil } = others;
    bob.asks(SetRole { conversation: group, account: ada.account, role: 2 }).await;
    // Where she is out again.
    let left = eve.makes_group("satellites", &[ada]).await;
    for place in [group, left] {
        for nickname in ["canary magpie captain", "canary magpie pilot"] {
            ada.asks(SetNickname { conversation: place, nickname: nickname.into() }).await;
        }
    }
    eve.asks(SetRole { conversation: left, account: ada.account, role: 2 }).await;
    for place in [group, left] {
        for words in ["canary announcement", "canary news"] {
            ada.asks(Announce { conversation: place, text: words.into() }).await;
        }
    }
    ada.asks(LeaveGroup { conversation: left }).await;
    let change = GroupChange { description: Some(format!("{THEIRS} description")), ..GroupChange::default() };
    ada.asks(SetGroup { conversation: group, change }).await;
    let said = bob.says(group, "pin this").await.event_seq;
    ada.asks(PinMessage { conversation: group, event_seq: said, pinned: true }).await;
    ada.asks(MakeGroupLink { conversation: group, uses: None, valid_ms: None }).await;
    bob.invites(group, &[eve]).await;
    ada.asks(MuteMember { conversation: group, account: eve.account, for_ms: 60_000 }).await;
    let folder = MakeGroupFolder { conversation: group, name: format!("{THEIRS} folder") };
    let folder = ada.asks(folder).await.entry;
    let file = ada.uploads(&file_of(world, "canary plan.txt", b"canary plan")).await;
    let name = Some("canary shelf".into());
    ada.asks(AddGroupFile { conversation: group, file, folder: Some(folder), name }).await;
    // Requests, invitations and what she reports.
    let open = GroupChange {
        joining: Some(joining::ON_REQUEST),
        discoverable: Some(true),
        ..GroupChange::default()
    };
    let asked = fay.makes_group("comets", &[]).await;
    fay.asks(SetGroup { conversation: asked, change: open }).await;
    let join = JoinGroup { conversation: Some(asked), message: "canary magpie applicant".into(), code: None };
    ada.asks(join).await;
    let asks_first = SetPrivacy { groups_from: Some(audience::NOBODY), ..SetPrivacy::default() };
    for person in [ada, gil] {
        person.asks(asks_first.clone()).await;
    }
    for (name, accept) in [("moons", None), ("suns", Some(false))] {
        let invited = fay.makes_group(name, &[ada]).await;
        if let Some(accept) = accept {
            ada.asks(AnswerInvitation { conversation: invited, accept }).await;
        }
    }
    ada.makes_group("her own", &[gil]).await;
    let report = ReportContent {
        conversation: None,
        event_seq: None,
        account: Some(gil.account),
        moment: None,
        text: "canary magpie report".into(),
    };
    ada.asks(report).await;
    // An upload that is not finished.
    let digest = Digest::of_file(&file_of(world, "canary upload.txt", b"never sent")).await.unwrap();
    let open = OpenUpload {
        name: "canary upload.txt".into(),
        size: digest.size,
        blake3: digest.blake3.to_vec(),
        hashes: digest.hashes.concat(),
    };
    ada.asks(open).await;
}
