//! Finding groups and coming in.

use litrocket_client::Client;
use litrocket_protocol::{
    ConversationId,
    conversations::GetConversation,
    groups::{
        AnswerJoin, DropGroupLink, FindGroups, GroupLinkInfo, JoinGroup, ListGroupLinks, ListJoinRequests,
        MakeGroupLink, WithdrawJoin, join_state,
    },
    limits,
};
use serde_json::{Value, json};

use super::{Group, GroupLinkCommand, In, of, settings::joining_name};
use crate::{
    Failure,
    commands::done,
    failure::Asked as _,
    output::{column, escape, escape_line, time},
    pages::pages,
    resolve,
    session::{Context, is_address, is_of_this_server, read_address},
    words::Words,
};

const DAY_MS: u64 = 86_400_000;
/// Groups of one name whose numbers are told.
const SAME_NAME_MAX: usize = 20;
/// What the code of a link has.
const CODE_LETTERS: usize = 16;

pub(super) async fn run(it: In<'_>, group: Group) -> Result<(), Failure> {
    match group {
        Group::Find { text, limit } => find(it.context, it.client, &text, limit).await,
        Group::Join { group, message } => join(it, &group, message).await,
        Group::Withdraw { group } => {
            let conversation = found(it.client, &group).await?;
            let answer = it.client.call(WithdrawJoin { conversation }).await?;
            done::taken(it.context, &answer, of(conversation), move |words| words.not_asked(&group))
        }
        Group::Requests { group } => requests(it, &group).await,
        Group::Answer { group, member, answer } => {
            let accept = answer == "accept";
            let answer = |conversation, account| AnswerJoin { conversation, account, accept };
            let no_member = |words: Words, name: &str, group: &str| words.no_member(name, group);
            let (conversation, answer, _) = it.about(&group, &member, answer, no_member).await?;
            done::set(it.context, &answer, of(conversation))
        }
        Group::Link(GroupLinkCommand::Make { group, uses, days }) => make_link(it, &group, uses, days).await,
        Group::Link(GroupLinkCommand::List { group }) => links(it, &group).await,
        Group::Link(GroupLinkCommand::Drop { group, link }) => {
            let drop = |conversation| DropGroupLink { conversation, link };
            it.take(&group, drop, move |words, group| words.no_link(link, group)).await
        }
        _ => Ok(()),
    }
}

/// Prints groups that are found by a text.
pub(in crate::commands) async fn find(
    context: &Context,
    client: &Client,
    text: &str,
    limit: u64,
) -> Result<(), Failure> {
    let found = pages(
        client,
        limit,
        |after, count| FindGroups { text: text.into(), after, limit: Some(count) },
        |page| (page.groups, page.next),
        |group| {
            context.output.data(
                || {
                    json!({"type": "found_group", "conversation": group.conversation.0, "name": group.name,
                        "description": group.description, "members": group.members,
                        "joining": joining_name(group.joining)})
                },
                || {
                    let words = context.output.words;
                    let (name, about) = (column(&escape(&group.name), 32), escape(&group.description));
                    let members = words.counted(group.members, words.member_word(), words.members_word());
                    format!("[{}]  #{name}  {}  {about}", group.conversation, column(&members, 12))
                        .trim_end()
                        .to_owned()
                },
            )
        },
    )
    .await?;
    In { context, client }.nothing(found > 0, context.output.words.no_groups_found());
    Ok(())
}

/// A group that can be found, by its number or its whole name.
async fn found(client: &Client, typed: &str) -> Result<ConversationId, Failure> {
    if let Ok(number) = typed.trim().parse() {
        return Ok(ConversationId(number));
    }
    let name = typed.trim().trim_start_matches(['#', '＃']).to_owned();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let request = FindGroups { text: name.clone(), after, limit: Some(limits::PAGE_MAX) };
        let page = client.call(request).await?;
        found.extend(page.groups.into_iter().filter(|one| one.name.to_lowercase() == name.to_lowercase()));
        after = page.next;
        // More of one name than can be told apart by their numbers are as good as none.
        if after.is_none() || found.len() > SAME_NAME_MAX {
            break;
        }
    }
    match &found[..] {
        [one] => Ok(one.conversation),
        // One's own needs not be found by others.
        [] => match resolve::group(client, &name).await {
            Err(Failure::Missing(..)) => Err(Failure::missing(move |words| words.not_found_by_name(&name))),
            other => other,
        },
        many => {
            let many: Vec<(ConversationId, u64)> =
                many.iter().map(|one| (one.conversation, one.members)).collect();
            Err(Failure::usage(move |words| {
                let members = |count: u64| words.counted(count, words.member_word(), words.members_word());
                let each = many.iter().map(|(number, count)| words.one_found(number, members(*count)));
                words.several_groups(&name, each.collect::<Vec<_>>().join(words.and()))
            }))
        }
    }
}

/// What somebody typed leads to: a link of this server, the bare code of one, or a group that can be found.
async fn wanted(it: In<'_>, typed: &str, message: String) -> Result<JoinGroup, Failure> {
    let by_code = |code: &str, message| JoinGroup { conversation: None, code: Some(code.into()), message };
    if is_address(typed) {
        is_of_this_server(it.client, &read_address(typed)?)?;
        let code = typed.split(['?', '&']).find_map(|part| part.strip_prefix("group="));
        let code = code.ok_or_else(|| Failure::usage(|words| words.no_group_in_address().into()))?;
        return Ok(by_code(code, message));
    }
    if is_code(typed) {
        return Ok(by_code(typed, message));
    }
    let conversation = Some(found(it.client, typed).await?);
    Ok(JoinGroup { conversation, code: None, message })
}

/// Whether a word can be the code of a link: sixteen small letters and digits. Names of groups that look so are
/// written with their mark.
fn is_code(typed: &str) -> bool {
    typed.len() == CODE_LETTERS
        && typed.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !typed.bytes().all(|byte| byte.is_ascii_digit())
}

async fn join(it: In<'_>, group: &str, message: String) -> Result<(), Failure> {
    let request = wanted(it, group, message).await?;
    let joined = it.client.call(request).await;
    let named = group.to_owned();
    let joined = joined.asked(move |words| words.no_such_group(&named))?;
    let is_in = joined.state == join_state::JOINED;
    let words = it.context.output.words;
    let conversation = joined.conversation;
    // A link does not say what it leads into.
    let name = if is_in && !it.context.output.json {
        it.client.call(GetConversation { conversation }).await.ok().map(|info| format!("#{}", info.name))
    } else {
        None
    };
    it.context.output.data(
        || {
            json!({"type": "group_joined", "conversation": joined.conversation.0,
                "state": if is_in { "joined" } else { "asked" }})
        },
        || {
            let what = if is_in { words.join_joined() } else { words.join_asked() };
            let place = name.unwrap_or_else(|| conversation.to_string());
            format!("[{}]  {what}", escape_line(&place))
        },
    )
}

async fn requests(it: In<'_>, group: &str) -> Result<(), Failure> {
    let conversation = it.group(group).await?;
    let waiting = pages(
        it.client,
        u64::MAX,
        |after, count| ListJoinRequests { conversation, after, limit: Some(count) },
        |page| (page.requests, page.next),
        |one| {
            it.context.output.data(
                || {
                    json!({"type": "join_request", "conversation": conversation.0, "account": one.account.0,
                        "handle": one.handle, "display_name": one.display_name,
                        "message": one.request.message, "at_ms": one.request.at_ms,
                        "expires_ms": one.request.expires_ms})
                },
                || {
                    let (handle, name) =
                        (column(&escape(&one.handle), 24), column(&escape(&one.display_name), 24));
                    let (at, message) = (time(one.request.at_ms), escape(&one.request.message));
                    format!("{at}  @{handle}  {name}  {message}").trim_end().to_owned()
                },
            )
        },
    )
    .await?;
    it.nothing(waiting > 0, it.context.output.words.no_join_requests());
    Ok(())
}

fn link_json(conversation: ConversationId, link: &GroupLinkInfo) -> Value {
    json!({"type": "group_link", "conversation": conversation.0, "link": link.link, "made_by": link.made_by.0,
        "made_ms": link.made_ms, "uses_left": link.uses_left, "expires_ms": link.expires_ms})
}

async fn make_link(it: In<'_>, group: &str, uses: u64, days: u64) -> Result<(), Failure> {
    let conversation = it.group(group).await?;
    let valid_ms = Some(days.saturating_mul(DAY_MS));
    let made = it.client.call(MakeGroupLink { conversation, uses: Some(uses), valid_ms }).await?;
    let words = it.context.output.words;
    it.context.output.data(
        || {
            let mut object = link_json(conversation, &made.link);
            object["code"] = made.code.clone().into();
            object["address"] = made.address.clone().into();
            object
        },
        || {
            let until = time(made.link.expires_ms);
            format!(
                "{}\n{} {}, {} {until}",
                made.address,
                words.uses_left(),
                made.link.uses_left,
                words.valid_until()
            )
        },
    )
}

async fn links(it: In<'_>, group: &str) -> Result<(), Failure> {
    let conversation = it.group(group).await?;
    let found = it.client.call(ListGroupLinks { conversation }).await?.links;
    let words = it.context.output.words;
    for link in &found {
        it.context.output.data(
            || link_json(conversation, link),
            || {
                let until = time(link.expires_ms);
                format!(
                    "{:<16}  {} {}, {} {until}",
                    link.link,
                    words.uses_left(),
                    link.uses_left,
                    words.valid_until()
                )
            },
        )?;
    }
    it.nothing(!found.is_empty(), words.no_links());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_code_is_a_name() {
        assert!(is_code("abcdefgh23456789"));
        for name in ["rockets", "#abcdefgh2345678", "1234567890123456", "sixteen letters!"] {
            assert!(!is_code(name), "{name}");
        }
    }
}
