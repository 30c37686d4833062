//! Events about a group itself, printed.

use litrocket_protocol::{
    AccountId,
    event::{AnnouncedText, Banned, Event, Joined, Muted, Nicknamed, Pinned, RoleChanged, kind},
    frame,
    groups::{GroupChange, joining},
};
use serde_json::{Value, json};

use super::groups::settings::{joining_name, role_name, things_changed};
use crate::{
    output::{escape, time},
    resolve::Names,
    words::Words,
};

fn body<T: serde::de::DeserializeOwned>(event: &Event) -> Option<T> {
    frame::decode(&event.body).ok()
}

/// Accounts that such an event names beside its sender.
pub(super) fn accounts(event: &Event) -> Option<AccountId> {
    match event.kind {
        kind::ROLE_CHANGED => body::<RoleChanged>(event).map(|it| it.account),
        kind::MUTED => body::<Muted>(event).map(|it| it.account),
        kind::BANNED => body::<Banned>(event).map(|it| it.account),
        _ => None,
    }
}

/// What `--json` says of such an event beside what it says of every one.
pub(super) fn details(names: &Names, event: &Event) -> Vec<(&'static str, Value)> {
    let person = |account: AccountId| json!([{"id": account.0, "name": names.of(account)}]);
    match event.kind {
        kind::ROLE_CHANGED => body::<RoleChanged>(event).map_or_else(Vec::new, |it| {
            vec![("accounts", person(it.account)), ("role", role_name(it.role).into())]
        }),
        kind::ANNOUNCED => {
            body::<AnnouncedText>(event).map_or_else(Vec::new, |it| vec![("text", it.text.into())])
        }
        kind::GROUP_CHANGED => {
            body::<GroupChange>(event).map_or_else(Vec::new, |it| vec![("change", change(&it))])
        }
        kind::MUTED => body::<Muted>(event).map_or_else(Vec::new, |it| {
            vec![("accounts", person(it.account)), ("until_ms", it.until_ms.into())]
        }),
        kind::BANNED => body::<Banned>(event)
            .map_or_else(Vec::new, |it| vec![("accounts", person(it.account)), ("banned", it.banned.into())]),
        kind::PINNED => body::<Pinned>(event).map_or_else(Vec::new, |it| vec![("pinned", it.pinned.into())]),
        kind::NICKNAMED => {
            body::<Nicknamed>(event).map_or_else(Vec::new, |it| vec![("nickname", it.nickname.into())])
        }
        _ => Vec::new(),
    }
}

fn change(it: &GroupChange) -> Value {
    let mut out = json!({});
    let fields = [
        ("description", it.description.clone().map(Value::from)),
        ("joining", it.joining.map(|how| joining_name(how).into())),
        ("discoverable", it.discoverable.map(Value::from)),
        ("open_history", it.open_history.map(Value::from)),
        ("slow_ms", it.slow_ms.map(Value::from)),
    ];
    for (key, value) in fields {
        if let Some(value) = value {
            out[key] = value;
        }
    }
    for (thing, role) in it.permissions.iter().flat_map(things_changed) {
        out["permissions"][thing] = role_name(role).into();
    }
    out
}

/// What was changed, for people.
fn change_text(says: Words, it: &GroupChange) -> String {
    let mut parts = Vec::new();
    if let Some(text) = &it.description {
        parts.push(if text.is_empty() { says.no_about().into() } else { says.group_about(escape(text)) });
    }
    let switches = [
        it.joining.map(|how| match how {
            joining::ON_REQUEST => says.joining_request(),
            joining::OPEN => says.joining_open(),
            _ => says.joining_invited(),
        }),
        it.discoverable.map(|on| if on { says.discoverable() } else { says.not_discoverable() }),
        it.open_history.map(|on| if on { says.open_history() } else { says.closed_history() }),
    ];
    parts.extend(switches.into_iter().flatten().map(|text| text.trim_end_matches(['.', '。']).to_owned()));
    parts.extend(it.slow_ms.map(|slow| match slow {
        0 => says.not_slow().into(),
        slow => says.group_slow(slow.div_ceil(1000)),
    }));
    let may = it.permissions.iter().flat_map(things_changed);
    parts.extend(may.map(|(thing, role)| says.group_may(says.thing(thing), says.role(role))));
    parts.join(says.and())
}

/// The sentence for people; `None` for events that are not about a group itself.
pub(super) fn line(says: Words, names: &Names, event: &Event) -> Option<String> {
    let who = |account: AccountId| format!("@{}", escape(&names.of(account)));
    let target = event.target_seq.unwrap_or(0);
    Some(match event.kind {
        kind::JOINED if body::<Joined>(event).is_some_and(|it| it.accounts == [event.sender]) => {
            says.came_in().into()
        }
        kind::ROLE_CHANGED => {
            let it = body::<RoleChanged>(event)?;
            says.labelled(&format!("{} {}", says.role_changed(), who(it.account)), says.role(it.role))
        }
        kind::ANNOUNCED => match body::<AnnouncedText>(event)?.text {
            text if text.is_empty() => says.took_down().into(),
            text => format!("{} {}", says.announced(), escape(&text)),
        },
        kind::GROUP_CHANGED => {
            format!("{} {}", says.group_changed(), change_text(says, &body::<GroupChange>(event)?))
        }
        kind::MUTED => match body::<Muted>(event)? {
            it if it.until_ms == 0 => format!("{} {}", says.unmuted(), who(it.account)),
            it => {
                let until = says.aside(says.until(time(it.until_ms)));
                format!("{} {}{until}", says.muted(), who(it.account))
            }
        },
        kind::BANNED => {
            let it = body::<Banned>(event)?;
            let what = if it.banned { says.banned() } else { says.unbanned() };
            format!("{what} {}", who(it.account))
        }
        kind::PINNED => {
            let pinned = body::<Pinned>(event)?.pinned;
            format!("{} {target}", if pinned { says.pinned() } else { says.unpinned() })
        }
        kind::NICKNAMED => match body::<Nicknamed>(event)?.nickname {
            name if name.is_empty() => says.no_nickname().into(),
            name => format!("{} {}", says.nicknamed(), escape(&name)),
        },
        kind::DISSOLVED => says.dissolved().into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use litrocket_protocol::{conversations::role, groups::PermissionChanges};

    use super::*;

    #[test]
    fn what_a_group_is_set_to_is_told_in_words() {
        let permissions =
            PermissionChanges { write: Some(role::ADMINISTRATOR), ..PermissionChanges::default() };
        let all = GroupChange {
            description: Some("to the moon".into()),
            joining: Some(joining::OPEN),
            discoverable: Some(false),
            slow_ms: Some(30_000),
            permissions: Some(permissions),
            ..GroupChange::default()
        };
        assert_eq!(
            change_text(Words::English, &all),
            "about: to the moon; Everybody may join; Not found by its name; 30 s between two messages of a member; \
             may write: administrator"
        );
        assert_eq!(
            change_text(Words::Chinese, &all),
            "简介：to the moon；任何人都可以加入；不可按名字搜到；成员发言间隔 30 秒；发言：管理员"
        );
        let none =
            GroupChange { description: Some(String::new()), slow_ms: Some(0), ..GroupChange::default() };
        assert_eq!(change_text(Words::English, &none), "no description; no wait between messages");
    }
}
