//! What the log tells of who did what, and what it never holds.

use litrocket_client::{Client, Outgoing};
use litrocket_protocol::{
    account::{ChangePassword, DeleteAccount, ListSessions, RevokeSession, RotateToken, SignIn},
    conversations::{CreateGroup, RemoveMember, TransferGroup, role},
    groups::{BanMember, DissolveGroup, MuteMember, SetRole},
};

use crate::{process::Process, world::PASSWORD};

const NEW_PASSWORD: &str = "canary new horse";

fn sign_in(name: &str, password: &str) -> SignIn {
    SignIn { handle: name.into(), password: password.into(), label: "canary-label".into(), old_token: None }
}

async fn device(process: &Process, name: &str, password: &str) -> Client {
    let client = Client::connect(process.options()).await.unwrap();
    client.sign_in(sign_in(name, password)).await.unwrap();
    client
}

/// Everything that was logged, whole lines only.
fn log(process: &Process) -> String {
    let folder = process.path().join("data/logs");
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

/// A line with all of these parts.
fn holds(log: &str, parts: &[&str]) {
    let found = log.lines().any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(found, "no line with {parts:?} in:\n{log}");
}

async fn fails_to_sign_in(process: &Process) {
    let guest = Client::connect(process.options()).await.unwrap();
    for _ in 0..3 {
        guest.sign_in(sign_in("ada", "canary-wrong")).await.unwrap_err();
    }
    // People type their password where the name belongs.
    guest.sign_in(sign_in("canary-name", "canary-wrong")).await.unwrap_err();
}

async fn looks_after_a_group(ada: &Client, bob: &Client) {
    let [me, other] = [ada, bob].map(|client| client.me().unwrap().account);
    let id = ada.new_id().unwrap();
    let request = CreateGroup { id, name: "canary-group".into(), accounts: vec![other], open_history: false };
    let conversation = ada.call(request).await.unwrap().conversation;
    ada.send(conversation, Outgoing::text("canary-message")).await.unwrap().await.unwrap();
    ada.call(SetRole { conversation, account: other, role: role::ADMINISTRATOR }).await.unwrap();
    ada.call(MuteMember { conversation, account: other, for_ms: 60_000 }).await.unwrap();
    ada.call(TransferGroup { conversation, account: other }).await.unwrap();
    bob.call(RemoveMember { conversation, account: me }).await.unwrap();
    bob.call(BanMember { conversation, account: me, banned: true }).await.unwrap();
    bob.call(DissolveGroup { conversation }).await.unwrap();
}

#[tokio::test]
async fn the_log_says_who_did_what_from_where_and_holds_no_secret() {
    let mut process = Process::new();
    process.variables = vec![("LITROCKET_ACCOUNTS_FAILURES_PER_ACCOUNT", "3")];
    process.up();
    let [ada, bob] = [process.person("ada").await, process.person("bob").await];
    let me = ada.me().unwrap();
    let (account, session) = (format!("account={}", me.account), format!("session={}", me.session));
    let who = [account.as_str(), session.as_str(), "address=127.0.0.1:"];
    fails_to_sign_in(&process).await;
    looks_after_a_group(&ada, &bob).await;
    let rotated = ada.call(RotateToken::default()).await.unwrap().token;
    let phone = {
        let mut known = sign_in("ada", PASSWORD);
        known.old_token = ada.token();
        let client = Client::connect(process.options()).await.unwrap();
        client.sign_in(known).await.unwrap()
    };
    ada.call(RevokeSession { session: phone.session }).await.unwrap();
    let change = ChangePassword { old: PASSWORD.into(), new: NEW_PASSWORD.into(), end_others: true };
    ada.call(change).await.unwrap();
    let other = bob.call(ListSessions::default()).await.unwrap().sessions.len();
    assert_eq!(other, 1);
    let tablet = device(&process, "bob", PASSWORD).await;
    tablet.sign_out().await.unwrap();
    ada.call(DeleteAccount { password: NEW_PASSWORD.into(), erase: true, leave_groups: true }).await.unwrap();
    let tokens = [ada.token(), bob.token(), Some(rotated), Some(phone.token)];
    drop((ada, bob, tablet));
    assert_eq!(process.terminate(), 0);
    let log = log(&process);
    holds(&log, &["a password or code was wrong", &account, "address=127.0.0.1:"]);
    holds(&log, &["WARN", "too many were wrong", &account, "by_name=true", "address=127.0.0.1:"]);
    for [what, more] in [
        ["a role was given", "role=2"],
        ["a member was muted", "for_ms=60000"],
        ["a group was handed over", "to="],
        ["a new token was made", ""],
        ["a session was revoked", &format!("ended={}", phone.session)],
        ["the password was changed", "ended="],
        ["the end of the account was announced", "erase=true"],
    ] {
        holds(&log, &[&who[..], &[what, more]].concat());
    }
    for what in ["a member was removed", "somebody was banned", "a group was ended", "signed out"] {
        holds(&log, &[what, "account=", "session=", "address=127.0.0.1:"]);
    }
    holds(&log, &["signed up", &account]);
    holds(&log, &["signed in", &account]);
    for secret in ["canary", PASSWORD, NEW_PASSWORD] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    for token in tokens.into_iter().flatten() {
        let hex = litrocket_protocol::hex::encode(&token);
        let listed = format!("{token:?}");
        assert!(!log.to_lowercase().contains(&hex) && !log.contains(&listed), "a token is in the log");
    }
}

#[tokio::test]
async fn the_operators_socket_is_there_as_long_as_the_server() {
    let mut process = Process::start();
    let socket = process.path().join("data/admin.sock");
    assert!(socket.exists());
    assert_eq!(process.terminate(), 0);
    assert!(!socket.exists());
    process.up();
    assert!(socket.exists());
    process.kill();
    // What a crash leaves is replaced.
    process.up();
    assert!(socket.exists());
}
