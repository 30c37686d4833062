//! Telling the operators of something.

use clap::Args;
use litrocket_protocol::groups::ReportContent;
use serde_json::json;

use crate::{Failure, failure::Asked as _, resolve, session::Context};

/// What is reported.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// @name for a person, #group or its number for a group; with --seq where the message is.
    #[arg(required_unless_present = "moment", conflicts_with = "moment")]
    pub what: Option<String>,
    /// A message there.
    #[arg(long, value_name = "SEQ", requires = "what")]
    pub seq: Option<u64>,
    /// A moment.
    #[arg(long, value_name = "ID")]
    pub moment: Option<u64>,
    /// What is wrong with it.
    #[arg(long, short, alias = "text", value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub message: String,
}

pub(super) async fn run(context: &Context, args: ReportArgs) -> Result<(), Failure> {
    let client = context.connect().await?;
    let ReportArgs { what, seq, moment, message } = args;
    let mut report =
        ReportContent { conversation: None, event_seq: seq, account: None, moment, text: message };
    if let Some(what) = &what {
        if seq.is_none() {
            (report.account, report.conversation) = resolve::person_or_place(&client, what).await?;
        } else {
            report.conversation = Some(resolve::conversation(&client, what).await?);
        }
    }
    let object = json!({"type": "reported", "conversation": report.conversation.map(|it| it.0),
        "event_seq": seq, "account": report.account.map(|it| it.0), "moment": moment});
    let reported = client.call(report).await;
    match (moment, seq) {
        (Some(moment), _) => reported.asked(move |words| words.no_moment(moment))?,
        (None, Some(seq)) => reported.of_message(seq, &what.unwrap_or_default())?,
        (None, None) => reported?,
    };
    context.output.data(|| object, || context.output.words.reported().into())?;
    Ok(())
}
