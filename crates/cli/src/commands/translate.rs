//! Translation of texts and messages, and the language of a text.

use std::io::Read as _;

use clap::Args;
use litrocket_client::Client;
use litrocket_protocol::{
    limits,
    words::{DetectLanguage, ListTranslations, TranslateMessage, TranslateText, Translation},
};
use serde_json::json;

use crate::{Failure, failure::Asked as _, output::escape, resolve, session::Context};

/// What is translated, and into what.
#[derive(Debug, Clone, Args)]
pub struct TranslateArgs {
    /// The text; - reads standard input.
    #[arg(conflicts_with_all = ["within", "list"])]
    pub text: Option<String>,
    /// Into this language, for example es; your own without it.
    #[arg(long, value_name = "LANG")]
    pub to: Option<String>,
    /// From this language; found out without it.
    #[arg(long, value_name = "LANG")]
    pub from: Option<String>,
    /// The conversation of a message: @name, #group, @me, or its number.
    #[arg(long = "in", value_name = "TO", requires = "seq")]
    pub within: Option<String>,
    /// The message.
    #[arg(long, value_name = "SEQ", requires = "within")]
    pub seq: Option<u64>,
    /// Only say which language the text is in.
    #[arg(long, requires = "text")]
    pub detect: bool,
    /// List what the engine translates.
    #[arg(long)]
    pub list: bool,
}

pub(super) async fn run(context: &Context, args: TranslateArgs) -> Result<(), Failure> {
    let text = match args.text.as_deref() {
        Some("-") => Some(standard_input()?),
        given => given.map(str::to_owned),
    };
    let client = context.connect().await?;
    match (text, args.within, args.seq) {
        _ if args.list => list(context, &client).await?,
        (Some(text), ..) if args.detect => detect(context, &client, text).await?,
        (Some(text), ..) => {
            let request = TranslateText { text, to: args.to, from: args.from };
            print(context, &client.call(request).await?)?;
        }
        (None, Some(within), Some(event_seq)) => {
            let conversation = resolve::conversation(&client, &within).await?;
            let request = TranslateMessage { conversation, event_seq, to: args.to, from: args.from };
            let translated = client.call(request).await.of_message(event_seq, &within)?;
            print(context, &translated)?;
        }
        _ => return Err(Failure::usage(|words| words.nothing_to_translate().into())),
    }
    Ok(())
}

/// Without the end of its last line; a little more than may be sent, so that the server says what is too long.
fn standard_input() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().take(limits::TEXT_BYTES_MAX as u64 + 4).read_to_string(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn print(context: &Context, it: &Translation) -> Result<(), Failure> {
    context.output.data(
        || json!({"type": "translation", "text": it.text, "from": it.from, "to": it.to, "detected": it.detected}),
        || escape(&it.text),
    )
}

async fn list(context: &Context, client: &Client) -> Result<(), Failure> {
    let pairs = client.call(ListTranslations::default()).await?.pairs;
    if pairs.is_empty() {
        context.output.nothing(context.output.words.no_pairs());
    }
    for pair in pairs {
        context.output.data(
            || json!({"type": "pair", "from": pair.from, "to": pair.to}),
            || escape(&format!("{} → {}", pair.from, pair.to)),
        )?;
    }
    Ok(())
}

async fn detect(context: &Context, client: &Client, text: String) -> Result<(), Failure> {
    let found = client.call(DetectLanguage { text }).await?;
    context.output.data(
        || json!({"type": "language", "language": found.language, "reliable": found.reliable}),
        || escape(&found.language),
    )
}
