//! The list of members.

use litrocket_protocol::{
    AccountId,
    conversations::{ListMembers, Member, Members},
};

use super::joined;
use crate::{args, error::Result, features::page_limit, rpc::Session};

pub(super) async fn list(caller: Session, request: ListMembers) -> Result<Members> {
    const SELECT: &str = "SELECT m.account, a.handle, a.display_name, m.role, m.state, m.nickname, m.muted_ms
        FROM members m
        JOIN accounts a ON a.id = m.account
        WHERE m.conversation = $1 AND m.account > $2 AND m.state = 2 ORDER BY m.account LIMIT $3";
    let limit = page_limit(request.limit)?;
    let db = &caller.app.db;
    let now = caller.app.clock.now_ms();
    joined(db, request.conversation, caller.account()).await?;
    let after = request.after.map_or(0, AccountId::sql);
    let rows: Vec<(i64, String, String, i64, i64, String, i64)> =
        db.all(SELECT, args![request.conversation, after, limit + 1]).await?;
    let more = rows.len() as u64 > limit;
    let members = rows
        .into_iter()
        .take(limit as usize)
        .map(|(account, handle, display_name, role, state, nickname, muted)| Member {
            account: account.into(),
            handle,
            display_name,
            role: role as u8,
            state: state as u8,
            nickname: Some(nickname).filter(|name| !name.is_empty()),
            muted_until_ms: Some(muted as u64).filter(|until| *until > now),
        })
        .collect();
    Ok(Members { members, more })
}
