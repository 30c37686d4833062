//! Groups.

use litrocket_client::Client;
use litrocket_protocol::{
    conversations::{
        CreateGroup, InviteMembers, LeaveGroup, ListMembers, RemoveMember, RenameGroup, TransferGroup,
        conversation_kind, member_state, role,
    },
    limits,
};
use serde_json::json;

use super::lists::print_info;
use crate::{
    Failure, Group,
    output::escape,
    resolve::{self, Names},
    session::Context,
};

pub(super) async fn run(context: &Context, group: Group) -> Result<(), Failure> {
    let client = context.connect().await?;
    match group {
        Group::Create { name, members, open_history } => {
            create(context, &client, name, &members, open_history).await?;
        }
        Group::Invite { group, members } => invite(context, &client, &group, &members).await?,
        Group::Remove { group, member } => {
            let conversation = resolve::conversation(&client, &group).await?;
            let account = resolve::account(&client, &member).await?.account;
            client.call(RemoveMember { conversation, account }).await?;
            done(context, conversation.0)?;
        }
        Group::Leave { group } => {
            let conversation = resolve::conversation(&client, &group).await?;
            client.call(LeaveGroup { conversation }).await?;
            done(context, conversation.0)?;
        }
        Group::Rename { group, name } => {
            let conversation = resolve::conversation(&client, &group).await?;
            client.call(RenameGroup { conversation, name }).await?;
            done(context, conversation.0)?;
        }
        Group::Transfer { group, member } => {
            let conversation = resolve::conversation(&client, &group).await?;
            let account = resolve::account(&client, &member).await?.account;
            client.call(TransferGroup { conversation, account }).await?;
            done(context, conversation.0)?;
        }
        Group::Members { group } => members(context, &client, &group).await?,
        Group::List => list(context, &client).await?,
    }
    client.close().await;
    Ok(())
}

fn done(context: &Context, conversation: u64) -> Result<(), Failure> {
    context
        .output
        .data(|| json!({"type": "done", "conversation": conversation}), || context.output.words.done().into())
}

async fn create(
    context: &Context,
    client: &Client,
    name: String,
    members: &[String],
    open_history: bool,
) -> Result<(), Failure> {
    let accounts = resolve::accounts(client, members).await?;
    let (first, rest) = accounts.split_at(accounts.len().min(limits::ACCOUNTS_PER_CALL_MAX));
    let request = CreateGroup { id: client.new_id()?, name, accounts: first.to_vec(), open_history };
    let info = client.call(request).await?;
    for chunk in rest.chunks(limits::ACCOUNTS_PER_CALL_MAX) {
        client.call(InviteMembers { conversation: info.conversation, accounts: chunk.to_vec() }).await?;
    }
    print_info(context, &Names::new(context.output.words), &info)
}

async fn invite(context: &Context, client: &Client, group: &str, names: &[String]) -> Result<(), Failure> {
    let conversation = resolve::conversation(client, group).await?;
    let accounts = resolve::accounts(client, names).await?;
    let mut joined = Vec::new();
    for chunk in accounts.chunks(limits::ACCOUNTS_PER_CALL_MAX) {
        joined.extend(client.call(InviteMembers { conversation, accounts: chunk.to_vec() }).await?.joined);
    }
    let ids: Vec<u64> = joined.iter().map(|account| account.0).collect();
    context.output.data(
        || json!({"type": "invited", "conversation": conversation.0, "joined": ids}),
        || format!("{} {}", context.output.words.brought_in(), ids.len()),
    )
}

async fn members(context: &Context, client: &Client, group: &str) -> Result<(), Failure> {
    let conversation = resolve::conversation(client, group).await?;
    let mut after = None;
    loop {
        let page = client.call(ListMembers { conversation, after, limit: Some(limits::PAGE_MAX) }).await?;
        for member in &page.members {
            let owner = member.role == role::OWNER;
            let words = context.output.words;
            context.output.data(
                || {
                    json!({"type": "member", "conversation": conversation.0, "account": member.account.0,
                        "handle": member.handle, "display_name": member.display_name,
                        "role": if owner { "owner" } else { "member" }})
                },
                || {
                    let role = if owner { words.owner() } else { words.member() };
                    format!("@{:<32}  {:<32}  {role}", escape(&member.handle), escape(&member.display_name))
                },
            )?;
        }
        after = page.members.last().map(|member| member.account);
        if !page.more {
            return Ok(());
        }
    }
}

async fn list(context: &Context, client: &Client) -> Result<(), Failure> {
    let all = resolve::all_conversations(client, u64::MAX).await?;
    let names = Names::new(context.output.words);
    let mine = |kind: u8, state: u8| kind == conversation_kind::GROUP && state == member_state::JOINED;
    let groups: Vec<_> = all.iter().filter(|info| mine(info.kind, info.mine.state)).collect();
    for info in &groups {
        print_info(context, &names, info)?;
    }
    if groups.is_empty() {
        context.output.hint(context.output.words.no_groups());
    }
    Ok(())
}
