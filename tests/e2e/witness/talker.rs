//! A device of the SDK that talks and listens.

use std::{
    collections::VecDeque,
    future::Future,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use litrocket_client::{Client, Error, Events, Item, Outgoing, Pending, Start};
use litrocket_history::{Entry, Hash};
use litrocket_protocol::{
    AccountId, ConversationId, Request,
    chat::Ack,
    conversations::{GetConversation, InviteMembers, RemoveMember},
    event::kind,
    fault::{Class, Fault},
    limits,
};
use tokio::{task::JoinHandle, time::timeout};

use super::{LONG, Notes, Witness, lock};
use crate::world::text;

/// Sends of one device without an answer.
const IN_FLIGHT: usize = 32;
/// Between two sends of one device.
const PAUSE: Duration = Duration::from_millis(3);
/// How long somebody who comes and goes stays; longer from time to time, since a group takes nobody back for ever.
const STAY: Duration = Duration::from_millis(150);
/// Own messages that may still be edited or recalled.
const REMEMBERED: usize = 16;

/// What a device does beside talking and listening.
pub(super) enum Habit {
    Talks,
    /// Edits and recalls of these own messages every eighth and twelfth time, also what it has recalled before.
    Edits(VecDeque<(ConversationId, u64)>),
    /// Is put out of the group by its owner, talks on into the refusals, and is let in again.
    ComesAndGoes {
        owner: Client,
        group: ConversationId,
        account: AccountId,
        stay: Stay,
        /// How often they came back.
        returns: u32,
    },
}

/// Where somebody who comes and goes is.
pub(super) enum Stay {
    In { since: Instant },
    IsPutOut(JoinHandle<()>),
    Out { refused: u64 },
    IsLetIn(JoinHandle<()>),
}

impl Habit {
    pub(super) fn comes_and_goes(owner: Client, group: ConversationId, account: AccountId) -> Self {
        Self::ComesAndGoes { owner, group, account, stay: Stay::In { since: Instant::now() }, returns: 0 }
    }

    /// Nothing is said by somebody who is about to be let in: a send that was refused, whose answer was lost and
    /// which is tried again inside, is decided anew, and may stand behind what was sent after it.
    fn speaks(&self, witness: &Witness) -> bool {
        let quiet = match self {
            Self::ComesAndGoes { stay: Stay::Out { refused }, .. } => *refused >= 3,
            Self::ComesAndGoes { stay: Stay::IsLetIn(_), .. } => true,
            _ => false,
        };
        witness.talks() && !quiet
    }

    /// The next thing to do, when the time has come.
    fn moves(&mut self, witness: &Arc<Witness>, nothing_pending: bool) {
        let Self::ComesAndGoes { owner, group, account, stay, returns } = self else { return };
        let (owner, conversation, account) = (owner.clone(), *group, *account);
        let next = match stay {
            Stay::In { since }
                if since.elapsed() > STAY * (1 + *returns / 10)
                    && u64::from(*returns) + 1 < limits::GROUP_RETURNS_MAX =>
            {
                witness.moving.fetch_add(1, Ordering::SeqCst);
                if !witness.talks() {
                    witness.moving.fetch_sub(1, Ordering::SeqCst);
                    return;
                }
                let removes = RemoveMember { conversation, account };
                Stay::IsPutOut(tokio::spawn(async move {
                    asks(&owner, removes).await;
                }))
            }
            Stay::IsPutOut(asked) if asked.is_finished() => Stay::Out { refused: 0 },
            Stay::Out { refused } if nothing_pending && (*refused >= 3 || !witness.talks()) => {
                Stay::IsLetIn(tokio::spawn(lets_in(witness.clone(), owner, conversation, account)))
            }
            Stay::IsLetIn(asked) if asked.is_finished() => {
                witness.moving.fetch_sub(1, Ordering::SeqCst);
                *returns += 1;
                Stay::In { since: Instant::now() }
            }
            _ => return,
        };
        *stay = next;
    }

    /// Another message of its own is there.
    fn said(&mut self, conversation: ConversationId, event_seq: u64) {
        if let Self::Edits(own) = self {
            own.push_back((conversation, event_seq));
            if own.len() > REMEMBERED {
                own.pop_front();
            }
        }
    }

    /// A refusal came; this is what it may be.
    fn is_refused(&mut self, fault: &Fault) {
        let expected = match self {
            Self::Talks => None,
            Self::Edits(_) => Some("bad_target"),
            Self::ComesAndGoes { stay, .. } => {
                if let Stay::Out { refused } = stay {
                    *refused += 1;
                }
                Some("not_a_member")
            }
        };
        assert_eq!(Some(fault.code.as_str()), expected, "{fault:?}");
    }

    fn message(&self, said: u64, words: &str) -> (Option<ConversationId>, Outgoing) {
        let words = text(words);
        if let Self::Edits(own) = self
            && let Some((conversation, target)) = own.get(said as usize % own.len().max(1))
        {
            if said % 12 == 5 {
                return (Some(*conversation), Outgoing::recall(*target));
            }
            if said % 8 == 3 {
                return (Some(*conversation), Outgoing::edit(*target, &words));
            }
        }
        (None, Outgoing::rich(&words))
    }
}

/// Lets somebody in. The answer may overtake the event, which nobody is done without.
async fn lets_in(witness: Arc<Witness>, owner: Client, conversation: ConversationId, account: AccountId) {
    let invited = asks(&owner, InviteMembers { conversation, accounts: vec![account] }).await;
    // An answer that was lost is given again: they are in already.
    assert!(invited.invited.is_empty(), "{invited:?}");
    let head = asks(&owner, GetConversation { conversation }).await.head_seq;
    witness.passed(conversation, head);
}

/// Asks until it is done.
async fn asks<R: Request + Clone>(client: &Client, request: R) -> R::Reply {
    loop {
        match timeout(LONG, client.call(request.clone())).await {
            Ok(Ok(reply)) => return reply,
            Ok(Err(Error::Fault(fault))) => assert_eq!(fault.class, Class::Retry, "{fault:?}"),
            _ => {}
        }
        tokio::time::sleep(PAUSE * 5).await;
    }
}

pub(super) struct Talker {
    notes: Notes,
    client: Client,
    events: Events,
    habit: Habit,
    pending: VecDeque<(ConversationId, u16, Pending)>,
    said: u64,
}

impl Talker {
    pub(super) fn new(notes: Notes, client: Client, habit: Habit) -> Self {
        let events = client.events(Start::Beginning).unwrap();
        Self { notes, client, events, habit, pending: VecDeque::new(), said: 0 }
    }

    pub(super) async fn run(mut self) {
        let mut talking = self.notes.witness.talking.subscribe();
        let mut next = tokio::time::interval(PAUSE);
        next.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.notes.is_over() {
            tokio::select! {
                item = self.events.next() => {
                    let item = item.expect("the client is open");
                    // An ack that came before this event is noted before it.
                    self.settles();
                    match item {
                        Item::Event(event) => self.notes.heard(&event),
                        Item::Skipped(skip) => self.notes.skipped(&skip),
                        Item::CursorRefused(refused) => panic!("{refused:?}"),
                        _ => {}
                    }
                }
                _ = next.tick() => {
                    self.settles();
                    self.habit.moves(&self.notes.witness, self.pending.is_empty());
                    if self.habit.speaks(&self.notes.witness) && self.pending.len() < IN_FLIGHT {
                        self.says().await;
                    }
                }
                _ = talking.changed() => {}
            }
        }
        self.notes.ends();
    }

    async fn says(&mut self) {
        let (account, device) = (self.notes.account, self.notes.device);
        let witness = self.notes.witness.clone();
        // Counted before it is asked again: nobody may take it for over in between.
        witness.sent.fetch_add(1, Ordering::SeqCst);
        if !witness.talks() {
            witness.sent.fetch_sub(1, Ordering::SeqCst);
            return;
        }
        self.said += 1;
        let words = format!("{} of device {device}{}", self.said, " and more".repeat(8));
        let (conversation, message) = self.habit.message(self.said, &words);
        let conversations = &self.notes.conversations;
        let conversation =
            conversation.unwrap_or_else(|| conversations[self.said as usize % conversations.len()]);
        let id = self.client.new_id().unwrap();
        let (kind, target, hash) = (message.kind, message.target, Hash::of(&message.body));
        witness.note(|at_us| Entry::Send { at_us, account, device, conversation, id, kind, hash, target });
        let pending = self.client.send(conversation, message.id(id)).await.unwrap();
        self.pending.push_back((conversation, kind, pending));
    }

    /// Notes the answers that are here, which come in the order of the sends of each conversation.
    fn settles(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        let mut open = VecDeque::new();
        while let Some((conversation, kind, mut pending)) = self.pending.pop_front() {
            // Without tokio's budget: a ready ack that looks pending would be noted after what followed it.
            let Poll::Ready(answer) = pin!(tokio::task::unconstrained(&mut pending)).poll(&mut context)
            else {
                open.push_back((conversation, kind, pending));
                continue;
            };
            match answer {
                Ok(ack) => self.is_acked(conversation, kind, &ack),
                Err(Error::Fault(fault)) => self.is_refused(conversation, &pending, &fault),
                Err(error) => panic!("a send has no answer: {error}"),
            }
        }
        self.pending = open;
    }

    fn is_acked(&mut self, conversation: ConversationId, sent: u16, ack: &Ack) {
        let (account, device) = (self.notes.account, self.notes.device);
        let (id, event_seq, message_seq, at_ms) = (ack.id, ack.event_seq, ack.message_seq, ack.at_ms);
        let witness = self.notes.witness.clone();
        witness.acked_at(at_ms);
        // Before the ack is noted: whoever asks behind it knows of it.
        if let Some(message_seq) = message_seq {
            let mut last_sent = lock(&witness.last_sent);
            let last = last_sent.entry((account, conversation)).or_default();
            *last = message_seq.max(*last);
        }
        witness.note(|at_us| Entry::Ack {
            at_us,
            account,
            device,
            conversation,
            id,
            event_seq,
            message_seq,
            at_ms,
        });
        self.notes.passes(conversation, event_seq);
        if sent == kind::TEXT {
            self.habit.said(conversation, event_seq);
        }
        witness.acked.fetch_add(1, Ordering::SeqCst);
    }

    fn is_refused(&mut self, conversation: ConversationId, pending: &Pending, fault: &Fault) {
        let (account, device, id) = (self.notes.account, self.notes.device, pending.id());
        self.habit.is_refused(fault);
        let (code, is_final) = (fault.code.clone().into(), fault.class != Class::Retry);
        let witness = &self.notes.witness;
        witness.note(|at_us| Entry::Refused { at_us, account, device, conversation, id, code, is_final });
        witness.refused.fetch_add(1, Ordering::SeqCst);
    }
}
