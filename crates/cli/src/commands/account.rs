//! Signing up and in, devices, profile, password, invites.

use std::time::Duration;

use litrocket_client::{Address, Client, Error, Item, Start};
use litrocket_protocol::{
    SessionId,
    account::{
        ChangePassword, CreateInvite, GetProfile, ListSessions, Profile, Register, RevokeSession, SetProfile,
        SignIn, SignedIn,
    },
    hex,
};
use serde_json::json;

use super::{email, news};
use crate::{
    Command, Failure, PasswordArgs,
    failure::Asked as _,
    output::{column, escape, time},
    pages::{behind, pages},
    password,
    profile::Saved,
    resolve,
    session::Context,
};

const DAY_MS: u64 = 86_400_000;
/// How long the first sync of a device may take.
const BEGIN_TIME: Duration = Duration::from_secs(20);

/// The device's name: the one that was given, or the machine's.
pub(super) fn label(given: Option<String>) -> String {
    let machine = || std::fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().to_owned());
    given.or_else(|| machine().ok()).filter(|name| !name.is_empty()).unwrap_or_else(|| "litrocket".into())
}

/// Refuses who is signed in. A session that the server has ended is forgotten first.
pub(super) async fn refuse_if_signed_in(context: &Context) -> Result<(), Failure> {
    if context.profile()?.load()?.is_none_or(|saved| saved.token.is_empty()) {
        return Ok(());
    }
    match context.connect().await {
        Err(Failure::Client(Error::Fault(fault))) if fault.code == "bad_token" => {
            context.profile()?.sign_out()
        }
        _ => Err(Failure::usage(|words| words.already_signed_in().into())),
    }
}

fn remember(context: &Context, mut address: Address, signed_in: &SignedIn) -> Result<(), Failure> {
    address.invite = None;
    address.add = None;
    context.profile()?.save(&Saved {
        server: address.to_string(),
        handle: signed_in.handle.clone(),
        account: signed_in.account.0,
        token: hex::encode(&signed_in.token),
    })
}

/// Somebody is signed in: the device begins here, what waits and is announced is told.
pub(super) async fn arrive(
    context: &Context,
    client: &Client,
    address: Address,
    (kind, word): (&str, &str),
    who: &SignedIn,
) -> Result<(), Failure> {
    begin(client).await?;
    remember(context, address, who)?;
    signed_in(context, kind, word, who)?;
    // What could not be told now stands in the lists; the device is signed in all the same.
    match news::greet(context, client).await {
        Err(Failure::Client(_)) => {}
        other => other?,
    }
    Ok(())
}

/// What is said from now on waits for the next `listen`.
async fn begin(client: &Client) -> Result<(), Failure> {
    let mut events = client.events(Start::Cursors)?;
    let caught_up = async {
        while let Some(item) = events.next().await {
            if item == Item::CaughtUp {
                break;
            }
        }
    };
    tokio::time::timeout(BEGIN_TIME, caught_up).await.map_err(|_| Error::TimedOut)?;
    Ok(events.commit().await?)
}

fn signed_in(context: &Context, kind: &str, word: &str, who: &SignedIn) -> Result<(), Failure> {
    context.output.data(
        || {
            let mut line = json!({"type": kind, "handle": who.handle, "account": who.account.0,
                "session": who.session.0});
            if let Some(code) = &who.recovery_code {
                line["recovery_code"] = json!(code);
            }
            line
        },
        || {
            let line = format!("{word} @{}", escape(&who.handle));
            match &who.recovery_code {
                Some(code) => {
                    let words = context.output.words;
                    format!("{line}\n{}", words.labelled(words.recovery_code(), code))
                }
                None => line,
            }
        },
    )
}

pub(super) async fn register(
    context: &Context,
    mut request: Register,
    given: Option<String>,
    password: &PasswordArgs,
) -> Result<(), Failure> {
    refuse_if_signed_in(context).await?;
    request.handle = resolve::handle(&request.handle).to_owned();
    let words = context.output.words;
    request.password = password::new(password, words)?;
    if let (Some(email), None) = (&request.email, &request.email_code) {
        request.email_code = email::code_for(context, email, "sign_up").await?;
        if request.email_code.is_none() {
            return Ok(());
        }
    }
    let (client, address) = context.guest().await?;
    request.invite = request.invite.or_else(|| address.invite.clone());
    request.label = label(given);
    request.locale = Some(words.locale().into());
    let result = client.register(request).await?;
    arrive(context, &client, address, ("registered", words.registered()), &result).await
}

pub(super) async fn login(
    context: &Context,
    name: String,
    given: Option<String>,
    password: &PasswordArgs,
) -> Result<(), Failure> {
    let old = context.profile()?.load()?.and_then(|saved| hex::decode(&saved.token));
    refuse_if_signed_in(context).await?;
    let words = context.output.words;
    let password = password::existing(password, words)?;
    let (client, address) = context.guest().await?;
    let handle = resolve::handle(&name).to_owned();
    let request =
        SignIn { handle, password, label: label(given), old_token: old.filter(|token| !token.is_empty()) };
    let result = client.sign_in(request).await?;
    arrive(context, &client, address, ("signed_in", words.signed_in()), &result).await
}

pub(super) async fn logout(context: &Context) -> Result<(), Failure> {
    context.saved()?;
    match context.connect().await {
        Ok(client) => {
            client.sign_out().await?;
        }
        // The session has ended already: what is left is to forget it here.
        Err(Failure::Client(Error::Fault(fault))) if fault.code == "bad_token" => {}
        Err(error) => return Err(error),
    }
    context.profile()?.sign_out()?;
    context.output.data(|| json!({"type": "signed_out"}), || context.output.words.signed_out().into())
}

pub(super) async fn devices(context: &Context, revoke: Option<u64>) -> Result<(), Failure> {
    let client = context.connect().await?;
    let words = context.output.words;
    if let Some(session) = revoke {
        let ended = client.call(RevokeSession { session: SessionId(session) }).await;
        ended.asked(move |words| words.no_device(session))?;
        context
            .output
            .data(|| json!({"type": "revoked", "session": session}), || words.session_ended().into())?;
        return Ok(());
    }
    pages(
        &client,
        u64::MAX,
        |before, count| ListSessions { before, limit: Some(count) },
        |page| {
            let next = behind(&page.sessions, page.more, |session| session.session);
            (page.sessions, next)
        },
        |session| {
            let notes = [(session.current, words.this_device()), (session.connected, words.connected())];
            let notes: Vec<&str> = notes.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
            context.output.data(
                || {
                    json!({"type": "device", "session": session.session.0, "label": session.label,
                        "created_ms": session.created_ms, "last_used_ms": session.last_used_ms,
                        "connected": session.connected, "current": session.current})
                },
                || {
                    let (label, used) = (escape(&session.label), time(session.last_used_ms));
                    format!(
                        "{:>8}  {}  {} {used}  {}",
                        session.session,
                        column(&label, 24),
                        words.last_used(),
                        notes.join(words.comma())
                    )
                },
            )
        },
    )
    .await
    .map(drop)
}

pub(super) async fn whoami(context: &Context) -> Result<(), Failure> {
    let client = context.connect().await?;
    let me = client.me().ok_or(Error::NotSignedIn)?;
    let server = context.saved()?.server;
    context.output.data(
        || {
            json!({"type": "whoami", "handle": me.handle, "account": me.account.0, "session": me.session.0,
                "server": server})
        },
        || format!("@{} ({}) {server}", escape(&me.handle), me.account),
    )?;
    Ok(())
}

fn print_profile(context: &Context, profile: &Profile) -> Result<(), Failure> {
    context.output.data(
        || {
            json!({"type": "profile", "account": profile.account.0, "handle": profile.handle,
                "display_name": profile.display_name, "signature": profile.signature, "locale": profile.locale,
                "sex": profile.sex, "birthday": profile.birthday, "show_personal": profile.show_personal,
                "version": profile.version, "deleted": profile.deleted, "avatar": profile.avatar})
        },
        || {
            if profile.deleted {
                let words = context.output.words;
                return format!("{}{}", words.deleted_account(), words.aside(profile.account));
            }
            let mut line = format!("@{}  {}", escape(&profile.handle), escape(&profile.display_name));
            let more = [&profile.signature, profile.sex.as_ref().unwrap_or(&String::new())].map(|text| escape(text));
            for text in more.iter().chain(profile.birthday.as_ref()).filter(|text| !text.is_empty()) {
                line.push_str("  ");
                line.push_str(text);
            }
            line
        },
    )
}

pub(super) async fn profile(context: &Context, command: Command) -> Result<(), Failure> {
    let Command::Profile { name, display_name, signature, locale, sex, birthday, show_personal } = command
    else {
        return Ok(());
    };
    let client = context.connect().await?;
    let set = SetProfile { display_name, signature, locale, sex, birthday, show_personal };
    let changes = set != SetProfile::default();
    let profile = match name {
        Some(_) if changes => {
            return Err(Failure::usage(|words| words.only_own_profile().into()));
        }
        Some(name) => resolve::account(&client, &name).await?,
        None if changes => client.call(set).await?,
        None => client.call(GetProfile::default()).await?,
    };
    print_profile(context, &profile)?;
    Ok(())
}

pub(super) async fn passwd(context: &Context, end_others: bool, password_stdin: bool) -> Result<(), Failure> {
    let words = context.output.words;
    context.saved()?;
    let old = password::so_far(password_stdin, words)?;
    let new = password::next(password_stdin, words)?;
    let client = context.connect().await?;
    client.call(ChangePassword { old, new, end_others }).await.of_password()?;
    context.output.data(|| json!({"type": "password_changed"}), || words.done().into())?;
    Ok(())
}

pub(super) async fn invite(context: &Context, uses: u64, days: u64) -> Result<(), Failure> {
    let client: Client = context.connect().await?;
    let valid_ms = days.saturating_mul(DAY_MS);
    let invite = client.call(CreateInvite { uses: Some(uses), valid_ms: Some(valid_ms) }).await?;
    let words = context.output.words;
    context.output.data(
        || {
            json!({"type": "invite", "code": invite.code, "address": invite.address,
                "expires_ms": invite.expires_ms, "uses": invite.uses})
        },
        || {
            let code = words.labelled(words.stored_here(), &invite.code);
            format!("{code}\n{}\n{} {}", invite.address, words.valid_until(), time(invite.expires_ms))
        },
    )?;
    Ok(())
}
