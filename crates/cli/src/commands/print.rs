//! Events and messages, printed.

use litrocket_protocol::{
    AccountId,
    conversations::{Message, ReactionCount},
    event::{
        Created, Event, File, FileKnown, Forwarded, Joined, OwnerChanged, Reaction, Removed, Renamed, Text,
        kind,
    },
    frame,
};
use serde_json::{Value, json};

use super::group_events;
use crate::{
    Failure, markdown,
    output::{Output, escape, escape_line, time},
    resolve::{Names, Places},
};

/// Accounts that an event names.
pub(super) fn accounts(event: &Event) -> Vec<AccountId> {
    let mut accounts = vec![event.sender];
    match event.kind {
        kind::FORWARD => accounts.extend(body::<Forwarded>(event).map(|body| body.from)),
        kind::CREATED => {
            accounts.extend(body::<Created>(event).map(|body| body.accounts).unwrap_or_default());
        }
        kind::JOINED => accounts.extend(body::<Joined>(event).map(|body| body.accounts).unwrap_or_default()),
        kind::REMOVED => accounts.extend(body::<Removed>(event).map(|body| body.account)),
        kind::OWNER_CHANGED => accounts.extend(body::<OwnerChanged>(event).map(|body| body.account)),
        _ => accounts.extend(group_events::accounts(event)),
    }
    accounts
}

/// What a group is called from this event on.
pub(super) fn new_name(event: &Event) -> Option<String> {
    (event.kind == kind::RENAMED).then(|| body::<Renamed>(event).map(|it| it.name)).flatten()
}

fn body<T: serde::de::DeserializeOwned>(event: &Event) -> Option<T> {
    frame::decode(&event.body).ok()
}

/// The words of an event, with their format; empty when it has none or they were recalled.
fn words(event: &Event) -> (String, Option<String>) {
    let text = match event.kind {
        kind::TEXT | kind::EDIT => body::<Text>(event).map(|body| (body.text, body.format)),
        kind::FORWARD => body::<Forwarded>(event).map(|body| (body.text, body.format)),
        kind::FILE => body::<File>(event).map(|body| (body.text, None)),
        _ => None,
    };
    text.unwrap_or_else(|| (event.fallback.clone().unwrap_or_default(), None))
}

/// The words of an event for people: rendered at a terminal, as they were written elsewhere. Where a later event has them,
/// which one.
fn shown(output: Output, event: &Event) -> String {
    let (text, format) = words(event);
    if let (true, Some(later)) = (text.is_empty(), event.edited_by) {
        return output.words.words_at(later);
    }
    if output.styled && format.as_deref() == Some(litrocket_protocol::markdown::FORMAT) {
        markdown::render(&text)
    } else {
        escape(&text)
    }
}

/// What is known of an event beside itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Beside<'a> {
    /// When it was last edited, where that was folded in.
    pub(super) edited_ms: Option<u64>,
    pub(super) reactions: &'a [ReactionCount],
    /// Its file is not kept any more.
    pub(super) gone: bool,
    /// It comes from a stranger who waits for an answer.
    pub(super) stranger: bool,
}

/// A message of history with what was folded in.
pub(super) fn message(output: Output, known: (&Names, &Places), message: &Message) -> Result<(), Failure> {
    let Message { edited_ms, reactions, gone, .. } = message;
    let beside = Beside { edited_ms: *edited_ms, reactions, gone: *gone, stranger: false };
    event(output, known, &message.event, beside)
}

/// An event as it came.
pub(super) fn event(
    output: Output,
    (names, places): (&Names, &Places),
    event: &Event,
    beside: Beside<'_>,
) -> Result<(), Failure> {
    output.data(
        || json_event(names, event, beside),
        || {
            let (from, what) = (escape(&names.of(event.sender)), line(output, names, event, beside));
            let place = escape_line(&places.of(names, event.conversation));
            format!("{}  [{place}] {:>5}  @{from}: {what}", time(event.at_ms), event.event_seq)
        },
    )
}

/// The file that an event carries.
pub(super) fn file(event: &Event) -> Option<File> {
    match event.kind {
        kind::FILE => body(event),
        kind::FORWARD => body::<Forwarded>(event)?.file,
        _ => None,
    }
}

fn file_details(it: &File) -> Vec<(&'static str, Value)> {
    let file = super::files::json_file(it.file, &it.name, it.size, &it.media_type, &it.blake3);
    let picture = it.picture.as_ref().map(|picture| ("picture", super::pictures::json(picture)));
    let voice = it
        .voice
        .as_ref()
        .map(|voice| ("voice", json!({"duration_ms": voice.duration_ms, "wave": voice.wave})));
    let alt = (!it.alt.is_empty()).then(|| ("alt", it.alt.clone().into()));
    [Some(("file", file)), picture, voice, alt].into_iter().flatten().collect()
}

fn json_event(names: &Names, event: &Event, beside: Beside<'_>) -> Value {
    let (text, format) = words(event);
    let mut object = json!({
        "type": kind::name(event.kind),
        "conversation": event.conversation.0,
        "event_seq": event.event_seq,
        "message_seq": event.message_seq,
        "id": event.id.map(|id| id.to_string()),
        "from": names.of(event.sender),
        "from_id": event.sender.0,
        "at_ms": event.at_ms,
        "text": text,
    });
    let list = |accounts: Vec<AccountId>| -> Value {
        accounts.iter().map(|account| json!({"id": account.0, "name": names.of(*account)})).collect()
    };
    let details: Vec<(&str, Value)> = match event.kind {
        kind::REACTION => body::<Reaction>(event)
            .map_or_else(Vec::new, |it| vec![("emoji", it.emoji.into()), ("add", it.add.into())]),
        kind::FORWARD => body::<Forwarded>(event).map_or_else(Vec::new, |it| {
            vec![
                ("forwarded_from", names.of(it.from).into()),
                ("forwarded_from_id", it.from.0.into()),
                ("forwarded_at_ms", it.at_ms.into()),
            ]
        }),
        kind::FILE_KNOWN => body::<FileKnown>(event).map_or_else(Vec::new, |it| {
            let picture = it.picture.as_ref().map(|picture| ("picture", super::pictures::json(picture)));
            [Some(("media_type", it.media_type.into())), picture].into_iter().flatten().collect()
        }),
        kind::CREATED => body::<Created>(event)
            .map_or_else(Vec::new, |it| vec![("name", it.name.into()), ("accounts", list(it.accounts))]),
        kind::JOINED => {
            body::<Joined>(event).map_or_else(Vec::new, |it| vec![("accounts", list(it.accounts))])
        }
        kind::REMOVED => {
            body::<Removed>(event).map_or_else(Vec::new, |it| vec![("accounts", list(vec![it.account]))])
        }
        kind::OWNER_CHANGED => {
            body::<OwnerChanged>(event).map_or_else(Vec::new, |it| vec![("accounts", list(vec![it.account]))])
        }
        kind::RENAMED => body::<Renamed>(event).map_or_else(Vec::new, |it| vec![("name", it.name.into())]),
        _ => group_events::details(names, event),
    };
    let changes = [
        (if event.kind == kind::TEXT { "reply_to" } else { "target_seq" }, event.target_seq.map(Value::from)),
        ("format", format.map(Value::from)),
        ("edited_ms", beside.edited_ms.map(Value::from)),
        ("edited_by", event.edited_by.map(Value::from)),
        ("recalled_by", event.recalled_by.map(Value::from)),
        ("gone", beside.gone.then(|| true.into())),
        ("request", beside.stranger.then(|| true.into())),
    ];
    let carried = file(event).map_or_else(Vec::new, |it| file_details(&it));
    let changes = changes.into_iter().filter_map(|(key, it)| Some((key, it?)));
    for (key, value) in carried.into_iter().chain(details).chain(changes) {
        object[key] = value;
    }
    if !beside.reactions.is_empty() {
        object["reactions"] = beside
            .reactions
            .iter()
            .map(|one| json!({"emoji": one.emoji, "count": one.count, "mine": one.mine}))
            .collect();
    }
    object
}

/// A file with what is known of it and said beside it; one that is not kept any more by its name.
fn file_line(output: Output, it: &File, gone: bool) -> String {
    let (name, media_type, size) =
        (escape_line(&it.name), escape_line(&it.media_type), indicatif::HumanBytes(it.size));
    if gone {
        let what = if it.voice.is_some() { output.words.voice() } else { output.words.file() };
        let gone = output.words.aside(output.words.file_gone());
        let line = format!("[{what} {}] {name}{gone}", it.file);
        return format!("{line} {}", escape(&it.text)).trim_end().to_owned();
    }
    if let Some(voice) = &it.voice {
        let (length, bars) = (super::voice::length(voice.duration_ms), super::voice::bars(&voice.wave));
        return format!("[{} {}] {length} {bars}", output.words.voice(), it.file).trim_end().to_owned();
    }
    let mut line = format!("[{} {}] {name} ({size}, {media_type}", output.words.file(), it.file);
    if let Some(picture) = &it.picture {
        line.push_str(&format!(", {}×{}", picture.width, picture.height));
    }
    line.push(')');
    if !it.alt.is_empty() {
        let shows = output.words.labelled(output.words.shows(), escape(&it.alt));
        line.push_str(&output.words.aside(shows));
    }
    if !it.text.is_empty() {
        line.push_str(&format!(" {}", escape(&it.text)));
    }
    line
}

/// Words of somebody else, with their file if they have one.
fn forward_line(output: Output, names: &Names, event: &Event, beside: Beside<'_>) -> String {
    let from = body::<Forwarded>(event).map(|it| names.of(it.from)).unwrap_or_default();
    let file = file(event).map(|it| file_line(output, &it, beside.gone) + " ").unwrap_or_default();
    let words = body::<Forwarded>(event).filter(|it| !it.text.is_empty()).map(|_| shown(output, event));
    let what = output.words.forwarded();
    format!("{what} @{}: {file}{}", escape(&from), words.unwrap_or_default()).trim_end().to_owned()
}

/// What an event says.
fn line(output: Output, names: &Names, event: &Event, beside: Beside<'_>) -> String {
    let says = output.words;
    let people = |accounts: Vec<AccountId>| {
        let names: Vec<String> = accounts.iter().map(|one| format!("@{}", escape(&names.of(*one)))).collect();
        names.join(" ")
    };
    let target = event.target_seq.unwrap_or(0);
    let mut what = match event.kind {
        kind::EDIT if event.recalled_by.is_some() => says.edited_and_recalled(target),
        _ if event.recalled_by.is_some() => says.recalled().to_owned(),
        kind::FORWARD => forward_line(output, names, event, beside),
        kind::FILE => file(event).map_or_else(String::new, |it| file_line(output, &it, beside.gone)),
        kind::EDIT if event.body.is_empty() => says.edited_again(target, event.edited_by.unwrap_or(0)),
        kind::EDIT => says.labelled(&format!("{} {target}", says.edited_message()), shown(output, event)),
        kind::RECALL => format!("{} {target}", says.recalled_message()),
        kind::REACTION => body::<Reaction>(event).map_or_else(String::new, |it| {
            let verb = if it.add { says.reacted() } else { says.took_back() };
            format!("{verb} {} → {target}", escape(&it.emoji))
        }),
        kind::FILE_KNOWN => body::<FileKnown>(event).map_or_else(String::new, |it| {
            let size = it.picture.map(|picture| format!(", {}×{}", picture.width, picture.height));
            let what = format!("{}{}", escape_line(&it.media_type), size.unwrap_or_default());
            format!("{} {what}", says.what_it_is(target))
        }),
        kind::CREATED => says.created_group().to_owned(),
        kind::JOINED if body::<Joined>(event).is_none_or(|it| it.accounts != [event.sender]) => {
            let joined = body::<Joined>(event).map(|it| it.accounts).unwrap_or_default();
            format!("{} {}", says.brought_in(), people(joined))
        }
        kind::LEFT => says.left_group().to_owned(),
        kind::REMOVED => {
            let removed = body::<Removed>(event).map(|it| it.account).into_iter().collect();
            format!("{} {}", says.removed_member(), people(removed))
        }
        kind::RENAMED => {
            let name = body::<Renamed>(event).map(|it| it.name).unwrap_or_default();
            format!("{} {}", says.renamed_group(), escape(&name))
        }
        kind::AVATAR_CHANGED => says.changed_face().to_owned(),
        kind::OWNER_CHANGED => {
            let owner = body::<OwnerChanged>(event).map(|it| it.account).into_iter().collect();
            format!("{} {}", says.made_owner(), people(owner))
        }
        _ => group_events::line(says, names, event).unwrap_or_else(|| shown(output, event)),
    };
    let is_shown = !event.body.is_empty();
    if is_shown && (beside.edited_ms.is_some() || event.edited_by.is_some()) {
        what = format!("{what} {}", says.edited());
    }
    if event.kind == kind::TEXT && target > 0 {
        what = format!("↪ {target} {what}");
    }
    for one in beside.reactions {
        what = format!("{what}  {} {}", escape(&one.emoji), one.count);
    }
    if beside.stranger {
        what = format!("{what}  {}", says.stranger_wrote(escape_line(&names.of(event.sender))));
    }
    what
}
