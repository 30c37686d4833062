//! Moments and comments, printed.

use litrocket_client::Client;
use litrocket_protocol::{
    AccountId,
    moments::{Moment, MomentComment, visibility},
};
use serde_json::{Value, json};

use super::super::pictures;
use crate::{
    Failure,
    output::{escape, time},
    resolve::Names,
    session::Context,
};

const fn visibility_name(number: u8) -> &'static str {
    match number {
        visibility::FRIENDS => "friends",
        visibility::CHOSEN => "chosen",
        visibility::EXCEPT => "except",
        visibility::ONLY_ME => "only_me",
        visibility::EVERYBODY => "everybody",
        _ => "unknown",
    }
}

fn comment_json(names: &Names, comment: &MomentComment) -> Value {
    json!({"comment": comment.comment, "from": names.of(comment.account), "from_id": comment.account.0,
        "at_ms": comment.at_ms, "text": comment.text, "reply_to": comment.reply_to,
        "reply_to_from": comment.reply_account.map(|account| names.of(account))})
}

fn comment_line(names: &Names, comment: &MomentComment) -> String {
    let answered = comment.reply_account.map(|account| format!(" → @{}", escape(&names.of(account))));
    let (number, name) = (comment.comment, escape(&names.of(comment.account)));
    format!("{number}. @{name}{}: {}", answered.unwrap_or_default(), escape(&comment.text))
}

fn moment_json(names: &Names, moment: &Moment) -> Value {
    let accounts = |list: &[AccountId]| list.iter().map(|one| names.of(*one)).collect::<Vec<_>>();
    json!({"type": "moment", "id": moment.moment, "from": names.of(moment.author), "from_id": moment.author.0,
        "at_ms": moment.at_ms, "text": moment.text, "pictures": pictures::of_moment(moment),
        "visibility": moment.visibility.map(visibility_name), "people": accounts(&moment.people),
        "liked": moment.liked, "like_count": moment.like_count, "likes": accounts(&moment.likes),
        "comment_count": moment.comment_count,
        "comments": moment.comments.iter().map(|one| comment_json(names, one)).collect::<Vec<_>>()})
}

fn moment_text(context: &Context, names: &Names, moment: &Moment) -> String {
    let words = context.output.words;
    let list = |accounts: &[AccountId]| {
        let names: Vec<String> = accounts.iter().map(|one| format!("@{}", escape(&names.of(*one)))).collect();
        names.join(" ")
    };
    let shown_to = moment.visibility.map_or_else(String::new, |number| {
        let what = match number {
            visibility::CHOSEN => format!("{} {}", words.seen_by_chosen(), list(&moment.people)),
            visibility::EXCEPT => format!("{} {}", words.seen_by_others(), list(&moment.people)),
            visibility::ONLY_ME => words.seen_by_me().into(),
            visibility::EVERYBODY => words.seen_by_all().into(),
            _ => words.seen_by_friends().into(),
        };
        format!(" {}", words.aside(what))
    });
    let author = escape(&names.of(moment.author));
    let mut text = format!("{}  {}  @{author}{shown_to}\n    ", moment.moment, time(moment.at_ms));
    text.push_str(&escape(&moment.text));
    text.push_str(&pictures::lines_of_moment(words, moment));
    if moment.like_count > 0 {
        let more = if moment.like_count > moment.likes.len() as u64 { " …" } else { "" };
        let (count, likes) = (moment.like_count, list(&moment.likes));
        let label = format!("{}{}", words.likes(), words.aside(count));
        text.push_str(&format!("\n    {}", words.labelled(&label, format_args!("{likes}{more}"))));
    }
    for comment in &moment.comments {
        text.push_str(&format!("\n    {}", comment_line(names, comment)));
    }
    let left = moment.comment_count.saturating_sub(moment.comments.len() as u64);
    if left > 0 {
        text.push_str(&format!("\n    {}", words.comments_left(left, moment.moment)));
    }
    text
}

/// Everybody a moment names.
fn named(moment: &Moment) -> Vec<AccountId> {
    let mut all = vec![moment.author];
    all.extend(&moment.likes);
    all.extend(&moment.people);
    all.extend(moment.comments.iter().map(|comment| comment.account));
    all.extend(moment.comments.iter().filter_map(|comment| comment.reply_account));
    all
}

pub(super) async fn print_moments(
    context: &Context,
    client: &Client,
    moments: &[Moment],
) -> Result<(), Failure> {
    let mut names = Names::new(context.output.words);
    names.learn(client, moments.iter().flat_map(named)).await?;
    for moment in moments {
        context.output.data(|| moment_json(&names, moment), || moment_text(context, &names, moment))?;
    }
    Ok(())
}

pub(super) async fn print_comment(
    context: &Context,
    client: &Client,
    moment: u64,
    comment: &MomentComment,
) -> Result<(), Failure> {
    let mut names = Names::new(context.output.words);
    names.learn(client, [Some(comment.account), comment.reply_account].into_iter().flatten()).await?;
    let json = || {
        let mut json = comment_json(&names, comment);
        json["type"] = "comment".into();
        json["moment"] = moment.into();
        json
    };
    context.output.data(json, || comment_line(&names, comment))
}
