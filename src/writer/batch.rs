//! One batch: whatever waits, in one transaction, each command in order.

use std::sync::Arc;

use litrocket_core::writer::Position;
use litrocket_protocol::{Code, Fault, fault::code};

use super::{
    Answers, Command, Hooks, Job, Lazy, SendCommand, Tx, refuse,
    sends::{Outcome, is_retryable},
    unavailable,
};
use crate::{
    args,
    db::Failure,
    error::{Error, Result},
    hub::Hub,
};

/// Answers that wait for the commit.
#[derive(Default)]
pub(super) struct Waiting {
    sends: Vec<(SendCommand, Result<Position, Fault>)>,
    jobs: Vec<JobAnswer>,
    /// Streams that have gone. They are forgotten after everything is answered: answering fences.
    gone: Vec<u64>,
}

type JobAnswer = Box<dyn FnOnce(Result<()>) + Send>;

/// Opens the transaction, with what a batch does first.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

/// Why a whole batch is given up.
pub(super) enum GiveUp {
    /// Rolled back; try again later.
    Temporary(String),
    /// Answer nothing more and end the process.
    Fatal(String),
}

impl Tx {
    /// Runs a batch to its commit. What the batch does is published before anybody is answered.
    pub(super) async fn run_batch(
        &mut self,
        commands: Vec<Command>,
        hooks: &dyn Hooks,
        hub: &Hub,
        lazy: &Lazy,
    ) -> Result<(), GiveUp> {
        let mut waiting = Waiting::default();
        let mut rest = commands.into_iter();
        let result = self.try_batch(&mut rest, &mut waiting, hooks).await;
        let gone = std::mem::take(&mut waiting.gone);
        let result = match result {
            Ok(()) => {
                self.settle();
                // Whoever hears an ack finds its message counted.
                for (conversation, at_ms, sent) in self.derived.drain(..) {
                    lazy.appended(conversation, at_ms, sent);
                }
                // Acks are queued before the hub wakes anybody: on the sender's own stream no later event
                // can then overtake the ack that stands for an earlier one.
                let (jobs, answered) = waiting.answer_sends(self, None);
                hub.publish(std::mem::take(&mut self.committed));
                // Most were woken by what was published, and have written their acks with it.
                for stream in answered {
                    stream.wake();
                }
                answer_jobs(jobs, None);
                Ok(())
            }
            Err(give_up) => {
                // A failed statement may have ended the transaction already.
                let rolled_back = self.connection.execute("ROLLBACK", &[]).await;
                tracing::debug!(ok = rolled_back.is_ok(), "rolled a batch back");
                // Members that were looked up inside the transaction may not be the ones that stand.
                hub.forget_members(self.committed.events.iter().map(|event| event.conversation));
                self.roll_back_all();
                if let GiveUp::Temporary(_) = &give_up {
                    let fault = unavailable();
                    let (jobs, answered) = waiting.answer_sends(self, Some(&fault));
                    for stream in answered {
                        stream.wake();
                    }
                    answer_jobs(jobs, Some(&fault));
                    refuse_all(self, rest);
                }
                Err(give_up)
            }
        };
        for stream in gone {
            self.core.forget(stream);
        }
        result
    }

    async fn try_batch(
        &mut self,
        rest: &mut std::vec::IntoIter<Command>,
        waiting: &mut Waiting,
        hooks: &dyn Hooks,
    ) -> Result<(), GiveUp> {
        self.open = false;
        let mut run: Vec<SendCommand> = Vec::new();
        for command in rest.by_ref() {
            match command {
                Command::Sends(sends) => run.extend(sends),
                Command::Job(job) => {
                    self.run_sends(std::mem::take(&mut run), waiting, hooks).await?;
                    self.run_job(job, waiting).await?;
                }
                Command::Forget(stream) => waiting.gone.push(stream),
                Command::Stop(_) => {}
            }
        }
        self.run_sends(run, waiting, hooks).await?;
        if !self.open {
            return Ok(());
        }
        self.load_audiences().await.map_err(|error| give_up(&error))?;
        self.connection.execute("COMMIT", &[]).await.map(drop).map_err(|error| match error.failure() {
            Failure::Temporary => GiveUp::Temporary(error.to_string()),
            _ => GiveUp::Fatal(format!("a commit failed: {error}")),
        })
    }

    async fn run_sends(
        &mut self,
        mut run: Vec<SendCommand>,
        waiting: &mut Waiting,
        hooks: &dyn Hooks,
    ) -> Result<(), GiveUp> {
        while !run.is_empty() {
            let outcomes = match self.append_run(&mut run).await {
                Ok(outcomes) => outcomes,
                Err(error) => {
                    waiting.sends.extend(run.into_iter().map(|send| (send, Err(unavailable()))));
                    // The inserts of a run share one savepoint, the transaction: a statement that fails here
                    // is not about one send.
                    return Err(match error.failure() {
                        Failure::Fatal => GiveUp::Fatal(error.to_string()),
                        _ => GiveUp::Temporary(error.to_string()),
                    });
                }
            };
            let later = run.split_off(outcomes.len());
            let mut decided = run.into_iter().zip(outcomes);
            while let Some((send, outcome)) = decided.next() {
                match self.outcome_of(&send, outcome, hooks).await {
                    Ok(result) => waiting.sends.push((send, result)),
                    Err(give_up) => {
                        // Every send gets an answer: one without would leave its stream a place short for ever.
                        let rest = std::iter::once(send).chain(decided.map(|(send, _)| send)).chain(later);
                        waiting.sends.extend(rest.map(|send| (send, Err(unavailable()))));
                        return Err(give_up);
                    }
                }
            }
            run = later;
        }
        Ok(())
    }

    /// What a send is answered after the commit.
    async fn outcome_of(
        &mut self,
        send: &SendCommand,
        outcome: Outcome,
        hooks: &dyn Hooks,
    ) -> Result<Result<Position, Fault>, GiveUp> {
        match outcome {
            Outcome::Again(position) => Ok(Ok(position)),
            Outcome::At(position) => {
                self.sent(send, position, hooks).await?;
                Ok(Ok(position))
            }
            Outcome::Refused(code, after_ms) => Ok(Err(self.refusal(send, code, after_ms))),
            Outcome::Change => self.run_change(send, hooks).await,
        }
    }

    /// What features do after a send: at the first of a conversation, and at one that answers a stranger.
    async fn sent(
        &mut self,
        send: &SendCommand,
        position: Position,
        hooks: &dyn Hooks,
    ) -> Result<(), GiveUp> {
        let conversation = send.send.conversation;
        if position.event_seq == 1 {
            hooks.first_event(self, conversation).await.map_err(|error| give_up(&error))?;
        }
        let member = self.memberships.get(&(conversation, send.sender));
        if member.and_then(Option::as_ref).is_some_and(|member| member.asked) {
            hooks.answered(self, conversation).await.map_err(|error| give_up(&error))?;
        }
        Ok(())
    }

    fn refusal(&mut self, send: &SendCommand, code: Code, after_ms: Option<u64>) -> Fault {
        if is_retryable(code) {
            fence(&mut self.core, send);
        }
        match &send.refusal {
            Some(fault) if fault.is(code) => (**fault).clone(),
            _ => Fault { retry_after_ms: after_ms, ..Fault::new(code) },
        }
    }

    /// A send that needs a feature: in a savepoint, so that a refusal leaves nothing behind.
    async fn run_change(
        &mut self,
        send: &SendCommand,
        hooks: &dyn Hooks,
    ) -> Result<Result<Position, Fault>, GiveUp> {
        let mark = self.savepoint().await?;
        match hooks.change(self, send).await {
            Ok(position) => {
                self.note_slow(send.send.conversation, send.sender, position)
                    .await
                    .map_err(|error| give_up(&error))?;
                self.release().await?;
                self.sent(send, position, hooks).await?;
                Ok(Ok(position))
            }
            Err(error) => {
                if error.failure().is_some_and(|failure| failure != Failure::Statement) {
                    return Err(give_up(&error));
                }
                self.restore(mark).await?;
                let fault = Fault::from(error);
                if fault.class == litrocket_protocol::Class::Retry {
                    fence(&mut self.core, send);
                }
                Ok(Err(fault))
            }
        }
    }

    async fn run_job(&mut self, job: Box<dyn Job>, waiting: &mut Waiting) -> Result<(), GiveUp> {
        if !self.open {
            self.statement(BEGIN).await?;
            self.open = true;
        }
        let mark = self.savepoint().await?;
        let ran = job.run(self).await;
        match ran.kept {
            Ok(()) => {
                waiting.jobs.push(ran.answer);
                self.release().await
            }
            Err(Some(failure)) if failure != Failure::Statement => {
                let cause = "a job's statement failed".to_owned();
                (ran.answer)(Err(code::UNAVAILABLE.into()));
                Err(if failure == Failure::Fatal { GiveUp::Fatal(cause) } else { GiveUp::Temporary(cause) })
            }
            Err(_) => {
                self.restore(mark).await?;
                (ran.answer)(Ok(()));
                Ok(())
            }
        }
    }

    async fn savepoint(&mut self) -> Result<super::tx::Mark, GiveUp> {
        let mark = self.mark();
        self.statement("SAVEPOINT command").await?;
        Ok(mark)
    }

    async fn release(&mut self) -> Result<(), GiveUp> {
        self.statement("RELEASE command").await
    }

    async fn restore(&mut self, mark: super::tx::Mark) -> Result<(), GiveUp> {
        self.statement("ROLLBACK TO command").await?;
        self.statement("RELEASE command").await?;
        self.roll_back_to(mark);
        Ok(())
    }

    async fn statement(&mut self, sql: &'static str) -> Result<(), GiveUp> {
        self.connection.execute(sql, &[]).await.map(drop).map_err(|error| give_up(&error.into()))
    }

    /// The hub needs the members of every conversation that has something new.
    async fn load_audiences(&mut self) -> Result<()> {
        const SELECT: &str = "SELECT account FROM members WHERE conversation = $1 AND state = 2";
        let mut seen = std::collections::HashSet::new();
        let conversations: Vec<_> = self
            .committed
            .events
            .iter()
            .map(|event| event.conversation)
            .filter(|conversation| seen.insert(*conversation))
            .collect();
        for conversation in conversations {
            if !self.hub.knows_members(conversation) {
                let rows: Vec<(i64,)> = self.all(SELECT, args![conversation]).await?;
                self.hub.load_members(conversation, rows.into_iter().map(|(id,)| id.into()).collect());
            }
        }
        Ok(())
    }
}

impl Waiting {
    /// Answers the sends: as decided, or with the fault that made the batch fail. The jobs are left, and the
    /// streams that have to be woken.
    fn answer_sends(self, tx: &mut Tx, fault: Option<&Fault>) -> (Vec<JobAnswer>, Vec<Arc<dyn Answers>>) {
        let mut answered = Vec::new();
        let mut last = 0;
        for (send, result) in self.sends {
            let result = match fault {
                None => result,
                Some(fault) => {
                    fence(&mut tx.core, &send);
                    Err(fault.clone())
                }
            };
            send.answer(result);
            if send.stream != last {
                last = send.stream;
                answered.push(send.answers);
            }
        }
        (self.jobs, answered)
    }
}

fn answer_jobs(jobs: Vec<JobAnswer>, fault: Option<&Fault>) {
    for job in jobs {
        job(fault.map_or(Ok(()), |fault| Err(fault.clone().into())));
    }
}

/// Refuses commands that never came to their turn.
pub(super) fn refuse_all(tx: &mut Tx, commands: impl Iterator<Item = Command>) {
    for command in commands {
        match command {
            Command::Sends(sends) => {
                for send in &sends {
                    fence(&mut tx.core, send);
                }
                refuse(&sends);
            }
            Command::Job(job) => job.refuse(unavailable().into()),
            Command::Forget(stream) => tx.core.forget(stream),
            Command::Stop(_) => {}
        }
    }
}

/// Later sends of the epoch are refused, so that the order of one sender holds.
fn fence(core: &mut litrocket_core::writer::Writer, send: &SendCommand) {
    if !core.fence(send.stream, send.send.conversation, send.send.epoch) {
        send.answers.end();
    }
}

fn give_up(error: &Error) -> GiveUp {
    match error.failure() {
        Some(Failure::Fatal) => GiveUp::Fatal(error.to_string()),
        _ => GiveUp::Temporary(error.to_string()),
    }
}
