//! Making groups, and who is in them.

use litrocket_client::Client;
use litrocket_protocol::{
    AccountId, ConversationId,
    account::Profile,
    conversations::{
        CreateGroup, GetConversation, InviteMembers, LeaveGroup, ListMembers, RemoveMember, RenameGroup,
        TransferGroup, conversation_kind, member_state,
    },
    limits,
};
use serde_json::json;

use super::{Group, In, settings::role_name};
use crate::{
    Failure,
    commands::lists::print_info,
    output::{column, escape, time},
    resolve::{self, Names},
    session::Context,
};

pub(super) async fn run(it: In<'_>, group: Group) -> Result<(), Failure> {
    let In { context, client } = it;
    match group {
        Group::Create { name, members, open_history } => {
            create(context, client, name, &members, open_history).await
        }
        Group::Invite { group, members } => invite(context, client, &group, &members).await,
        Group::Remove { group, member } => {
            let remove = |conversation, account| RemoveMember { conversation, account };
            it.take_from(&group, &member, remove, |words, name, group| words.not_in(name, group)).await
        }
        Group::Leave { group } => {
            let leave = |conversation| LeaveGroup { conversation };
            it.take(&group, leave, |words, group| words.you_are_not_in(group)).await
        }
        Group::Rename { group, name } => {
            it.act(&group, |conversation| RenameGroup { conversation, name }).await
        }
        Group::Transfer { group, member } => {
            it.act_on(&group, &member, |conversation, account| TransferGroup { conversation, account }).await
        }
        Group::Members { group } => members(context, client, &group).await,
        _ => list(context, client).await,
    }
}

async fn create(
    context: &Context,
    client: &Client,
    name: String,
    members: &[String],
    open_history: bool,
) -> Result<(), Failure> {
    let wanted = Wanted::find(client, members).await?;
    let accounts = wanted.accounts();
    let (first, rest) = accounts.split_at(accounts.len().min(limits::ACCOUNTS_PER_CALL_MAX));
    let request = CreateGroup { id: client.new_id()?, name, accounts: first.to_vec(), open_history };
    let mut info = client.call(request).await?;
    let (mut joined, mut asked) = apart(client, info.conversation, first).await?;
    if !rest.is_empty() {
        let brought = bring(client, info.conversation, rest).await?;
        joined.extend(brought.0);
        asked.extend(brought.1);
        info = client.call(GetConversation { conversation: info.conversation }).await?;
    }
    print_info(context, &Names::new(context.output.words), &info)?;
    // Programs read in the reply's members who is in; people are told of each.
    let told = context.output.json || joined.is_empty();
    if asked.is_empty() && told { Ok(()) } else { wanted.print(context, info.conversation, &(joined, asked)) }
}

async fn invite(context: &Context, client: &Client, group: &str, names: &[String]) -> Result<(), Failure> {
    let conversation = resolve::group(client, group).await?;
    let wanted = Wanted::find(client, names).await?;
    let brought = bring(client, conversation, &wanted.accounts()).await?;
    wanted.print(context, conversation, &brought)
}

/// Who came in, and who has to be asked first.
type Brought = (Vec<AccountId>, Vec<AccountId>);

async fn bring(
    client: &Client,
    conversation: ConversationId,
    accounts: &[AccountId],
) -> Result<Brought, Failure> {
    let (mut joined, mut asked) = (Vec::new(), Vec::new());
    for chunk in accounts.chunks(limits::ACCOUNTS_PER_CALL_MAX) {
        let brought = client.call(InviteMembers { conversation, accounts: chunk.to_vec() }).await?;
        joined.extend(brought.joined);
        asked.extend(brought.invited);
    }
    Ok((joined, asked))
}

/// Of people who were wanted in a new group, those who are in, and those who are asked first.
async fn apart(
    client: &Client,
    conversation: ConversationId,
    wanted: &[AccountId],
) -> Result<Brought, Failure> {
    let (mut members, mut after) = (Vec::new(), None);
    while !wanted.is_empty() {
        let page = client.call(ListMembers { conversation, after, limit: Some(limits::PAGE_MAX) }).await?;
        members.extend(page.members.iter().map(|member| member.account));
        after = members.last().copied();
        if !page.more {
            break;
        }
    }
    Ok(wanted.iter().partition(|account| members.contains(*account)))
}

/// People who are wanted in a group.
struct Wanted(Vec<Profile>);

impl Wanted {
    async fn find(client: &Client, names: &[String]) -> Result<Self, Failure> {
        let mut found: Vec<Profile> = Vec::with_capacity(names.len());
        for name in names {
            let profile = resolve::account(client, name).await?;
            // Who is named twice is wanted once.
            if found.iter().all(|known| known.account != profile.account) {
                found.push(profile);
            }
        }
        Ok(Self(found))
    }

    fn accounts(&self) -> Vec<AccountId> {
        self.0.iter().map(|profile| profile.account).collect()
    }

    fn print(
        &self,
        context: &Context,
        conversation: ConversationId,
        (joined, asked): &Brought,
    ) -> Result<(), Failure> {
        let ids = |accounts: &[AccountId]| accounts.iter().map(|account| account.0).collect::<Vec<_>>();
        context.output.data(
            || {
                json!({"type": "invited", "conversation": conversation.0, "joined": ids(joined),
                    "invited": ids(asked)})
            },
            || {
                let words = context.output.words;
                let of = |among: &[AccountId]| {
                    let named = self.0.iter().filter(|profile| among.contains(&profile.account));
                    named.map(|profile| format!("@{}", escape(&profile.handle))).collect::<Vec<_>>().join(" ")
                };
                let parts = [(words.brought_in(), joined), (words.asked_first(), asked)];
                let parts = parts.into_iter().filter(|(_, people)| !people.is_empty());
                let parts: Vec<String> =
                    parts.map(|(what, people)| format!("{what} {}", of(people))).collect();
                if parts.is_empty() { words.brought_nobody().into() } else { parts.join(words.and()) }
            },
        )
    }
}

async fn members(context: &Context, client: &Client, group: &str) -> Result<(), Failure> {
    let conversation = resolve::group(client, group).await?;
    let mut after = None;
    loop {
        let page = client.call(ListMembers { conversation, after, limit: Some(limits::PAGE_MAX) }).await?;
        for member in &page.members {
            let words = context.output.words;
            context.output.data(
                || {
                    json!({"type": "member", "conversation": conversation.0, "account": member.account.0,
                        "handle": member.handle, "display_name": member.display_name,
                        "role": role_name(member.role), "nickname": member.nickname,
                        "muted_until_ms": member.muted_until_ms})
                },
                || {
                    let shown = member.nickname.as_ref().unwrap_or(&member.display_name);
                    let mut line = format!(
                        "@{}  {}  {}",
                        column(&escape(&member.handle), 32),
                        column(&escape(shown), 32),
                        words.role(member.role)
                    );
                    if let Some(until) = member.muted_until_ms {
                        line.push_str(&format!("  {} {}", words.muted_until(), time(until)));
                    }
                    line
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
        context.output.nothing(context.output.words.no_groups());
    }
    Ok(())
}
