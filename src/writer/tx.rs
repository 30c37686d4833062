//! The open transaction, as a job sees it.

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use foldhash::HashMap;
use litrocket_core::{
    access::Range,
    writer::{Head, Membership, Position, Rules, Savepoint},
};
use litrocket_protocol::{AccountId, ConversationId, MessageId, SessionId, chat, event::Event, frame};

use super::{
    placing::{INSERT_EVENT, Placing},
    standing::{SELECT_HEAD, SELECT_RANGES, SELECT_STATE, SET_SLOW_AT, asks, is_asked, refusal},
};
use crate::{
    app::Clock,
    args,
    db::{self, Row, Value, raw},
    error::Result,
    hub::{Change, Committed, Hub},
};

/// Memberships, and rules of groups, that are remembered; beyond it all are forgotten and looked up again.
const MEMBERSHIPS_MAX: usize = 100_000;

/// An event to append.
#[derive(Debug, Clone, Default)]
pub struct NewEvent {
    /// The conversation.
    pub conversation: ConversationId,
    /// Who caused it.
    pub sender: AccountId,
    /// What it is.
    pub kind: u16,
    /// The event it refers to.
    pub target: Option<u64>,
    /// The client's id with the payload's hash, for what clients send.
    pub id: Option<(MessageId, [u8; 32])>,
    /// The body.
    pub body: Vec<u8>,
    /// What to show when the kind is not known.
    pub fallback: Option<String>,
    /// The connection whose ack stands for it; 0 for none.
    pub origin: u64,
}

/// The open transaction. Everything done here is in one commit with whatever else waited.
#[derive(Debug)]
pub struct Tx {
    pub(super) connection: db::Connection,
    /// Whether the transaction of the batch is open.
    pub(super) open: bool,
    pub(super) core: litrocket_core::writer::Writer,
    pub(super) memberships: HashMap<(ConversationId, AccountId), Option<Membership>>,
    pub(super) touched: Vec<(ConversationId, AccountId)>,
    pub(super) rules: HashMap<ConversationId, Option<Rules>>,
    pub(super) touched_rules: Vec<ConversationId>,
    pub(super) ids: Ids,
    pub(super) committed: Committed,
    /// The end of the log as it was committed.
    pub(super) settled_pos: u64,
    /// Appended since the last commit: what the lazy values are derived from.
    pub(super) derived: Vec<Derived>,
    pub(super) hub: Arc<Hub>,
    pub(super) clock: Clock,
}

/// Conversation, time, and the sender with its message: what lazy values are derived from.
pub(super) type Derived = (ConversationId, u64, Option<(AccountId, u64)>);

/// The next free numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ids {
    pub(super) account: u64,
    pub(super) session: u64,
    pub(super) conversation: u64,
    pub(super) pos: u64,
}

/// What to come back to when a command fails.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    core: Savepoint,
    events: usize,
    changes: usize,
    derived: usize,
    pos: u64,
}

impl Tx {
    /// The server's time, in milliseconds since 1970 UTC.
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// Runs a statement; how many rows it changed.
    pub async fn execute(&mut self, sql: &'static str, args: &[Value]) -> Result<u64> {
        Ok(self.connection.execute(sql, args).await?)
    }

    /// Runs one statement for many rows of arguments, without a hop for each.
    pub async fn execute_many(&mut self, sql: &'static str, rows: &[Vec<Value>]) -> Result<()> {
        Ok(self.connection.execute_many(sql, rows).await?)
    }

    /// All rows of a query or of a statement with `RETURNING`.
    pub async fn all<R: Row>(&mut self, sql: &'static str, args: &[Value]) -> Result<Vec<R>> {
        Ok(self.connection.all(sql, args).await?)
    }

    /// The first row.
    pub async fn first<R: Row>(&mut self, sql: &'static str, args: &[Value]) -> Result<Option<R>> {
        Ok(self.connection.first(sql, args).await?)
    }

    /// A free account id.
    pub fn new_account(&mut self) -> AccountId {
        self.ids.account += 1;
        AccountId(self.ids.account)
    }

    /// A free session id.
    pub fn new_session(&mut self) -> SessionId {
        self.ids.session += 1;
        SessionId(self.ids.session)
    }

    /// A free conversation id.
    pub fn new_conversation(&mut self) -> ConversationId {
        self.ids.conversation += 1;
        ConversationId(self.ids.conversation)
    }

    /// The end of a conversation's log, with what this transaction appended.
    pub async fn head(&mut self, conversation: ConversationId) -> Result<Head> {
        if let Some(head) = self.core.head(conversation) {
            return Ok(head);
        }
        let row: Option<(i64, i64, i64)> = self.first(SELECT_HEAD, args![conversation]).await?;
        let head = row.map_or_else(Head::default, |(event_seq, message_seq, at_ms)| Head {
            event_seq: event_seq as u64,
            message_seq: message_seq as u64,
            at_ms: at_ms as u64,
        });
        self.core.load(conversation, head);
        Ok(head)
    }

    /// The membership of an account, with what this transaction changed; `None` for strangers.
    pub async fn membership(
        &mut self,
        conversation: ConversationId,
        account: AccountId,
    ) -> Result<Option<Membership>> {
        if let Some(known) = self.memberships.get(&(conversation, account)) {
            return Ok(known.clone());
        }
        let state: Option<(i64, i64, i64, i64, i64, i64)> =
            self.first(SELECT_STATE, args![conversation, account]).await?;
        let membership = match state {
            None => None,
            Some((state, refused, role, muted, last, asked)) => {
                let rows: Vec<(i64, Option<i64>)> =
                    self.all(SELECT_RANGES, args![conversation, account]).await?;
                let ranges = rows
                    .into_iter()
                    .map(|(from, to)| Range { from: from as u64, to: to.map(|to| to as u64) })
                    .collect();
                Some(Membership {
                    state: state as u8,
                    ranges,
                    refusal: refusal(refused),
                    role: role as u8,
                    muted_until_ms: muted as u64,
                    last_ms: last as u64,
                    asked: is_asked(asked),
                    asks: asks(asked),
                })
            }
        };
        self.remember(conversation, account, membership.clone());
        Ok(membership)
    }

    pub(super) fn remember(
        &mut self,
        conversation: ConversationId,
        account: AccountId,
        it: Option<Membership>,
    ) {
        self.memberships.insert((conversation, account), it);
    }

    pub(super) fn remember_rules(&mut self, conversation: ConversationId, rules: Option<Rules>) {
        self.rules.insert(conversation, rules);
    }

    /// A message was appended for which a feature had to look: where the group is slow, its sender waits now.
    pub(super) async fn note_slow(
        &mut self,
        conversation: ConversationId,
        sender: AccountId,
        position: Position,
    ) -> Result<()> {
        let key = (conversation, sender);
        let rules = self.rules.get(&conversation).copied().flatten();
        let Some(member) = self.memberships.get_mut(&key).and_then(Option::as_mut) else { return Ok(()) };
        if position.counts && rules.is_some_and(|rules| rules.slows(member)) {
            let now_ms = self.clock.now_ms();
            member.last_ms = now_ms;
            self.touched.push(key);
            self.connection.execute(SET_SLOW_AT, args![conversation, sender, now_ms]).await?;
        }
        Ok(())
    }

    /// Appends an event to a conversation: allocates its sequences, stores the bytes that are sent, and tells
    /// the joined members after the commit.
    pub async fn append(&mut self, event: NewEvent) -> Result<Position> {
        self.head(event.conversation).await?;
        let position = self.core.append(event.conversation, event.kind, self.clock.now_ms());
        let Self { committed, derived, ids, .. } = self;
        let row = Placing { committed, derived, ids }.place(event, position);
        self.connection.execute(INSERT_EVENT, &row).await?;
        Ok(position)
    }

    /// Replaces the stored bytes of an older event (edit, recall): its sequences, id, sender, time and hash
    /// stay. `gone` takes it out of search and unread mentions.
    pub async fn replace(&mut self, event: &Event, gone: bool) -> Result<()> {
        const UPDATE: &str =
            "UPDATE events SET frame = $3, gone = $4 WHERE conversation = $1 AND event_seq = $2";
        let bytes: Bytes = frame::encode(chat::frame_type::EVENT, event);
        self.execute(UPDATE, args![event.conversation, event.event_seq, bytes.clone(), gone]).await?;
        self.change(Change::Replaced {
            conversation: event.conversation,
            event_seq: event.event_seq,
            frame: bytes,
        });
        Ok(())
    }

    /// Sets entries of account logs (`None` takes a key out); each account's devices hear of it. A later value
    /// of the same key replaces the earlier one.
    pub async fn entries(&mut self, entries: Vec<(AccountId, String, Option<Vec<u8>>)>) -> Result<()> {
        const BUMP: &str = "UPDATE accounts SET log_version = log_version + 1 WHERE id = $1";
        const SET: &str = "INSERT INTO account_log (account, key, version, value, at_ms)
            SELECT id, $2, log_version, $3, $4 FROM accounts WHERE id = $1
            ON CONFLICT (account, key) DO UPDATE
            SET version = excluded.version, value = excluded.value, at_ms = excluded.at_ms";
        let now = self.now_ms();
        let accounts: BTreeSet<AccountId> = entries.iter().map(|(account, ..)| *account).collect();
        self.connection
            .raw(|raw| {
                let (mut bump, mut set) = (raw.prepare(BUMP)?, raw.prepare(SET)?);
                for (account, key, value) in entries {
                    raw::execute(&mut bump, args![account])?;
                    raw::execute(&mut set, args![account, key, value, now])?;
                }
                Ok(())
            })
            .await?;
        for account in accounts {
            self.change(Change::Account { account });
        }
        Ok(())
    }

    /// Sets one entry of an account's log.
    pub async fn entry(&mut self, account: AccountId, key: String, value: Option<Vec<u8>>) -> Result<()> {
        self.entries(vec![(account, key, value)]).await
    }

    /// Accounts came into a conversation or went. Call it after the rows in `members` and `access` changed.
    pub fn members_changed(
        &mut self,
        conversation: ConversationId,
        mut added: Vec<AccountId>,
        mut removed: Vec<AccountId>,
    ) {
        added.sort_unstable();
        removed.sort_unstable();
        for account in added.iter().chain(&removed) {
            self.memberships.remove(&(conversation, *account));
            self.touched.push((conversation, *account));
        }
        self.change(Change::Members { conversation, added, removed });
    }

    /// What a group lets its members send has changed. Call it after its row changed.
    pub fn rules_changed(&mut self, conversation: ConversationId) {
        self.rules.remove(&conversation);
        self.touched_rules.push(conversation);
    }

    /// Whether, or as what, an account may write in a conversation has changed. Call it after its row changed.
    pub fn standing_changed(&mut self, conversation: ConversationId, account: AccountId) {
        self.memberships.remove(&(conversation, account));
        self.touched.push((conversation, account));
    }

    /// Tells the hub something after the commit.
    pub fn change(&mut self, change: Change) {
        self.committed.changes.push(change);
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            core: self.core.savepoint(),
            events: self.committed.events.len(),
            changes: self.committed.changes.len(),
            derived: self.derived.len(),
            pos: self.ids.pos,
        }
    }

    pub(super) fn roll_back_to(&mut self, mark: Mark) {
        self.core.roll_back_to(mark.core);
        self.committed.events.truncate(mark.events);
        self.committed.changes.truncate(mark.changes);
        self.derived.truncate(mark.derived);
        self.ids.pos = mark.pos;
        self.forget_touched();
    }

    /// The transaction is durable. What is remembered is bounded here and not where it is looked up: a run of sends
    /// is decided by what was looked up for all of it.
    pub(super) fn settle(&mut self) {
        self.core.committed();
        self.settled_pos = self.ids.pos;
        self.touched.clear();
        self.touched_rules.clear();
        self.bound();
    }

    fn bound(&mut self) {
        if self.memberships.len() > MEMBERSHIPS_MAX {
            self.memberships.clear();
        }
        if self.rules.len() > MEMBERSHIPS_MAX {
            self.rules.clear();
        }
    }

    /// What was looked up after a change that is taken back may be wrong. What was touched stays noted until the
    /// commit: it is looked up again inside the same transaction.
    fn forget_touched(&mut self) {
        for key in &self.touched {
            self.memberships.remove(key);
        }
        for conversation in &self.touched_rules {
            self.rules.remove(conversation);
        }
    }

    pub(super) fn roll_back_all(&mut self) {
        self.core.rolled_back();
        // The lazy values are written with the end of the log: one that lies beyond it would hide later events from a start
        // that derives them again.
        self.ids.pos = self.settled_pos;
        self.committed = Committed::default();
        self.derived.clear();
        self.forget_touched();
        self.touched.clear();
        self.touched_rules.clear();
        self.bound();
    }
}
