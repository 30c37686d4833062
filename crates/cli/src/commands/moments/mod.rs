//! Moments.

mod command;
mod post;
mod print;

use std::process::ExitCode;

pub use command::{MomentAudience, MomentCommand};
use litrocket_client::{Client, Error};
use litrocket_protocol::{
    AccountId,
    account::Profile,
    limits,
    moments::{
        CommentMoment, DeleteComment, DeleteMoment, GetMoment, GetNewMoments, HideMoments, LikeMoment,
        ListComments, ListFeed, ListHiddenMoments, ListLikes, ListMoments, MarkMomentsSeen, Moments,
        SetMomentVisibility, visibility,
    },
    people::SetFriend,
};
use post::Pictures;
use print::{print_comment, print_moments};
use serde_json::json;

use super::done;
use crate::{
    Failure,
    failure::Asked,
    output::escape,
    pages::{behind, pages},
    resolve::{self, Names},
    session::Context,
};

pub(super) async fn run(context: &Context, command: MomentCommand) -> Result<ExitCode, Failure> {
    if let MomentCommand::Post { text, images, alts, keep_location, audience } = command {
        let pictures = Pictures { images: &images, alts, keep_location };
        return post::run(context, text, pictures, &audience).await;
    }
    let client = context.connect().await?;
    match command {
        MomentCommand::Post { .. } => {}
        MomentCommand::Feed { before, limit } => feed(context, &client, before, limit).await?,
        MomentCommand::Page { name, before, limit } => page(context, &client, &name, before, limit).await?,
        MomentCommand::Show { id } => show(context, &client, id).await?,
        MomentCommand::Like { id } => {
            let liked = of_moment(client.call(LikeMoment { moment: id, liked: true }).await, id)?;
            done::set(context, &liked, json!({"type": "done"}))?;
        }
        MomentCommand::Unlike { id } => {
            let unliked = of_moment(client.call(LikeMoment { moment: id, liked: false }).await, id)?;
            let object = json!({"type": "done"});
            done::taken(context, &unliked, object, move |words| words.not_liked(id))?;
        }
        MomentCommand::Comment { id, text, reply } => {
            let request = CommentMoment { id: client.new_id()?, moment: id, text, reply_to: reply };
            let comment = of_comment(client.call(request).await, id, reply)?;
            print_comment(context, &client, id, &comment).await?;
        }
        MomentCommand::Delete { id, comment: None } => {
            let deleted = of_moment(client.call(DeleteMoment { moment: id }).await, id)?;
            done::set(context, &deleted, json!({"type": "done"}))?;
        }
        MomentCommand::Delete { id, comment: Some(comment) } => {
            let deleted = client.call(DeleteComment { moment: id, comment }).await;
            let deleted = of_comment(deleted, id, Some(comment))?;
            done::set(context, &deleted, json!({"type": "done"}))?;
        }
        MomentCommand::Visibility { id, audience } => {
            let (visibility, people) = resolve_audience(&client, &audience).await?;
            let changed = client.call(SetMomentVisibility { moment: id, visibility, people }).await;
            let changed = of_people(&client, changed, &audience).await?;
            print_moments(context, &client, &[of_moment(changed, id)?]).await?;
        }
        MomentCommand::New => new(context, &client).await?,
        MomentCommand::Hide { name } => hide(context, &client, &name, true).await?,
        MomentCommand::Unhide { name } => hide(context, &client, &name, false).await?,
        MomentCommand::Hidden => hidden(context, &client).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Names the moment that is not there.
fn of_moment<T>(answer: impl Asked<T>, id: u64) -> Result<T, Failure> {
    answer.asked(move |words| words.no_moment(id))
}

/// Names what is not there: the comment, when the server says so, or the moment.
fn of_comment<T, E: Into<Failure>>(
    answer: Result<T, E>,
    id: u64,
    comment: Option<u64>,
) -> Result<T, Failure> {
    let answer = answer.map_err(Into::into);
    let field = |failure: &Failure| failure.fault().and_then(|fault| fault.field.clone());
    match (comment, answer.as_ref().err().and_then(field).as_deref()) {
        (Some(comment), Some("comment" | "reply_to")) => {
            answer.asked(move |words| words.no_comment(comment, id))
        }
        _ => of_moment(answer, id),
    }
}

/// Where the server does not find somebody whom a moment is for, or is not for, says who is no friend.
async fn of_people<T>(
    client: &Client,
    answer: Result<T, Error>,
    audience: &MomentAudience,
) -> Result<Result<T, Error>, Failure> {
    let is_about_people =
        |error: &Error| matches!(error, Error::Fault(fault) if fault.field.as_deref() == Some("people"));
    if answer.as_ref().err().is_some_and(is_about_people) {
        for name in audience.only.iter().chain(&audience.except) {
            let Profile { account, handle, .. } = resolve::account(client, name).await?;
            // Changes nothing, and finds friends alone.
            let change = SetFriend { account, remark: None, tags: None, starred: None };
            client.call(change).await.asked(move |words| words.no_friend(&handle))?;
        }
    }
    Ok(answer)
}

async fn resolve_audience(client: &Client, it: &MomentAudience) -> Result<(u8, Vec<AccountId>), Failure> {
    let (number, names) = if !it.only.is_empty() {
        (visibility::CHOSEN, &it.only)
    } else if !it.except.is_empty() {
        (visibility::EXCEPT, &it.except)
    } else if it.private {
        (visibility::ONLY_ME, &it.only)
    } else if it.everybody {
        (visibility::EVERYBODY, &it.only)
    } else {
        (visibility::FRIENDS, &it.only)
    };
    Ok((number, resolve::accounts(client, names).await?))
}

async fn feed(context: &Context, client: &Client, before: Option<u64>, limit: u64) -> Result<(), Failure> {
    let newest = if before.is_none() { client.call(GetNewMoments::default()).await?.newest } else { None };
    let mut pages = Pages::new(limit, before);
    while let Some((before, limit)) = pages.next() {
        let page = client.call(ListFeed { before, limit: Some(limit) }).await?;
        pages.print(context, client, page).await?;
    }
    if !pages.any {
        let out = client.call(ListHiddenMoments { after: None, limit: Some(1) }).await?;
        let words = context.output.words;
        context.output.nothing(if out.people.is_empty() { words.no_moments() } else { words.out_of_feed() });
    }
    if let Some(moment) = newest {
        client.call(MarkMomentsSeen { moment }).await?;
    }
    Ok(())
}

async fn page(
    context: &Context,
    client: &Client,
    name: &str,
    before: Option<u64>,
    limit: u64,
) -> Result<(), Failure> {
    let Profile { account, handle, .. } = resolve::account(client, name).await?;
    let mut pages = Pages::new(limit, before);
    while let Some((before, limit)) = pages.next() {
        let page = client.call(ListMoments { account, before, limit: Some(limit) }).await?;
        pages.print(context, client, page).await?;
    }
    if !pages.any {
        let own = client.me().is_some_and(|me| me.account == account);
        let words = context.output.words;
        context.output.nothing(&if own { words.no_moments().into() } else { words.no_page(escape(&handle)) });
    }
    Ok(())
}

/// Page after page, until there are as many moments as were asked for.
struct Pages {
    left: u64,
    before: Option<u64>,
    any: bool,
}

impl Pages {
    fn new(limit: u64, before: Option<u64>) -> Self {
        Self { left: limit, before, any: false }
    }

    /// Where the next page begins and how long it is.
    fn next(&self) -> Option<(Option<u64>, u64)> {
        (self.left > 0).then(|| (self.before, self.left.min(limits::MOMENTS_PAGE_MAX)))
    }

    async fn print(&mut self, context: &Context, client: &Client, page: Moments) -> Result<(), Failure> {
        print_moments(context, client, &page.moments).await?;
        self.any |= !page.moments.is_empty();
        self.before = page.moments.last().map(|moment| moment.moment);
        let more = page.more && self.before.is_some();
        self.left = if more { self.left.saturating_sub(page.moments.len() as u64) } else { 0 };
        Ok(())
    }
}

async fn show(context: &Context, client: &Client, id: u64) -> Result<(), Failure> {
    let mut moment = of_moment(client.call(GetMoment { moment: id }).await, id)?;
    let (mut comments, mut likes) = (Vec::new(), Vec::new());
    pages(
        client,
        u64::MAX,
        |after, count| ListComments { moment: id, after, limit: Some(count) },
        |page| {
            let next = behind(&page.comments, page.more, |comment| comment.comment);
            (page.comments, next)
        },
        |comment| {
            comments.push(comment);
            Ok(())
        },
    )
    .await?;
    pages(
        client,
        u64::MAX,
        |after, count| ListLikes { moment: id, after, limit: Some(count) },
        |page| {
            let next = behind(&page.people, page.more, |person| *person);
            (page.people, next)
        },
        |person| {
            likes.push(person);
            Ok(())
        },
    )
    .await?;
    (moment.comments, moment.likes) = (comments, likes);
    moment.like_count = moment.likes.len() as u64;
    moment.comment_count = moment.comments.len() as u64;
    print_moments(context, client, &[moment]).await
}

async fn new(context: &Context, client: &Client) -> Result<(), Failure> {
    let state = client.call(GetNewMoments::default()).await?;
    let new = state.newest.is_some_and(|newest| newest > state.seen);
    let words = context.output.words;
    context.output.data(
        || json!({"type": "new_moments", "new": new, "newest": state.newest, "seen": state.seen}),
        || if new { words.new_moments().into() } else { words.no_new_moments().into() },
    )
}

async fn hide(context: &Context, client: &Client, name: &str, hidden: bool) -> Result<(), Failure> {
    let Profile { account, handle, .. } = resolve::account(client, name).await?;
    let answer = client.call(HideMoments { account, hidden }).await?;
    let object = json!({"type": "done", "account": account.0});
    if hidden {
        done::set(context, &answer, object)
    } else {
        done::taken(context, &answer, object, move |words| words.not_hidden(&handle))
    }
}

async fn hidden(context: &Context, client: &Client) -> Result<(), Failure> {
    let (mut after, mut any) = (None, false);
    let mut names = Names::new(context.output.words);
    loop {
        let page = client.call(ListHiddenMoments { after, limit: None }).await?;
        names.learn(client, page.people.iter().copied()).await?;
        for account in &page.people {
            any = true;
            let name = names.of(*account);
            context.output.data(
                || json!({"type": "hidden_moments", "account": account.0, "handle": name}),
                || format!("@{}", escape(&name)),
            )?;
        }
        after = page.people.last().copied();
        if !page.more {
            break;
        }
    }
    if !any {
        context.output.nothing(context.output.words.nobody_hidden());
    }
    Ok(())
}
