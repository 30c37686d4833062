//! Keeping order, and what was done about it.

use litrocket_protocol::{
    groups::{AuditEntry, BanMember, ListAudit, ListBanned, MuteMember, audit_action as action},
    limits,
};
use serde_json::json;

use super::{Group, In};
use crate::{
    Failure,
    output::{column, escape, time},
    resolve::Names,
    words::Words,
};

pub(super) async fn run(it: In<'_>, group: Group) -> Result<(), Failure> {
    match group {
        Group::Mute { group, member, minutes } => {
            let for_ms = minutes.saturating_mul(60_000);
            it.act_on(&group, &member, |conversation, account| MuteMember { conversation, account, for_ms })
                .await
        }
        Group::Unmute { group, member } => {
            let free = |conversation, account| MuteMember { conversation, account, for_ms: 0 };
            it.take_from(&group, &member, free, |words, name, group| words.not_muted_there(name, group)).await
        }
        Group::Ban { group, member } => {
            let ban = |conversation, account| BanMember { conversation, account, banned: true };
            it.act_on(&group, &member, ban).await
        }
        Group::Unban { group, member } => {
            let unban = |conversation, account| BanMember { conversation, account, banned: false };
            it.take_from(&group, &member, unban, |words, name, group| words.not_banned(name, group)).await
        }
        Group::Banned { group } => banned(it, &group).await,
        Group::Audit { group, limit } => audit(it, &group, limit).await,
        _ => Ok(()),
    }
}

async fn banned(it: In<'_>, group: &str) -> Result<(), Failure> {
    let conversation = it.group(group).await?;
    let (mut after, mut any) = (None, false);
    loop {
        let page = it.client.call(ListBanned { conversation, after, limit: Some(limits::PAGE_MAX) }).await?;
        for person in &page.people {
            any = true;
            it.context.output.data(
                || {
                    json!({"type": "banned_person", "conversation": conversation.0, "account": person.account.0,
                        "handle": person.handle, "display_name": person.display_name})
                },
                || format!("@{}  {}", column(&escape(&person.handle), 24), escape(&person.display_name)),
            )?;
        }
        after = page.people.last().map(|person| person.account);
        if !page.more {
            break;
        }
    }
    it.nothing(any, it.context.output.words.nobody_banned());
    Ok(())
}

const fn action_name(entry: &AuditEntry) -> &'static str {
    match entry.action {
        action::ROLE => "role",
        action::SETTINGS => "settings",
        action::MUTED => "muted",
        action::REMOVED => "removed",
        action::BANNED => "banned",
        action::UNBANNED => "unbanned",
        action::MESSAGE_REMOVED => "message_removed",
        action::PINNED => "pinned",
        action::UNPINNED => "unpinned",
        action::LET_IN => "let_in",
        action::TURNED_AWAY => "turned_away",
        action::LINK_MADE => "link_made",
        action::LINK_DROPPED => "link_dropped",
        action::TRANSFERRED => "transferred",
        action::RENAMED => "renamed",
        action::ANNOUNCED => "announced",
        action::DISSOLVED => "dissolved",
        action::FILE_DELETED => "file_deleted",
        _ => "unknown",
    }
}

fn detail(words: Words, entry: &AuditEntry) -> String {
    match (entry.action, entry.value) {
        (action::ROLE, Some(role)) => words.role(u8::try_from(role).unwrap_or(u8::MAX)).to_owned(),
        (action::MUTED, Some(0)) => words.no_more().to_owned(),
        (action::MUTED, Some(until)) => words.until(time(until)),
        (_, Some(value)) => value.to_string(),
        (_, None) => entry.event_seq.map(|seq| words.at_event(seq)).unwrap_or_default(),
    }
}

async fn audit(it: In<'_>, group: &str, limit: u64) -> Result<(), Failure> {
    let conversation = it.group(group).await?;
    let mut names = Names::new(it.context.output.words);
    let (mut left, mut before, mut any) = (limit, None, false);
    while left > 0 {
        let limit = Some(left.min(limits::PAGE_MAX));
        let page = it.client.call(ListAudit { conversation, before, limit }).await?;
        left -= (page.entries.len() as u64).min(left);
        let named = page.entries.iter().flat_map(|entry| [Some(entry.actor), entry.account]).flatten();
        names.learn(it.client, named).await?;
        for entry in &page.entries {
            any = true;
            it.context.output.data(
                || {
                    json!({"type": "audit", "conversation": conversation.0, "id": entry.id, "at_ms": entry.at_ms,
                        "actor": names.of(entry.actor), "actor_id": entry.actor.0,
                        "action": action_name(entry), "account": entry.account.map(|it| names.of(it)),
                        "account_id": entry.account.map(|it| it.0), "event_seq": entry.event_seq,
                        "value": entry.value})
                },
                || {
                    let words = it.context.output.words;
                    let whom = entry.account.map(|it| format!("@{}", escape(&names.of(it)))).unwrap_or_default();
                    let actor = escape(&names.of(entry.actor));
                    let (at, what) = (time(entry.at_ms), words.action(action_name(entry)));
                    let (actor, what, whom) = (column(&actor, 24), column(what, 16), column(&whom, 25));
                    let line = format!("{at}  @{actor}  {what}  {whom}  {}", detail(words, entry));
                    line.trim_end().to_owned()
                },
            )?;
        }
        before = page.entries.last().map(|entry| entry.id);
        if !page.more {
            break;
        }
    }
    it.nothing(any, it.context.output.words.no_audit());
    Ok(())
}
