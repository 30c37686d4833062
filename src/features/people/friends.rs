//! Each person's own side of a friendship: remark, tags, star; and its end.

use litrocket_protocol::{
    Fault,
    account::Done,
    fault::code,
    limits, names,
    people::{FriendEntry, Friends, ListFriends, RemoveFriend, SetFriend},
};

use super::{clean_line, requests::friendship_changed, store};
use crate::{
    error::{Error, Result},
    features::{cut, page_limit},
    rpc::Session,
    writer::Tx,
};

pub(super) async fn list(caller: Session, request: ListFriends) -> Result<Friends> {
    let limit = page_limit(request.limit)?;
    let (db, me) = (&caller.app.db, caller.account());
    let mut friends = store::friends(db, me, request.after, request.tag.as_deref(), limit + 1).await?;
    let more = cut(&mut friends, limit);
    Ok(Friends { friends, more })
}

fn clean_tags(tags: &[String]) -> Result<Vec<String>> {
    if tags.len() > limits::TAGS_MAX {
        return Err(Error::too_many("tags", limits::TAGS_MAX));
    }
    let clean = tags.iter().map(|tag| clean_line(tag, limits::TAG_CHARS_MAX, "tags"));
    let mut clean = clean.collect::<Result<Vec<_>>>()?;
    if clean.iter().any(String::is_empty) {
        return Err(Fault::new(code::BAD_VALUE).field("tags").message("A tag is empty.").into());
    }
    clean.sort();
    clean.dedup();
    Ok(clean)
}

pub(super) async fn set(caller: Session, request: SetFriend) -> Result<FriendEntry> {
    let (me, friend) = (caller.account(), request.account);
    let remark =
        request.remark.map(|text| clean_line(&text, names::DISPLAY_CHARS_MAX, "remark")).transpose()?;
    let tags = request.tags.map(|tags| clean_tags(&tags)).transpose()?;
    let starred = request.starred;
    let work = async move |tx: &mut Tx| {
        let before = store::friend(tx, me, friend).await?.ok_or_else(|| Error::missing("account"))?;
        let after = FriendEntry {
            since_ms: before.since_ms,
            remark: remark.unwrap_or_else(|| before.remark.clone()),
            tags: tags.unwrap_or_else(|| before.tags.clone()),
            starred: starred.unwrap_or(before.starred),
        };
        if after != before {
            store::set_friend(tx, me, friend, &after).await?;
        }
        Ok::<_, Error>(after)
    };
    caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await
}

pub(super) async fn remove(caller: Session, request: RemoveFriend) -> Result<Done> {
    let (me, friend) = (caller.account(), request.account);
    let parted = caller.app.writer.run(move |tx| Box::pin(store::part(tx, me, friend))).await?;
    friendship_changed(&caller, friend);
    Ok(Done::if_changed(parted))
}
