//! What happened while nobody listened and no event tells: the operators' announcements, and on a device that is new, what
//! waits for an answer and what groups announce. Each is told once on a device.

use std::{collections::HashMap, path::PathBuf};

use litrocket_client::{Client, Error, write_whole};
use litrocket_protocol::{
    ConversationId,
    announcements::{Announcement, ListAnnouncements},
    chat::Entry,
    conversations::{ConversationEntry, GetConversation, conversation_kind, member_state},
    event::Event,
    frame,
    groups::GetGroup,
    history::GetEvents,
    moments::GetNewMoments,
};
use serde::{Deserialize, Serialize};

use super::{announcements, friends, groups, invitations, print};
use crate::{
    Failure,
    failure::At as _,
    resolve::{self, Names, Places, patiently},
    session::Context,
};

/// Conversations that are looked at when one begins to listen; others are asked for when something is said there.
const LOOKED_AT: u64 = 200;
/// Conversations, the newest, whose announcements a new device tells.
const GREETED: u64 = 20;
/// The file of the profile with what was told.
const NOTE: &str = "told.json";

/// What this device has told.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    /// The newest announcement of the operators; absent before the first.
    announcement: Option<u64>,
}

/// Tells a device that was signed in just now what waits for an answer, and what is announced.
pub(super) async fn greet(context: &Context, client: &Client) -> Result<(), Failure> {
    News::new(context)?.catch_up(context, client).await?;
    friends::waiting(context, client).await?;
    invitations::list(context, client, false).await?;
    let (mut names, mut places) = (Names::new(context.output.words), Places::default());
    let all = resolve::all_conversations(client, GREETED).await?;
    let joined = |kind: u8, state: u8| kind == conversation_kind::GROUP && state == member_state::JOINED;
    for info in all.iter().filter(|info| joined(info.kind, info.mine.state)) {
        let group = patiently(client, GetGroup { conversation: info.conversation }).await?;
        if let Some(one) = group.announcement.filter(|one| !one.text.is_empty()) {
            names.learn(client, [one.account]).await?;
            places.know(info);
            groups::print_announcement(context, (&names, &places), info.conversation, &one)?;
        }
    }
    Ok(())
}

/// What was told on this device, and what is known of its conversations.
#[derive(Debug)]
pub(super) struct News {
    path: PathBuf,
    told: Told,
    /// Whether a stranger waits for an answer there.
    strangers: HashMap<ConversationId, bool>,
    /// What conversations are called.
    pub(super) places: Places,
    /// What the groups are called into which one is invited: who does not come in cannot ask afterwards.
    pub(super) invitations: HashMap<ConversationId, String>,
}

impl News {
    fn new(context: &Context) -> Result<Self, Failure> {
        let path = context.profile()?.note_file(NOTE);
        let told = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(Self {
            path,
            told: told.unwrap_or_default(),
            strangers: HashMap::new(),
            places: Places::default(),
            invitations: HashMap::new(),
        })
    }

    /// Tells what nobody has told on this device.
    pub(super) async fn begin(context: &Context, client: &Client) -> Result<Self, Failure> {
        let mut news = Self::new(context)?;
        let all = resolve::all_conversations(client, LOOKED_AT).await?;
        news.strangers.extend(all.iter().map(|info| (info.conversation, info.mine.request)));
        for info in &all {
            news.places.know(info);
        }
        news.catch_up(context, client).await?;
        if !context.output.json {
            let invitations = invitations::all(client).await?;
            let named = invitations.into_iter().map(|one| (one.conversation, one.invitation.name));
            news.invitations.extend(named);
        }
        let moments = client.call(GetNewMoments::default()).await?;
        if moments.newest.is_some_and(|newest| newest > moments.seen) {
            context.output.hint(context.output.words.new_moments());
        }
        Ok(news)
    }

    /// The operators' announcements that were not told; on a new device the newest.
    async fn catch_up(&mut self, context: &Context, client: &Client) -> Result<(), Failure> {
        let Some(newest) = client.welcome().announcement else { return Ok(()) };
        let mut after = self.told.announcement.unwrap_or(newest.saturating_sub(1));
        while after < newest {
            let page = client.call(ListAnnouncements { after: Some(after), limit: None }).await?;
            for one in &page.announcements {
                self.announcement(context, one)?;
            }
            after = match page.announcements.last() {
                Some(last) if page.more => last.id,
                _ => newest,
            };
        }
        Ok(())
    }

    /// An announcement of the operators.
    pub(super) fn announcement(&mut self, context: &Context, it: &Announcement) -> Result<(), Failure> {
        if self.told.announcement.is_some_and(|told| it.id <= told) {
            return Ok(());
        }
        announcements::print(context, it)?;
        self.told.announcement = Some(it.id);
        self.save()
    }

    fn save(&self) -> Result<(), Failure> {
        let text = serde_json::to_vec(&self.told).map_err(std::io::Error::other)?;
        write_whole(&self.path, 0o600, &text).kept_at(&self.path)
    }

    /// What a conversation is called, looked up where that is not known.
    pub(super) async fn place(
        &mut self,
        client: &Client,
        names: &mut Names,
        conversation: ConversationId,
    ) -> Result<String, Failure> {
        self.places.learn(client, [conversation]).await?;
        names.learn(client, self.places.person(conversation)).await?;
        Ok(self.places.of(names, conversation))
    }

    /// The group of an invitation that is over: its name, where one was in time to read it or came in.
    pub(super) async fn invited_into(
        &mut self,
        client: &Client,
        conversation: ConversationId,
    ) -> Result<String, Failure> {
        if let Some(name) = self.invitations.remove(&conversation) {
            return Ok(format!("#{name}"));
        }
        match patiently(client, GetConversation { conversation }).await {
            Ok(info) => Ok(format!("#{}", info.name)),
            Err(Error::Fault(_)) => Ok(conversation.to_string()),
            Err(error) => Err(error.into()),
        }
    }

    /// The account's side of a conversation changed.
    pub(super) fn learn(&mut self, conversation: ConversationId, entry: &Entry) {
        let value = entry.value.as_ref().and_then(|value| frame::decode::<ConversationEntry>(value).ok());
        self.strangers.insert(conversation, value.is_some_and(|value| value.request));
    }

    /// What is to be told beside an event: whether a stranger waits for an answer, whether its file is gone.
    pub(super) async fn beside(
        &mut self,
        client: &Client,
        event: &Event,
    ) -> Result<print::Beside<'static>, Failure> {
        let conversation = event.conversation;
        let stranger = if let Some(known) = self.strangers.get(&conversation) {
            *known
        } else {
            let info = client.call(GetConversation { conversation }).await;
            let info = info.ok();
            if let Some(info) = &info {
                self.places.know(info);
            }
            let request = info.is_some_and(|info| info.mine.request);
            self.strangers.insert(conversation, request);
            request
        };
        let mut gone = false;
        if print::file(event).is_some() {
            // The log keeps what was said; whether the file is still there is asked for.
            let events = vec![event.event_seq];
            let found = client.call(GetEvents { conversation, events }).await;
            gone = found.is_ok_and(|found| found.messages.iter().any(|message| message.gone));
        }
        Ok(print::Beside { gone, stranger, ..print::Beside::default() })
    }
}
