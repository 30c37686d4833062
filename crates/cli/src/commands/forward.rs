//! Sending a message on to somebody else, with its file if it has one.

use clap::Args;
use litrocket_client::{Error, Outgoing};
use litrocket_protocol::MessageId;
use tokio::time::{Instant, timeout_at};

use super::send;
use crate::{Failure, failure::Asked as _, resolve, session::Context};

/// Which message, and to whom.
#[derive(Debug, Clone, Args)]
pub struct ForwardArgs {
    /// Where the message is: @name, #group, @me, or a conversation's number.
    pub from: String,
    /// The message.
    pub seq: u64,
    /// To whom: @name, #group, @me, or a conversation's number.
    pub to: String,
    /// An id of the caller's: sent again, it is the same message.
    #[arg(long, value_name = "UUID", value_parser = crate::message_id)]
    pub id: Option<MessageId>,
}

pub(super) async fn run(context: &Context, args: ForwardArgs) -> Result<(), Failure> {
    let ForwardArgs { from, seq, to, id } = args;
    let deadline = Instant::now() + context.common.patience();
    let client = context.connect_until(deadline).await?;
    let source = resolve::conversation(&client, &from).await?;
    let conversation = resolve::open(&client, &to).await?;
    let message = Outgoing { id, ..Outgoing::forward(source, seq) };
    let pending = client.send(conversation, message).await?;
    let ack = timeout_at(deadline, pending).await.map_err(|_| Failure::Client(Error::TimedOut))?;
    send::print_ack(context, &ack.of_message(seq, &from)?)?;
    Ok(())
}
