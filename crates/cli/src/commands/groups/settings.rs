//! What a group is set to, who may do what, roles, and its end.

use litrocket_protocol::{
    conversations::{GetConversation, role},
    groups::{
        DissolveGroup, GetGroup, GroupChange, GroupInfo, PermissionChanges, SetGroup, SetRole, joining,
    },
};
use serde_json::json;

use super::{Group, In, of};
use crate::{
    Failure,
    commands::done,
    output::{column, escape, time},
    words::Words,
};

/// The word for a role in commands and `--json`.
pub(in crate::commands) const fn role_name(role: u8) -> &'static str {
    match role {
        role::OWNER => "owner",
        role::ADMINISTRATOR => "administrator",
        _ => "member",
    }
}

/// The word for how people come in.
pub(in crate::commands) const fn joining_name(how: u8) -> &'static str {
    match how {
        joining::ON_REQUEST => "request",
        joining::OPEN => "open",
        _ => "invited",
    }
}

/// What takes a role: its word, and the field of that name.
macro_rules! things {
    ($may:expr $(, $borrow:tt)*) => {
        [
            ("write", $($borrow)* $may.write),
            ("invite", $($borrow)* $may.invite),
            ("pin", $($borrow)* $may.pin),
            ("announce", $($borrow)* $may.announce),
            ("remove", $($borrow)* $may.remove),
            ("upload", $($borrow)* $may.upload),
            ("everybody", $($borrow)* $may.everybody),
            ("start", $($borrow)* $may.start),
        ]
    };
}

/// The permissions that a change names.
pub(in crate::commands) fn things_changed(may: &PermissionChanges) -> Vec<(&'static str, u8)> {
    things!(may).into_iter().filter_map(|(thing, role)| Some((thing, role?))).collect()
}

fn changes(wanted: &[String]) -> Result<PermissionChanges, Failure> {
    let wrong = |what: &str| {
        let what = what.to_owned();
        Failure::usage(move |words| words.not_a_permission(&what))
    };
    let mut out = PermissionChanges::default();
    for one in wanted {
        let (thing, role) = one.split_once('=').ok_or_else(|| wrong(one))?;
        let role = match role {
            "owner" => role::OWNER,
            "administrator" => role::ADMINISTRATOR,
            "member" => role::MEMBER,
            _ => return Err(wrong(one)),
        };
        let place = things!(out, &, mut).into_iter().find(|(name, _)| *name == thing);
        let (_, place) = place.ok_or_else(|| wrong(one))?;
        *place = Some(role);
    }
    Ok(out)
}

pub(super) async fn run(it: In<'_>, group: Group) -> Result<(), Failure> {
    match group {
        Group::Set { group, description, joining, discoverable, open_history } => {
            let joining = joining.map(|how| match how.as_str() {
                "request" => joining::ON_REQUEST,
                "open" => joining::OPEN,
                _ => joining::INVITED,
            });
            let change =
                GroupChange { description, joining, discoverable, open_history, ..GroupChange::default() };
            if change == GroupChange::default() {
                return Err(Failure::usage(|words| words.set_what().into()));
            }
            it.act(&group, |conversation| SetGroup { conversation, change }).await
        }
        Group::Slow { group, seconds } => {
            let slow_ms = Some(seconds.saturating_mul(1000));
            let change = GroupChange { slow_ms, ..GroupChange::default() };
            it.act(&group, |conversation| SetGroup { conversation, change }).await
        }
        Group::Permissions { group, changes: wanted } if !wanted.is_empty() => {
            let change = GroupChange { permissions: Some(changes(&wanted)?), ..GroupChange::default() };
            it.act(&group, |conversation| SetGroup { conversation, change }).await
        }
        Group::Permissions { group, .. } => permissions(it, &group).await,
        Group::SetRole { group, member, role } => {
            let role = if role == "administrator" { role::ADMINISTRATOR } else { role::MEMBER };
            it.act_on(&group, &member, |conversation, account| SetRole { conversation, account, role }).await
        }
        Group::Dissolve { group, confirm } => {
            let conversation = it.group(&group).await?;
            let name = it.client.call(GetConversation { conversation }).await?.name;
            if name != confirm.trim_start_matches(['#', '＃']) {
                return Err(Failure::usage(|words| words.wrong_confirm().into()));
            }
            let answer = it.client.call(DissolveGroup { conversation }).await?;
            done::set(it.context, &answer, of(conversation))
        }
        Group::Show { group } => show(it, &group).await,
        _ => Ok(()),
    }
}

async fn permissions(it: In<'_>, group: &str) -> Result<(), Failure> {
    let conversation = it.group(group).await?;
    let info = it.client.call(GetGroup { conversation }).await?;
    for (thing, role) in things!(info.permissions) {
        it.context.output.data(
            || {
                json!({"type": "permission", "conversation": conversation.0, "thing": thing,
                    "role": role_name(role)})
            },
            || {
                let words = it.context.output.words;
                let thing = match words {
                    Words::English => column(thing, 12),
                    // The word to type, and what it means.
                    Words::Chinese => format!("{}  {}", column(thing, 12), column(&words.thing(thing), 16)),
                };
                format!("{thing}  {}", words.role(role))
            },
        )?;
    }
    Ok(())
}

async fn show(it: In<'_>, group: &str) -> Result<(), Failure> {
    let conversation = it.group(group).await?;
    let info = it.client.call(GetGroup { conversation }).await?;
    it.context.output.data(|| as_json(&info), || lines(it, &info))
}

fn as_json(info: &GroupInfo) -> serde_json::Value {
    let may: serde_json::Map<String, serde_json::Value> = things!(info.permissions)
        .into_iter()
        .map(|(thing, role)| (thing.to_owned(), role_name(role).into()))
        .collect();
    json!({"type": "group", "conversation": info.conversation.0, "name": info.name,
        "description": info.description, "owner": info.owner.0, "members": info.members,
        "role": role_name(info.role), "nickname": info.nickname, "muted_until_ms": info.muted_until_ms,
        "joining": joining_name(info.joining), "discoverable": info.discoverable,
        "open_history": info.open_history, "slow_ms": info.slow_ms, "permissions": may,
        "announcement": info.announcement.as_ref().map(|one| json!({"event_seq": one.event_seq,
            "account": one.account.0, "at_ms": one.at_ms, "text": one.text})),
        "requests": info.requests})
}

fn lines(it: In<'_>, info: &GroupInfo) -> String {
    let words = it.context.output.words;
    let members = words.counted(info.members, words.member_word(), words.members_word());
    let mut out = vec![format!(
        "[{}]  #{}  {members}{}",
        info.conversation,
        escape(&info.name),
        words.aside(words.role(info.role))
    )];
    if !info.nickname.is_empty() {
        out.push(format!("{} {}", words.nicknamed(), escape(&info.nickname)));
    }
    if let Some(until) = info.muted_until_ms {
        out.push(format!("{} {}", words.muted_until(), time(until)));
    }
    if !info.description.is_empty() {
        out.push(words.labelled(words.about(), escape(&info.description)));
    }
    out.push(
        match info.joining {
            joining::ON_REQUEST => words.joining_request(),
            joining::OPEN => words.joining_open(),
            _ => words.joining_invited(),
        }
        .into(),
    );
    out.extend(info.discoverable.then(|| words.discoverable().to_owned()));
    out.extend(info.open_history.then(|| words.open_history().to_owned()));
    if info.slow_ms > 0 {
        out.push(words.group_slow(info.slow_ms.div_ceil(1000)));
    }
    let may: Vec<String> = things!(info.permissions)
        .into_iter()
        .map(|(thing, role)| format!("{}={}", words.thing_name(thing), words.role(role)))
        .collect();
    out.push(words.labelled(words.may(), may.join(" ")));
    if let Some(one) = &info.announcement {
        let label = format!("{} [{}]", words.announcement(), one.event_seq);
        out.push(words.labelled(&label, escape(&one.text)));
    }
    if info.requests > 0 {
        out.push(words.requests(info.requests, info.conversation));
    }
    out.join("\n")
}
