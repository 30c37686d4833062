//! Friends, friend requests and blocks.

mod command;

pub use command::Friend;
use litrocket_client::Client;
use litrocket_protocol::{
    AccountId,
    account::Profile,
    conversations::{AnswerDirect, GetDirect},
    people::{
        AnswerFriend, AskFriend, DismissRecommendation, FriendEntry, ListBlocked, ListFriendRequests,
        ListFriends, OpenAddLink, RecommendFriends, RemoveFriend, SetBlocked, SetFriend, WithdrawFriend,
        friend_state,
    },
};
use serde_json::{Value, json};

use super::done;
use crate::{
    Failure,
    failure::Asked as _,
    output::{column, escape, time},
    pages::{behind, pages},
    resolve::{self, Names},
    session::{Context, is_address, is_of_this_server, read_address},
    words::Words,
};

pub(super) async fn run(context: &Context, friend: Friend) -> Result<(), Failure> {
    let client = context.connect().await?;
    match friend {
        Friend::Add { name, message } => add(context, &client, &name, message.unwrap_or_default()).await?,
        Friend::Accept { name } => answer_request(context, &client, &name, true).await?,
        Friend::Refuse { name } => answer_request(context, &client, &name, false).await?,
        Friend::Withdraw { name } => {
            let it = resolve::account(&client, &name).await?;
            let answer = client.call(WithdrawFriend { account: it.account }).await?;
            done::taken(context, &answer, of(&it), move |words| words.no_request_of(&it.handle))?;
        }
        Friend::LetIn { name } => answer(context, &client, &name, true).await?,
        Friend::TurnAway { name } => answer(context, &client, &name, false).await?,
        Friend::Recommend { limit } => recommend(context, &client, limit).await?,
        Friend::Dismiss { name } => {
            let it = resolve::account(&client, &name).await?;
            let answer = client.call(DismissRecommendation { account: it.account }).await?;
            done::set(context, &answer, of(&it))?;
        }
        Friend::Requests { sent } => requests(context, &client, sent).await?,
        Friend::List { tag } => list(context, &client, tag).await?,
        Friend::Remark { name, text } => {
            let change = SetFriend { remark: Some(text), ..nothing() };
            set(context, &client, &name, change).await?;
        }
        Friend::Tag { name, tags } => {
            let change = SetFriend { tags: Some(tags), ..nothing() };
            set(context, &client, &name, change).await?;
        }
        Friend::Star { name, remove } => {
            let change = SetFriend { starred: Some(!remove), ..nothing() };
            set(context, &client, &name, change).await?;
        }
        Friend::Delete { name } => {
            let it = resolve::account(&client, &name).await?;
            let answer = client.call(RemoveFriend { account: it.account }).await?;
            done::taken(context, &answer, of(&it), move |words| words.no_friend(&it.handle))?;
        }
        Friend::Block { name } => {
            let it = resolve::account(&client, &name).await?;
            let answer = client.call(SetBlocked { account: it.account, blocked: true }).await?;
            done::set(context, &answer, of(&it))?;
        }
        Friend::Unblock { name } => {
            let it = resolve::account(&client, &name).await?;
            let answer = client.call(SetBlocked { account: it.account, blocked: false }).await?;
            done::taken(context, &answer, of(&it), move |words| words.not_blocked(&it.handle))?;
        }
        Friend::Blocked => blocked(context, &client).await?,
    }
    Ok(())
}

fn of(person: &Profile) -> Value {
    json!({"type": "done", "account": person.account.0})
}

fn nothing() -> SetFriend {
    SetFriend { account: AccountId::SYSTEM, remark: None, tags: None, starred: None }
}

/// Answers a friend request. Where there is such a person, what is not there is the request.
async fn answer_request(context: &Context, client: &Client, name: &str, accept: bool) -> Result<(), Failure> {
    let it = resolve::account(client, name).await?;
    let answer = client.call(AnswerFriend { account: it.account, accept }).await;
    let handle = it.handle.clone();
    let answer = answer.asked(move |words| words.no_request_of(&handle))?;
    done::set(context, &answer, of(&it))
}

/// Answers a stranger's first message.
async fn answer(context: &Context, client: &Client, name: &str, accept: bool) -> Result<(), Failure> {
    let it = resolve::account(client, name).await?;
    let handle = it.handle.clone();
    let said = move |words: Words| words.nothing_to_answer(&handle);
    let info = client.call(GetDirect { account: it.account }).await.asked(said.clone())?;
    let conversation = info.conversation;
    let answer = client.call(AnswerDirect { conversation, accept }).await.asked(said.clone())?;
    let object = json!({"type": "done", "account": it.account.0, "conversation": conversation.0});
    if accept { done::taken(context, &answer, object, said) } else { done::set(context, &answer, object) }
}

async fn add(context: &Context, client: &Client, name: &str, message: String) -> Result<(), Failure> {
    let (account, handle, code) = if is_address(name) {
        by_address(client, name).await?
    } else {
        let profile = resolve::account(client, name).await?;
        (profile.account, profile.handle, None)
    };
    let asked = client.call(AskFriend { account, message, code }).await?;
    let friends = asked.state == friend_state::FRIENDS;
    let words = context.output.words;
    context.output.data(
        || {
            json!({"type": "friend_asked", "account": account.0, "handle": handle,
                "state": if friends { "friends" } else { "asked" }})
        },
        || {
            let what = if friends { words.now_friends() } else { words.friend_asked() };
            format!("{what} @{}", escape(&handle))
        },
    )
}

/// Whose an add-me address is. It has to be of the server that one is signed in to.
async fn by_address(client: &Client, text: &str) -> Result<(AccountId, String, Option<String>), Failure> {
    let address = read_address(text)?;
    is_of_this_server(client, &address)?;
    let code = address.add.ok_or_else(|| Failure::usage(|words| words.nobody_in_address().into()))?;
    let found = client.call(OpenAddLink { code: code.clone() }).await;
    let found = found.asked(|words| words.void_address().into())?;
    Ok((found.account, found.handle, Some(code)))
}

async fn recommend(context: &Context, client: &Client, limit: u64) -> Result<(), Failure> {
    let words = context.output.words;
    let found = client.call(RecommendFriends { limit: Some(limit) }).await?.people;
    let mut names = Names::new(words);
    names.learn(client, found.iter().flat_map(|person| person.friends.iter().copied())).await?;
    for person in &found {
        let common: Vec<String> = person.friends.iter().map(|friend| names.of(*friend)).collect();
        context.output.data(
            || {
                json!({"type": "recommendation", "account": person.account.0, "handle": person.handle,
                    "display_name": person.display_name, "score": person.score,
                    "common_friends": person.common_friends, "friends": common,
                    "common_groups": person.common_groups})
            },
            || {
                let mut reasons = Vec::new();
                if person.common_friends > 0 {
                    let shown: Vec<String> = common.iter().map(|name| format!("@{}", escape(name))).collect();
                    let more = if person.common_friends > common.len() as u64 { " …" } else { "" };
                    let (count, shown) = (person.common_friends, shown.join(" "));
                    let count = words.counted(count, words.common_friend(), words.common_friends());
                    reasons.push(words.labelled(&count, format_args!("{shown}{more}")));
                }
                if person.common_groups > 0 {
                    let count = person.common_groups;
                    reasons.push(words.counted(count, words.common_group(), words.common_groups()));
                }
                let (handle, name) =
                    (column(&escape(&person.handle), 24), column(&escape(&person.display_name), 24));
                format!("@{handle}  {name}  {}", reasons.join(words.comma()))
            },
        )?;
    }
    if found.is_empty() {
        context.output.nothing(words.nobody_recommended());
    }
    Ok(())
}

/// Prints the requests that wait for an answer.
pub(super) async fn waiting(context: &Context, client: &Client) -> Result<(), Failure> {
    print_requests(context, client, false).await.map(drop)
}

async fn requests(context: &Context, client: &Client, sent: bool) -> Result<(), Failure> {
    if !print_requests(context, client, sent).await? {
        context.output.nothing(context.output.words.no_requests());
    }
    Ok(())
}

/// Whether there are any.
async fn print_requests(context: &Context, client: &Client, sent: bool) -> Result<bool, Failure> {
    let came = pages(
        client,
        u64::MAX,
        |after, count| ListFriendRequests { sent, after, limit: Some(count) },
        |page| (page.requests, page.next),
        |one| {
            context.output.data(
                || {
                    json!({"type": "friend_request", "account": one.account.0, "handle": one.handle,
                        "display_name": one.display_name, "sent": sent, "message": one.request.message,
                        "at_ms": one.request.at_ms, "expires_ms": one.request.expires_ms})
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
    Ok(came > 0)
}

fn print_friend(
    context: &Context,
    account: AccountId,
    handle: &str,
    display_name: &str,
    mine: &FriendEntry,
) -> Result<(), Failure> {
    context.output.data(
        || {
            json!({"type": "friend", "account": account.0, "handle": handle, "display_name": display_name,
                "remark": mine.remark, "tags": mine.tags, "starred": mine.starred, "since_ms": mine.since_ms})
        },
        || {
            let star = if mine.starred { "*" } else { " " };
            let shown = if mine.remark.is_empty() { display_name } else { &mine.remark };
            let tags: Vec<String> = mine.tags.iter().map(|tag| format!("[{}]", escape(tag))).collect();
            let (handle, shown) = (column(&escape(handle), 24), column(&escape(shown), 24));
            format!("{star} @{handle}  {shown}  {}", tags.join(" ")).trim_end().to_owned()
        },
    )
}

async fn set(context: &Context, client: &Client, name: &str, change: SetFriend) -> Result<(), Failure> {
    let profile = resolve::account(client, name).await?;
    let mine = client.call(SetFriend { account: profile.account, ..change }).await;
    let handle = profile.handle.clone();
    let mine = mine.asked(move |words| words.no_friend(&handle))?;
    print_friend(context, profile.account, &profile.handle, &profile.display_name, &mine)
}

async fn list(context: &Context, client: &Client, tag: Option<String>) -> Result<(), Failure> {
    let words = context.output.words;
    let came = pages(
        client,
        u64::MAX,
        |after, count| ListFriends { after, tag: tag.clone(), limit: Some(count) },
        |page| {
            let next = behind(&page.friends, page.more, |friend| friend.account);
            (page.friends, next)
        },
        |friend| print_friend(context, friend.account, &friend.handle, &friend.display_name, &friend.mine),
    )
    .await?;
    if came == 0 {
        context.output.nothing(&match tag {
            Some(tag) => words.no_friend_tagged(escape(&tag)),
            None => words.no_friends().into(),
        });
    }
    Ok(())
}

async fn blocked(context: &Context, client: &Client) -> Result<(), Failure> {
    let came = pages(
        client,
        u64::MAX,
        |after, count| ListBlocked { after, limit: Some(count) },
        |page| {
            let next = behind(&page.people, page.more, |one| one.account);
            (page.people, next)
        },
        |one| {
            context.output.data(
                || {
                    json!({"type": "blocked", "account": one.account.0, "handle": one.handle,
                        "display_name": one.display_name, "at_ms": one.block.at_ms})
                },
                || {
                    let words = context.output.words;
                    let (handle, name) =
                        (column(&escape(&one.handle), 24), column(&escape(&one.display_name), 24));
                    format!("@{handle}  {name}  {} {}", words.since(), time(one.block.at_ms))
                },
            )
        },
    )
    .await?;
    if came == 0 {
        context.output.nothing(context.output.words.nobody_blocked());
    }
    Ok(())
}
