//! The end of an account: announced, taken back, carried out; and taking everything with one.

use std::collections::BTreeSet;

use litrocket_cli::objects::{Printer, check};
use litrocket_client::{Error, Outgoing, Status};
use litrocket_protocol::{
    AccountId, Fault,
    account::{DeleteAccount, GetProfile, Profile, Register, RestoreAccount, SignedIn},
    conversations::{ListMembers, role},
    export::{ExportAccount, ExportPosition},
    history::Search,
};
use serde_json::Value;

use crate::{
    mail::MailServer,
    process::Process,
    programs::Terminal,
    world::{PASSWORD, PATIENCE, Person, World, eventually, sign_in, text, words},
};

async fn refusal(answer: impl Future<Output = Result<SignedIn, Error>>) -> Fault {
    match answer.await {
        Err(Error::Fault(fault)) => *fault,
        other => panic!("{other:?} instead of a refusal"),
    }
}

fn restore(name: &str, password: &str) -> RestoreAccount {
    RestoreAccount { handle: name.into(), password: password.into(), label: "back".into() }
}

async fn profile(by: &Person, account: AccountId) -> Profile {
    by.asks(GetProfile { handle: None, account: Some(account) }).await
}

async fn finds(person: &Person, text: &str) -> usize {
    let search = Search { text: text.into(), conversation: None, before: None, limit: None };
    person.asks(search).await.messages.len()
}

#[tokio::test]
async fn an_end_that_was_announced_can_be_taken_back_for_a_week() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let phone = world.device(&ada).await;
    let chat = ada.opens(&bob).await;
    ada.says(chat, "see you").await;
    let delete =
        |password: &str| DeleteAccount { password: password.into(), erase: true, leave_groups: true };
    assert_eq!(ada.is_refused(delete("not it")).await, "wrong_credentials");
    ada.asks(delete(PASSWORD)).await;
    for device in [&ada, &phone] {
        let mut status = device.client.status();
        let ended = status.wait_for(|status| matches!(status, Status::Closed(Some(_))));
        tokio::time::timeout(PATIENCE, ended).await.unwrap().unwrap();
    }
    let guest = world.guest().await;
    let fault = refusal(guest.sign_in(sign_in("ada", PASSWORD))).await;
    let until: u64 = fault.params.as_ref().unwrap()["until_ms"].parse().unwrap();
    let days = until.saturating_sub(world.app().clock.now_ms()) / 3_600_000;
    assert!(fault.code == "account_closing" && (7 * 24 - 1..=7 * 24).contains(&days), "{fault} {days}");
    assert_eq!(refusal(guest.sign_in(sign_in("ada", "wrong password"))).await.code, "wrong_credentials");
    assert_eq!(refusal(guest.enter(restore("ada", "wrong password"))).await.code, "wrong_credentials");
    // Six days later it is still there.
    world.app().clock.set_offset_ms(6 * 86_400_000);
    assert_eq!(litrocket::features::account::delete_due_now(world.app()).await.unwrap(), 0);
    assert_eq!(guest.enter(restore("ada", PASSWORD)).await.unwrap().account, ada.account);
    world.app().clock.set_offset_ms(30 * 86_400_000);
    assert_eq!(litrocket::features::account::delete_due_now(world.app()).await.unwrap(), 0);
    assert_eq!(words(&bob.history(chat).await[0].event), "see you");
    world.guest().await.sign_in(sign_in("ada", PASSWORD)).await.unwrap();
    // Where nothing was announced it only signs in.
    world.guest().await.enter(restore("bob", PASSWORD)).await.unwrap();
}

#[tokio::test]
async fn a_recovery_takes_an_announced_end_back() {
    let world = World::start().await;
    let guest = world.guest().await;
    let request = Register {
        handle: "ada".into(),
        password: PASSWORD.into(),
        label: "x".into(),
        ..Register::default()
    };
    let made = guest.register(request).await.unwrap();
    guest.call(DeleteAccount { password: PASSWORD.into(), erase: false, leave_groups: true }).await.unwrap();
    let recover = litrocket_protocol::email::Recover {
        handle: Some("ada".into()),
        recovery_code: made.recovery_code,
        password: "a new password".into(),
        label: "y".into(),
        ..Default::default()
    };
    world.guest().await.enter(recover).await.unwrap();
    world.guest().await.sign_in(sign_in("ada", "a new password")).await.unwrap();
}

#[tokio::test]
async fn a_deleted_account_leaves_its_messages_and_its_name_to_nobody() {
    let mut world = World::start().await;
    let [ada, bob, eve, dan] = world.people(["ada_lovelace", "bob", "eve", "dan"]).await;
    let group = ada.makes_group("rockets", &[&dan]).await;
    ada.invites(group, &[&bob]).await;
    ada.invites(group, &[&eve]).await;
    ada.says(group, "still here").await;
    let alone = ada.makes_group("alone", &[]).await;
    // Dan is in longest, and about to leave.
    world.app().clock.set_offset_ms(6 * 86_400_000);
    dan.asks(DeleteAccount { password: PASSWORD.into(), erase: false, leave_groups: true }).await;
    world.app().clock.set_offset_ms(0);
    // She owns a group with others in it, and one of her own.
    let ends = DeleteAccount { password: PASSWORD.into(), erase: false, leave_groups: false };
    let refused = match ada.client.call(ends).await {
        Err(Error::Fault(fault)) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!((refused.code.as_str(), refused.limit), ("owner_stays", Some(1)));
    world.deletes(&ada, false).await;
    let history = bob.history(group).await;
    assert!(history.iter().any(|message| words(&message.event) == "still here"));
    assert!(profile(&bob, ada.account).await.deleted);
    assert!(profile(&bob, ada.account).await.handle.is_empty());
    // What it owned passes to who is in longest of those who stay; its own groups are empty.
    let members = bob.asks(ListMembers { conversation: group, after: None, limit: None }).await.members;
    let owner = members.iter().find(|member| member.role == role::OWNER).unwrap();
    assert_eq!((owner.account, members.len()), (bob.account, 3));
    let left: Option<(i64,)> = world
        .app()
        .db
        .first("SELECT members FROM conversations WHERE id = $1", litrocket::args![alone])
        .await
        .unwrap();
    assert_eq!(left, Some((0,)));
    let guest = world.guest().await;
    assert_eq!(refusal(guest.sign_in(sign_in("ada_lovelace", PASSWORD))).await.code, "wrong_credentials");
    assert_eq!(refusal(guest.enter(restore("ada_lovelace", PASSWORD))).await.code, "wrong_credentials");
    world.down().await;
    world.up().await;
    let guest = world.guest().await;
    for name in ["ada_lovelace", "ADA_Lovelace", "ada_love1ace"] {
        let request = Register {
            handle: name.into(),
            password: PASSWORD.into(),
            label: "x".into(),
            ..Register::default()
        };
        assert_eq!(refusal(guest.register(request)).await.code, "handle_taken", "{name}");
    }
}

#[tokio::test]
async fn who_wants_to_takes_their_words_along() {
    let world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let group = bob.makes_group("rockets", &[&ada]).await;
    bob.listens().await;
    for round in 0..60 {
        ada.says(chat, &format!("farewell {round}")).await;
    }
    let edited = ada.says(group, "first words").await;
    ada.sends(group, Outgoing::edit(edited.event_seq, &text("farewell edited"))).await.unwrap();
    let his = bob.says(group, "bob stays").await;
    ada.sends(group, Outgoing::reaction(his.event_seq, "👍", true)).await.unwrap();
    eventually("everything said is found", async || finds(&bob, "farewell").await >= 50).await;
    world.deletes(&ada, true).await;
    for conversation in [chat, group] {
        let history = bob.history(conversation).await;
        let hers: Vec<_> = history.iter().filter(|it| it.event.sender == ada.account).collect();
        assert!(hers.iter().all(|it| it.event.body.is_empty() || it.event.message_seq.is_none()), "{hers:?}");
    }
    let history = bob.history(group).await;
    let kept = history.iter().find(|it| words(&it.event) == "bob stays").unwrap();
    assert!(kept.reactions.is_empty(), "{:?}", kept.reactions);
    // A device that was there hears of it as of any recall.
    bob.waits_for(|item| match item {
        litrocket_client::Item::Event(event)
            if event.kind == litrocket_protocol::event::kind::RECALL && event.conversation == group =>
        {
            assert_eq!(event.target_seq, Some(edited.event_seq));
            Some(())
        }
        _ => None,
    })
    .await;
    eventually("nothing of it is found any more", async || finds(&bob, "farewell").await == 0).await;
}

async fn exports(person: &Person) -> Vec<Value> {
    let (mut lines, mut after) = (Vec::new(), None);
    loop {
        let page = person.asks(ExportAccount { after }).await;
        assert!(page.lines.len() <= 100);
        lines.extend(page.lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()));
        after = page.next;
        if after.is_none() {
            return lines;
        }
    }
}

#[tokio::test]
async fn everything_about_a_person_is_exported_and_nothing_of_others() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    ada.befriends(&bob).await;
    ada.adds("rocket", "火箭").await;
    ada.posts("lift-off").await;
    let chat = ada.opens(&bob).await;
    for round in 0..130 {
        ada.says(chat, &format!("hers {round}")).await;
        bob.says(chat, &format!("his {round}")).await;
    }
    let notes = ada.opens(&ada).await;
    ada.says(notes, &"long ".repeat(3_000)).await;
    ada.says(notes, &"words ".repeat(2_500)).await;
    let lines = exports(&ada).await;
    for line in &lines {
        assert_eq!(check(Printer::Export, line), Ok(()), "docs/cli.md: {line}");
    }
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).collect::<Vec<_>>();
    assert_eq!((of("account").len(), &of("account")[0]["handle"]), (1, &"ada".into()));
    assert_eq!(of("friend")[0]["handle"], "bob");
    assert_eq!(of("word")[0]["meaning"], "火箭");
    assert_eq!(of("moment")[0]["text"], "lift-off");
    assert_eq!((of("session").len(), of("conversation").len()), (1, 2));
    let said = of("message");
    assert_eq!(said.len(), 132, "each once");
    assert_eq!(said[7]["text"], "hers 7");
    let all = serde_json::to_string(&lines).unwrap();
    assert!(!all.contains("his 7") && !all.contains("password") && !all.contains("hash"));
    let nowhere = ExportPosition { part: 999, first: 0, second: 0 };
    assert_eq!(ada.is_refused(ExportAccount { after: Some(nowhere) }).await, "bad_value");
    assert!(exports(&bob).await.iter().all(|line| line["type"] != "word"));
}

/// The types of the export's lines that docs/cli.md has.
fn types_of_lines() -> BTreeSet<String> {
    let page = include_str!("../../docs/cli.md");
    let rows = page.split("### Lines of litrocket account export").nth(1).unwrap();
    let rows = rows
        .split("###")
        .next()
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("| `") && !line.starts_with("| `type`"));
    let types = rows.flat_map(|line| line.split('|').nth(1).unwrap().split(','));
    types.map(|name| name.trim().trim_matches('`').to_owned()).collect()
}

#[tokio::test]
async fn everything_a_person_filled_in_is_in_their_export() {
    let mut mail = MailServer::start();
    let world = World::start_with(|config| mail.set(config)).await;
    let (ada, _others) = crate::marks::somebody(&world, &mut mail).await;
    let lines = exports(&ada).await;
    for line in &lines {
        assert_eq!(check(Printer::Export, line), Ok(()), "docs/cli.md: {line}");
    }
    let types: BTreeSet<String> =
        lines.iter().map(|line| line["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(types, types_of_lines(), "she has one of each");
    // Each text that she wrote, wherever, stands in a line; of her messages those that she did not take back.
    let all = serde_json::to_string(&lines).unwrap();
    let written = include_str!("marks.rs").split('"').filter(|text| text.starts_with("canary "));
    let gone =
        ["canary mistake", "canary words to edit", "canary edited", "canary {place}.txt", "canary fallback"];
    let mut count = 0;
    for text in written.filter(|text| !gone.contains(text) && !text.starts_with("canary content")) {
        count += 1;
        let hex = litrocket_protocol::hex::encode(text.as_bytes());
        let is_there = all.contains(text) || all.contains(&hex);
        assert!(is_there || text == "canary plan", "{text} is not exported");
    }
    assert!(count > 30, "{count} texts");
    assert!(all.contains("canary edited again") && !all.contains("canary mistake"));
    let of = |kind: &str| lines.iter().find(|line| line["type"] == kind).unwrap();
    assert_eq!(of("reactions")["emoji"].as_array().unwrap().len(), 2);
    assert!(lines.iter().any(|line| line["type"] == "conversation"
        && line["nickname"] == "canary magpie pilot"
        && line["may_read"][0]["from"] == 1));
    assert!(lines.iter().any(|line| line["notify"] == 2 && line["notify_until_ms"].is_number()));
    assert!(lines.iter().any(|line| line["kind"] == "announced" && line["text"] == "canary news"));
    assert!(!all.contains("gil asks") && !all.contains("password"));
}

#[tokio::test]
async fn an_account_exports_once_at_a_time() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let held = world.app().exports.enter(ada.account).unwrap();
    assert_eq!(ada.is_refused(ExportAccount { after: None }).await, "busy");
    bob.asks(ExportAccount { after: None }).await;
    drop(held);
    ada.asks(ExportAccount { after: None }).await;
}

#[tokio::test]
async fn people_leave_from_the_command_line() {
    let process = Process::start();
    let ada = Terminal { process: &process, profile: "ada" };
    ada.says(&["register", "ada"]);
    ada.says(&["send", "@me", "a note"]);
    let lines = ada.says(&["account", "export"]);
    assert!(lines.iter().any(|line| line["type"] == "message" && line["text"] == "a note"), "{lines:?}");
    let written = ada.says(&["account", "export", "-o", "mine.jsonl"]);
    assert_eq!(written[0]["lines"], lines.len());
    let file = process.path().join("mine.jsonl");
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), lines.len());
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert!(!ada.runs(&["account", "export", "-o", "mine.jsonl"]).status.success(), "it is not overwritten");
    assert_eq!(ada.fails(&["account", "delete", "--confirm", "bob"]).0, 2);
    assert_eq!(ada.says(&["account", "delete", "--confirm", "ada"])[0]["type"], "account_closing");
    assert_eq!(ada.fails(&["login", "ada"]).1["code"], "account_closing");
    assert_eq!(ada.says(&["account", "restore", "ada"])[0]["type"], "restored");
    assert_eq!(ada.says(&["whoami"])[0]["handle"], "ada");
}
