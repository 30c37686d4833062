//! The own add-me address.

use std::io::IsTerminal as _;

use litrocket_protocol::people::{DropAddLink, MakeAddLink};
use qrcode::{QrCode, render::unicode};
use serde_json::json;

use crate::{Failure, session::Context};

/// What is about oneself.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum MeCommand {
    /// Print the address by which others can ask you to be a friend, also when you are not found by name.
    Link {
        /// Revoke it: the next one is another.
        #[arg(long)]
        drop: bool,
    },
}

pub(super) async fn run(context: &Context, command: MeCommand) -> Result<(), Failure> {
    let client = context.connect().await?;
    let words = context.output.words;
    match command {
        MeCommand::Link { drop: true } => {
            if client.call(DropAddLink::default()).await?.unchanged {
                return Err(Failure::missing(|words| words.no_add_link().into()));
            }
            context.output.data(|| json!({"type": "link_dropped"}), || words.done().into())?;
        }
        MeCommand::Link { drop: false } => {
            let link = client.call(MakeAddLink::default()).await?;
            context.output.data(
                || json!({"type": "link", "address": link.address, "code": link.code, "made_ms": link.made_ms}),
                || link.address.clone(),
            )?;
            if std::io::stderr().is_terminal()
                && let Ok(code) = QrCode::new(&link.address)
            {
                context.output.hint(&code.render::<unicode::Dense1x2>().quiet_zone(true).build());
            }
        }
    }
    Ok(())
}
