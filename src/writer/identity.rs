//! What makes this server itself: its id, its keys, the epochs of its logs, and where its numbers go on.
//!
//! An epoch begins with the first start, and with each start after a backup was restored. Of each the log position it began
//! at is kept: up to there its log is that of the epochs before. Numbers go on far behind those that the backup has: what was
//! made since it was taken has numbers that clients may still name.

use litrocket_core::writer::Epochs;

use super::tx::Ids;
use crate::{
    args,
    db::{Connection, OpenError},
};

/// What makes this server itself, from its first start on.
#[derive(Debug, Clone)]
pub struct Identity {
    /// 16 random bytes.
    pub server_id: Vec<u8>,
    /// Changes when the logs may have been set back.
    pub log_epoch: u64,
    /// The epochs so far, and where each began.
    pub epochs: Epochs,
    /// Keys the hashes of payloads.
    pub payload_key: [u8; 32],
}

/// How far numbers jump at a restore: more than are given between a backup and the crash after it.
const JUMP: u64 = 1 << 24;

const SELECT: &str = "SELECT value FROM meta WHERE key = $1";

/// Reads what makes this server itself, or makes it at the first start and after a restore.
pub(super) async fn identity(connection: &mut Connection) -> Result<(Identity, Ids), OpenError> {
    const INSERT: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let random = |size: usize| {
        let mut bytes = vec![0; size];
        // Without randomness no server id and no key can be made: nothing can start.
        getrandom::fill(&mut bytes).map(|()| bytes)
    };
    let wanted = [("server_id", 16), ("payload_key", 32), ("log_epoch", 6)];
    let mut found = Vec::new();
    for (key, size) in wanted {
        let fresh = random(size).map_err(no_randomness)?;
        connection.execute(INSERT, args![key, fresh]).await?;
        let row: Option<(Vec<u8>,)> = connection.first(SELECT, args![key]).await?;
        found.push(row.map(|(value,)| value).unwrap_or_default());
    }
    let epoch = found.pop().unwrap_or_default();
    let log_epoch = epoch.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let key = found.pop().unwrap_or_default();
    let (epochs, ids) = epochs(connection, log_epoch).await?;
    let server_id = found.pop().unwrap_or_default();
    Ok((Identity { server_id, log_epoch, epochs, payload_key: key.try_into().unwrap_or([0; 32]) }, ids))
}

/// The epochs so far with this one, and where numbers go on.
async fn epochs(connection: &mut Connection, log_epoch: u64) -> Result<(Epochs, Ids), OpenError> {
    const PUT: &str = "INSERT INTO meta (key, value) VALUES ($1, $2)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    let mut ids = ids(connection).await?;
    let row: Option<(Vec<u8>,)> = connection.first(SELECT, args!["log_epochs"]).await?;
    let mut epochs = Epochs::read(&row.map(|(value,)| value).unwrap_or_default());
    let floors: Option<(Vec<u8>,)> = connection.first(SELECT, args!["id_floors"]).await?;
    let floors = numbers(&floors.map(|(value,)| value).unwrap_or_default());
    let [account, session, conversation] = floors.try_into().unwrap_or([0; 3]);
    ids.account = ids.account.max(account);
    ids.session = ids.session.max(session);
    ids.conversation = ids.conversation.max(conversation);
    if epochs.current() == Some(log_epoch) {
        return Ok((epochs, ids));
    }
    if epochs.current().is_some() {
        tracing::warn!(log_epoch, "the logs were set back: clients read again what they may not have");
        ids.account += JUMP;
        ids.session += JUMP;
        ids.conversation += JUMP;
        let floors = [ids.account, ids.session, ids.conversation];
        let floors: Vec<u8> = floors.into_iter().flat_map(u64::to_be_bytes).collect();
        // Before the epoch: a crash in between jumps once more.
        connection.execute(PUT, args!["id_floors", floors]).await?;
    }
    epochs.begin(log_epoch, ids.pos);
    connection.execute(PUT, args!["log_epochs", epochs.write()]).await?;
    Ok((epochs, ids))
}

fn numbers(bytes: &[u8]) -> Vec<u64> {
    let (numbers, _) = bytes.as_chunks::<8>();
    numbers.iter().map(|bytes| u64::from_be_bytes(*bytes)).collect()
}

fn no_randomness(error: getrandom::Error) -> OpenError {
    OpenError::Driver(crate::db::Error::temporary(format!("no randomness: {error}")))
}

async fn ids(connection: &mut Connection) -> Result<Ids, OpenError> {
    const SELECT: &str = "SELECT
        (SELECT COALESCE(MAX(id), 0) FROM accounts),
        (SELECT COALESCE(MAX(id), 0) FROM sessions),
        (SELECT COALESCE(MAX(id), 0) FROM conversations),
        (SELECT COALESCE(MAX(pos), 0) FROM events)";
    let row: Option<(i64, i64, i64, i64)> = connection.first(SELECT, &[]).await?;
    let (account, session, conversation, pos) = row.unwrap_or_default();
    Ok(Ids {
        account: account as u64,
        session: session as u64,
        conversation: conversation as u64,
        pos: pos as u64,
    })
}
