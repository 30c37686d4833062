//! From what people type to ids, and from ids to names.

use std::{collections::HashMap, time::Duration};

use litrocket_client::{Client, Error};
use litrocket_protocol::{
    AccountId, Class, ConversationId, Request,
    account::{GetProfile, GetProfiles, Profile},
    conversations::{ConversationInfo, GetConversation, ListConversations, OpenDirect, conversation_kind},
    limits,
};

use crate::{Failure, failure::Asked as _, words::Words};

/// An account by `@name` or `name`.
pub(crate) async fn account(client: &Client, name: &str) -> Result<Profile, Failure> {
    let handle = name.strip_prefix('@').unwrap_or(name);
    if handle == "me" {
        return Ok(client.call(GetProfile::default()).await?);
    }
    let found = client.call(GetProfile { handle: Some(handle.into()), account: None }).await;
    let handle = handle.to_owned();
    found.asked(move |words| words.nobody_called(&handle))
}

/// Several accounts by name.
pub(crate) async fn accounts(client: &Client, names: &[String]) -> Result<Vec<AccountId>, Failure> {
    let mut found = Vec::new();
    for name in names {
        found.push(account(client, name).await?.account);
    }
    Ok(found)
}

/// A conversation by `@name`, `#group`, `@me` or number.
pub(crate) async fn conversation(client: &Client, to: &str) -> Result<ConversationId, Failure> {
    if let Some(name) = to.strip_prefix('#') {
        return group_by_name(client, name).await;
    }
    if to.starts_with('@') {
        let profile = account(client, to).await?;
        return Ok(client.call(OpenDirect { account: profile.account }).await?.conversation);
    }
    let Ok(number) = to.parse::<u64>() else {
        let to = to.to_owned();
        return Err(Failure::usage(move |words| words.nobody_meant(&to)));
    };
    let found = client.call(GetConversation { conversation: ConversationId(number) }).await;
    Ok(found.asked(move |words| words.no_conversation(number))?.conversation)
}

async fn group_by_name(client: &Client, name: &str) -> Result<ConversationId, Failure> {
    let all = all_conversations(client, u64::MAX).await?;
    let found: Vec<&ConversationInfo> =
        all.iter().filter(|info| info.kind == conversation_kind::GROUP && info.name == name).collect();
    match found.as_slice() {
        [one] => Ok(one.conversation),
        [] => {
            let name = name.to_owned();
            Err(Failure::usage(move |words| words.no_group(&name)))
        }
        many => {
            let ids: Vec<String> = many.iter().map(|info| info.conversation.to_string()).collect();
            let (name, ids) = (name.to_owned(), ids.join(", "));
            Err(Failure::usage(move |words| words.several_groups(&name, &ids)))
        }
    }
}

/// The caller's conversations, most recent first.
pub(crate) async fn all_conversations(client: &Client, limit: u64) -> Result<Vec<ConversationInfo>, Failure> {
    let mut all: Vec<ConversationInfo> = Vec::new();
    let mut after = None;
    loop {
        let wanted = (limit - all.len() as u64).min(limits::PAGE_MAX);
        let page = client.call(ListConversations { after, limit: Some(wanted.max(1)) }).await?;
        all.extend(page.conversations);
        after = page.next;
        if after.is_none() || all.len() as u64 >= limit {
            return Ok(all);
        }
    }
}

/// How often a look-up that the server puts off is tried.
const TRIES: usize = 10;

/// Asks again as the server says, when it is only too busy now.
pub(crate) async fn patiently<R: Request + Clone>(client: &Client, request: R) -> Result<R::Reply, Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        match client.call(request.clone()).await {
            Err(Error::Fault(fault)) if fault.class == Class::Retry && tries < TRIES => {
                let wait_ms = fault.retry_after_ms.unwrap_or(1000).min(10_000);
                tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            }
            result => return result,
        }
    }
}

/// Names of accounts, looked up in batches and remembered.
#[derive(Debug)]
pub(crate) struct Names {
    words: Words,
    known: HashMap<AccountId, String>,
}

impl Names {
    pub(crate) fn new(words: Words) -> Self {
        Self { words, known: HashMap::new() }
    }

    /// Looks up those that are not known.
    pub(crate) async fn learn(
        &mut self,
        client: &Client,
        accounts: impl IntoIterator<Item = AccountId>,
    ) -> Result<(), Error> {
        let mut missing: Vec<AccountId> = accounts
            .into_iter()
            .filter(|account| account.0 != 0 && !self.known.contains_key(account))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        for chunk in missing.chunks(limits::ACCOUNTS_PER_CALL_MAX) {
            let found = patiently(client, GetProfiles { accounts: chunk.to_vec() }).await?;
            for profile in found.profiles {
                let name = if profile.deleted { self.words.deleted_account().into() } else { profile.handle };
                self.known.insert(profile.account, name);
            }
        }
        Ok(())
    }

    /// The handle of an account that was looked up, or its number.
    pub(crate) fn of(&self, account: AccountId) -> String {
        self.known.get(&account).cloned().unwrap_or_else(|| account.to_string())
    }
}
