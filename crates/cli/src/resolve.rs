//! From what people type to ids, and from ids to names.

use std::{collections::HashMap, time::Duration};

use litrocket_client::{Client, Error};
use litrocket_protocol::{
    AccountId, Class, ConversationId, Request,
    account::{GetProfile, GetProfiles, Profile},
    conversations::{
        ConversationInfo, GetConversation, GetDirect, ListConversations, OpenDirect, conversation_kind,
        member_state,
    },
    limits,
};

use crate::{Failure, failure::Asked as _, output::time, pages::pages, words::Words};

/// What somebody typed for a person, a group or a conversation. Every command reads it the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Typed<'a> {
    /// `@me` or `me`.
    Me,
    /// `@name`.
    Person(&'a str),
    /// `#name`.
    Group(&'a str),
    /// A number: of a conversation, or of an account where only people are meant.
    Number(u64),
    /// A bare word: whatever has that name.
    Word(&'a str),
}

impl<'a> Typed<'a> {
    fn read(text: &'a str) -> Self {
        let text = text.trim();
        // Chinese keyboards write the marks wide.
        let marked = |marks: [char; 2]| text.strip_prefix(marks).map(str::trim_start);
        if let Some(name) = marked(['@', '＠']) {
            return if name.eq_ignore_ascii_case("me") { Self::Me } else { Self::Person(name) };
        }
        if let Some(name) = marked(['#', '＃']) {
            return Self::Group(name);
        }
        match text.parse() {
            Ok(number) if text.bytes().all(|byte| byte.is_ascii_digit()) => Self::Number(number),
            _ if text.eq_ignore_ascii_case("me") => Self::Me,
            _ => Self::Word(text),
        }
    }
}

/// A name without what marks it as a person's.
pub(crate) fn handle(typed: &str) -> &str {
    match Typed::read(typed) {
        Typed::Person(name) => name,
        _ => typed.trim(),
    }
}

/// An account by `@name`, `name`, `@me` or its number.
pub(crate) async fn account(client: &Client, typed: &str) -> Result<Profile, Failure> {
    let handle = match Typed::read(typed) {
        Typed::Me => return Ok(client.call(GetProfile::default()).await?),
        Typed::Number(number) => {
            let request = GetProfile { handle: None, account: Some(AccountId(number)) };
            return client.call(request).await.asked(move |words| words.no_account(number));
        }
        Typed::Group(name) => {
            let name = name.to_owned();
            return Err(Failure::usage(move |words| words.a_person_please(&name)));
        }
        Typed::Person(name) | Typed::Word(name) => name,
    };
    let found = client.call(GetProfile { handle: Some(handle.into()), account: None }).await;
    let handle = handle.to_owned();
    found.asked(move |words| words.nobody_called(&handle))
}

/// Several accounts.
pub(crate) async fn accounts(client: &Client, names: &[String]) -> Result<Vec<AccountId>, Failure> {
    let mut found = Vec::new();
    for name in names {
        found.push(account(client, name).await?.account);
    }
    Ok(found)
}

/// A group by `#name`, `name` or its number.
pub(crate) async fn group(client: &Client, typed: &str) -> Result<ConversationId, Failure> {
    match Typed::read(typed) {
        Typed::Number(number) => by_number(client, number).await,
        Typed::Group(name) | Typed::Word(name) => {
            let name = name.to_owned();
            let found = groups_named(client, &name).await?;
            the_one(&found, &name)?.ok_or_else(|| Failure::missing(move |words| words.no_group(&name)))
        }
        Typed::Me | Typed::Person(_) => {
            let typed = typed.to_owned();
            Err(Failure::usage(move |words| words.a_group_please(&typed)))
        }
    }
}

/// A conversation that is there: by `@name`, `#group`, `@me`, its number, or the bare name of a person or group. None is
/// made by asking for it.
pub(crate) async fn conversation(client: &Client, typed: &str) -> Result<ConversationId, Failure> {
    let name = typed.trim().to_owned();
    existing(client, typed).await?.ok_or_else(|| Failure::missing(move |words| words.never_talked(&name)))
}

/// The same; nothing where there is such a person, and nothing was ever said.
pub(crate) async fn existing(client: &Client, typed: &str) -> Result<Option<ConversationId>, Failure> {
    match meant(client, typed).await? {
        Meant::Conversation(conversation) => Ok(Some(conversation)),
        Meant::Person(account) => match client.call(GetDirect { account }).await {
            Ok(info) => Ok(Some(info.conversation)),
            Err(Error::Fault(fault)) if fault.code == "not_found" => Ok(None),
            Err(error) => Err(error.into()),
        },
    }
}

/// A conversation to say something in: the one with a person is made where there is none.
pub(crate) async fn open(client: &Client, typed: &str) -> Result<ConversationId, Failure> {
    match meant(client, typed).await? {
        Meant::Conversation(conversation) => Ok(conversation),
        Meant::Person(account) => Ok(client.call(OpenDirect { account }).await?.conversation),
    }
}

/// The person somebody typed, or the conversation.
pub(crate) async fn person_or_place(
    client: &Client,
    typed: &str,
) -> Result<(Option<AccountId>, Option<ConversationId>), Failure> {
    Ok(match meant(client, typed).await? {
        Meant::Person(account) => (Some(account), None),
        Meant::Conversation(conversation) => (None, Some(conversation)),
    })
}

enum Meant {
    Conversation(ConversationId),
    Person(AccountId),
}

async fn meant(client: &Client, typed: &str) -> Result<Meant, Failure> {
    match Typed::read(typed) {
        Typed::Number(number) => by_number(client, number).await.map(Meant::Conversation),
        Typed::Group(_) => group(client, typed).await.map(Meant::Conversation),
        Typed::Me | Typed::Person(_) => Ok(Meant::Person(account(client, typed).await?.account)),
        Typed::Word(name) => {
            let groups = groups_named(client, name).await?;
            let person = match client.call(GetProfile { handle: Some(name.into()), account: None }).await {
                Err(Error::Fault(fault)) if fault.code == "not_found" => None,
                found => Some(found?.account),
            };
            let name = name.to_owned();
            match (person, the_one(&groups, &name)?) {
                (Some(_), Some(_)) => Err(Failure::usage(move |words| words.person_or_group(&name))),
                (Some(account), None) => Ok(Meant::Person(account)),
                (None, Some(conversation)) => Ok(Meant::Conversation(conversation)),
                (None, None) => Err(Failure::missing(move |words| words.nobody_meant(&name))),
            }
        }
    }
}

async fn by_number(client: &Client, number: u64) -> Result<ConversationId, Failure> {
    let found = client.call(GetConversation { conversation: ConversationId(number) }).await;
    Ok(found.asked(move |words| words.no_conversation(number))?.conversation)
}

/// The caller's groups of a name, as it is written or, where none is, in any case. One that is over counts only where
/// no other has the name.
async fn groups_named(client: &Client, name: &str) -> Result<Vec<ConversationInfo>, Failure> {
    let mut all = all_conversations(client, u64::MAX).await?;
    all.retain(|info| info.kind == conversation_kind::GROUP);
    let lower = name.to_lowercase();
    let tests: [&dyn Fn(&ConversationInfo) -> bool; 2] =
        [&|info| info.name == name, &|info| info.name.to_lowercase() == lower];
    for test in tests {
        let found = all.iter().filter(|info| test(info));
        let is_joined = |info: &ConversationInfo| info.mine.state == member_state::JOINED;
        let (living, over): (Vec<_>, Vec<_>) = found.cloned().partition(is_joined);
        if !living.is_empty() || !over.is_empty() {
            return Ok(if living.is_empty() { over } else { living });
        }
    }
    Ok(Vec::new())
}

/// The only one of a name, if there is any.
fn the_one(found: &[ConversationInfo], name: &str) -> Result<Option<ConversationId>, Failure> {
    if found.len() < 2 {
        return Ok(found.first().map(|info| info.conversation));
    }
    let (found, name) = (found.to_vec(), name.to_owned());
    Err(Failure::usage(move |words| {
        let one = |info: &ConversationInfo| {
            let members = words.counted(info.members, words.member_word(), words.members_word());
            words.one_of_several(info.conversation, members, time(info.last_at_ms))
        };
        words.several_groups(&name, found.iter().map(one).collect::<Vec<_>>().join(words.and()))
    }))
}

/// The caller's conversations, most recent first.
pub(crate) async fn all_conversations(client: &Client, limit: u64) -> Result<Vec<ConversationInfo>, Failure> {
    let mut all: Vec<ConversationInfo> = Vec::new();
    pages(
        client,
        limit,
        |after, count| ListConversations { after, limit: Some(count) },
        |page| (page.conversations, page.next),
        |info| {
            all.push(info);
            Ok(())
        },
    )
    .await?;
    Ok(all)
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

/// So many conversations are looked up each by itself; where more are missing, the newest are asked for first.
const ONE_BY_ONE: usize = 2;

/// What conversations are called, looked up when they are needed and remembered.
#[derive(Debug, Default)]
pub(crate) struct Places {
    known: HashMap<ConversationId, String>,
    people: HashMap<ConversationId, AccountId>,
}

impl Places {
    /// What is known of a conversation.
    pub(crate) fn know(&mut self, info: &ConversationInfo) {
        let name = match (info.kind, info.peer) {
            (conversation_kind::GROUP, _) => format!("#{}", info.name),
            (conversation_kind::SAVED, _) => "@me".to_owned(),
            (_, Some(peer)) => {
                self.people.insert(info.conversation, peer);
                return;
            }
            (_, None) => return,
        };
        self.known.insert(info.conversation, name);
    }

    /// A group is called otherwise now.
    pub(crate) fn rename(&mut self, conversation: ConversationId, name: &str) {
        self.known.insert(conversation, format!("#{name}"));
    }

    /// Looks up those that are not known, most of them with the newest. One that cannot be looked up keeps its number.
    pub(crate) async fn learn(
        &mut self,
        client: &Client,
        conversations: impl IntoIterator<Item = ConversationId>,
    ) -> Result<(), Error> {
        let is_known =
            |it: &Self, one: &ConversationId| it.known.contains_key(one) || it.people.contains_key(one);
        let mut missing: Vec<ConversationId> =
            conversations.into_iter().filter(|conversation| !is_known(self, conversation)).collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.len() > ONE_BY_ONE {
            let request = ListConversations { after: None, limit: Some(limits::PAGE_MAX) };
            let page = patiently(client, request).await?;
            for info in &page.conversations {
                self.know(info);
            }
            missing.retain(|conversation| !is_known(self, conversation));
        }
        for conversation in missing {
            match patiently(client, GetConversation { conversation }).await {
                Ok(info) => self.know(&info),
                Err(Error::Fault(_)) => {
                    self.known.insert(conversation, conversation.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The other people of conversations, whose names are to be learnt too.
    pub(crate) fn people(&self) -> impl Iterator<Item = AccountId> {
        self.people.values().copied()
    }

    /// The other person of one.
    pub(crate) fn person(&self, conversation: ConversationId) -> Option<AccountId> {
        self.people.get(&conversation).copied()
    }

    /// `@name`, `#group`, or the number of what was not looked up.
    pub(crate) fn of(&self, names: &Names, conversation: ConversationId) -> String {
        match self.people.get(&conversation) {
            Some(peer) => format!("@{}", names.of(*peer)),
            None => self.known.get(&conversation).cloned().unwrap_or_else(|| conversation.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_the_same_way_everywhere() {
        for (text, typed) in [
            ("@ada", Typed::Person("ada")),
            ("＠ada", Typed::Person("ada")),
            (" @ada ", Typed::Person("ada")),
            ("ada", Typed::Word("ada")),
            ("@me", Typed::Me),
            ("Me", Typed::Me),
            ("#rockets", Typed::Group("rockets")),
            ("＃火箭", Typed::Group("火箭")),
            ("12", Typed::Number(12)),
            ("@12", Typed::Person("12")),
            ("#2026", Typed::Group("2026")),
            ("+12", Typed::Word("+12")),
            ("99999999999999999999", Typed::Word("99999999999999999999")),
        ] {
            assert_eq!(Typed::read(text), typed, "{text}");
        }
        assert_eq!(
            (handle("@ada"), handle("＠ada"), handle("ada"), handle("42")),
            ("ada", "ada", "ada", "42")
        );
    }
}
