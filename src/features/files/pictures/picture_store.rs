//! The SQL of pictures: the table `pictures`.

use litrocket_pictures::Previews;
use litrocket_protocol::{
    AccountId, Fault,
    fault::code,
    limits::{PICTURE_BYTES_MAX, PREVIEW_BYTES_MAX, VOICE_BYTES_MAX},
    pictures::{PREVIEW_SIZES, Picture},
};

use super::previews::{AWAY_MS, ROOM_MS, STEP};
use crate::{
    args,
    db::{self, Db},
    error::{Error, Result},
    features::{
        files::{
            CHARGE_MIN,
            storage::place::ContentPlace,
            store::{adopt, knows_name, may_read, readable_in, shelved},
        },
        moments::{seen, shown},
    },
    writer::Tx,
};

/// How long a picture waits with which the server ended once, twice, three times, more often. Perhaps it was not the
/// picture; if it was, it does no more harm than this.
const PAUSES_MS: [u64; 4] = [60_000, 3_600_000, 24 * 3_600_000, 30 * 24 * 3_600_000];

/// Goes up when the decoder changes: what an older one refused is looked at once more.
const DECODER: u64 = 2;

/// What the first bytes of a recording look like.
pub(super) const RECORDING: &str = "audio/opus";

/// A content that is a picture of some kind or a recording, by what its first bytes look like.
fn is_looked_at(media_type: &str, size: u64) -> bool {
    if media_type == RECORDING {
        return size <= VOICE_BYTES_MAX;
    }
    is_picture(media_type) && size <= PICTURE_BYTES_MAX
}

/// A kind that previews are made of, however large it is.
pub(super) fn is_picture(media_type: &str) -> bool {
    matches!(media_type, "image/png" | "image/jpeg" | "image/webp" | "image/gif")
}

/// A content is complete: if it is a picture, it waits to be looked at.
pub(in crate::features::files) async fn wait(
    tx: &mut Tx,
    content: u64,
    media_type: &str,
    size: u64,
) -> Result<()> {
    const OWNER: &str = "SELECT owner FROM files WHERE content = $1 ORDER BY id LIMIT 1";
    const INSERT: &str =
        "INSERT INTO pictures (content, account, turn) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    if !is_looked_at(media_type, size) {
        return Ok(());
    }
    let owner: Option<(i64,)> = tx.first(OWNER, args![content]).await?;
    let account = owner.map_or(0, |(owner,)| owner);
    let turn = next_turn(tx, account).await?;
    tx.execute(INSERT, args![content, account, turn]).await.map(drop)
}

/// The turn of an account's next picture: behind its own that wait, and not before the first of all that do. So whoever
/// brings a thousand pictures stands in nobody's way.
async fn next_turn(tx: &mut Tx, account: i64) -> Result<i64> {
    const OWN: &str = "SELECT MAX(turn) FROM pictures WHERE account = $1 AND state = 0";
    const FIRST: &str = "SELECT MIN(turn) FROM pictures WHERE state = 0";
    let own: Option<(Option<i64>,)> = tx.first(OWN, args![account]).await?;
    let first: Option<(Option<i64>,)> = tx.first(FIRST, args![]).await?;
    let own = own.and_then(|(turn,)| turn).map_or(0, |turn| turn + 1);
    Ok(own.max(first.and_then(|(turn,)| turn).unwrap_or(0)))
}

/// The content whose turn it is among those whose time has come, its size, and what it looks like.
pub(in crate::features::files) async fn next(db: &Db, now_ms: u64) -> Result<Option<(u64, u64, String)>> {
    const SELECT: &str =
        "SELECT p.content, c.size, c.media_type FROM pictures p JOIN contents c ON c.id = p.content
        WHERE p.state = 0 AND p.retry_ms <= $1 ORDER BY p.turn, p.content LIMIT 1";
    let row: Option<(i64, i64, String)> = db.first(SELECT, args![now_ms]).await?;
    Ok(row.map(|(content, size, media_type)| (content as u64, size as u64, media_type)))
}

/// Somebody begins to look at a picture; whether they shall.
pub(super) async fn begin(tx: &mut Tx, content: u64) -> Result<bool> {
    const BEGIN: &str = "UPDATE pictures SET tries = tries + 1 WHERE content = $1 AND state = 0";
    Ok(tx.execute(BEGIN, args![content]).await? > 0)
}

/// A picture could not be looked at: it waits until then, and comes behind its owner's others.
pub(super) async fn put_off(tx: &mut Tx, content: u64, retry_ms: u64) -> Result<()> {
    const ACCOUNT: &str = "SELECT account FROM pictures WHERE content = $1 AND state = 0";
    const UPDATE: &str =
        "UPDATE pictures SET tries = 0, retry_ms = $2, turn = $3 WHERE content = $1 AND state = 0";
    let Some((account,)): Option<(i64,)> = tx.first(ACCOUNT, args![content]).await? else { return Ok(()) };
    let turn = next_turn(tx, account).await?;
    tx.execute(UPDATE, args![content, retry_ms, turn]).await.map(drop)
}

/// The server starts: whatever somebody had begun to look at when it ended waits for a while.
pub(super) async fn put_off_begun(tx: &mut Tx) -> Result<()> {
    const UPDATE: &str = "UPDATE pictures SET retry_ms = $1 + CASE tries WHEN 1 THEN $2 WHEN 2 THEN $3
        WHEN 3 THEN $4 ELSE $5 END WHERE state = 0 AND tries > 0 AND retry_ms <= $1";
    let (now, [first, second, third, more]) = (tx.now_ms(), PAUSES_MS);
    tx.execute(UPDATE, args![now, first, second, third, more]).await.map(drop)
}

/// What somebody found who looked.
pub(in crate::features::files) enum Found {
    /// Nothing that can be shown or heard.
    Nothing,
    /// A picture that takes too much to be shown.
    TooLarge,
    /// A picture.
    Picture(Previews),
    /// A recording, and how long it is in milliseconds.
    Recording(u64),
}

impl Found {
    /// What small pictures of it take.
    pub(super) fn preview_bytes(&self) -> u64 {
        match self {
            Self::Picture(Previews { jpegs, .. }) => jpegs.iter().map(|jpeg| jpeg.len() as u64).sum(),
            _ => 0,
        }
    }
}

/// What the files of an account of a content would count for beyond what they do, if its previews took so much, for each who
/// has one. `$1` is the content, `$2` the least that a file counts for, `$3` what previews take.
macro_rules! more {
    () => {
        "(SELECT owner, SUM(MAX(size, $2) + $3 - charge) AS bytes FROM files WHERE content = $1 GROUP BY owner) more
            JOIN file_use u ON u.owner = more.owner"
    };
}

/// Notes what previews of a content take, before they are stored, and charges who has it; false where nobody has room by now.
pub(super) async fn charge(tx: &mut Tx, content: u64, bytes: u64, quota: u64) -> Result<bool> {
    const PREVIEWS: &str = "UPDATE pictures SET preview_bytes = $2 WHERE content = $1";
    if bytes > 0 && !has_room_in(tx, content, bytes, quota).await? {
        return Ok(false);
    }
    tx.execute(PREVIEWS, args![content, bytes]).await?;
    charge_files(tx, content, bytes, quota).await?;
    Ok(true)
}

/// Previews for which nobody is charged any more, since those who were let the picture go, are made anew where somebody has
/// room for them, and taken away otherwise.
pub(in crate::features::files) async fn unpaid(tx: &mut Tx, content: u64) -> Result<()> {
    const UNPAID: &str = "UPDATE pictures SET state = 0, tries = 0, retry_ms = 0
        WHERE content = $1 AND state = 1 AND preview_bytes > 0
            AND NOT EXISTS (SELECT 1 FROM files WHERE content = $1 AND charge > MAX(size, $2))";
    tx.execute(UNPAID, args![content, CHARGE_MIN]).await.map(drop)
}

/// What the small pictures of a content take that were stored, if any were.
pub(super) async fn stored_previews(db: &Db, content: u64) -> Result<Option<u64>> {
    const SELECT: &str = "SELECT preview_bytes FROM pictures WHERE content = $1 AND preview_bytes > 0";
    Ok(db.first::<(i64,)>(SELECT, args![content]).await?.map(|(bytes,)| bytes as u64))
}

/// Previews were taken away: nobody is charged for them any more.
pub(super) async fn taken_away(tx: &mut Tx, content: u64) -> Result<()> {
    const NONE: &str = "UPDATE pictures SET preview_bytes = 0 WHERE content = $1 AND state = 0";
    const CHARGE: &str = "UPDATE files SET charge = MAX(size, $2) WHERE content = $1";
    if tx.execute(NONE, args![content]).await? > 0 {
        tx.execute(CHARGE, args![content, CHARGE_MIN]).await?;
    }
    Ok(())
}

/// Somebody has more room: pictures of theirs that may have waited for it are looked at.
pub(in crate::features::files) async fn room_again(tx: &mut Tx, account: AccountId) -> Result<()> {
    const NOW: &str = "UPDATE pictures SET retry_ms = 0 WHERE content IN (SELECT content FROM pictures
        WHERE account = $1 AND state = 0 AND tries = 0 AND retry_ms > $2 AND retry_ms <= $3 LIMIT $4)";
    let now = tx.now_ms();
    tx.execute(NOW, args![account, now, now + ROOM_MS, STEP]).await.map(drop)
}

/// Somebody more has a content: they may have the room that it waited for.
pub(in crate::features::files) async fn somebody_more(tx: &mut Tx, content: u64) -> Result<()> {
    const NOW: &str = "UPDATE pictures SET retry_ms = 0
        WHERE content = $1 AND state = 0 AND tries = 0 AND retry_ms > $2 AND retry_ms <= $3";
    let now = tx.now_ms();
    tx.execute(NOW, args![content, now, now + ROOM_MS]).await.map(drop)
}

/// Charges those who have a content, and room within the quota, for previews that take so much.
pub(in crate::features::files) async fn charge_files(
    tx: &mut Tx,
    content: u64,
    bytes: u64,
    quota: u64,
) -> Result<()> {
    const CHARGE: &str = concat!(
        "UPDATE files SET charge = MAX(size, $2) + CASE WHEN owner IN (SELECT more.owner FROM ",
        more!(),
        " WHERE u.bytes + more.bytes <= $4) THEN $3 ELSE 0 END WHERE content = $1"
    );
    tx.execute(CHARGE, args![content, CHARGE_MIN, bytes, quota]).await.map(drop)
}

/// What was found out of a content that was charged for it.
pub(super) async fn settle(tx: &mut Tx, place: ContentPlace, found: &Found) -> Result<()> {
    const GOOD: &str = "UPDATE pictures SET state = 1, width = $2, height = $3, blurhash = $4, location = $5,
        retry_ms = 0, sums = $6 WHERE content = $1";
    const HEARD: &str = "UPDATE pictures SET state = 3, duration_ms = $2, retry_ms = 0 WHERE content = $1";
    const NOTHING: &str =
        "UPDATE pictures SET state = 2, large = $3, retry_ms = 0, decoder = $2 WHERE content = $1";
    let content = place.content;
    // A content that went meanwhile has no row. What was stored of it is among the leftovers since then.
    let done = match found {
        Found::Nothing => tx.execute(NOTHING, args![content, DECODER, false]).await,
        Found::TooLarge => tx.execute(NOTHING, args![content, DECODER, true]).await,
        Found::Recording(duration_ms) => tx.execute(HEARD, args![content, *duration_ms]).await,
        Found::Picture(Previews { facts, blurhash, jpegs }) => {
            let (width, height) = (u64::from(facts.width), u64::from(facts.height));
            let sums: Vec<u8> = jpegs.iter().flat_map(|jpeg| sum(jpeg)).collect();
            tx.execute(GOOD, args![content, width, height, &**blurhash, facts.location, sums]).await
        }
    };
    done?;
    // Who was charged may have let it go meanwhile.
    unpaid(tx, content).await
}

/// What the previews of a content take.
pub(in crate::features::files) async fn preview_bytes(tx: &mut Tx, content: u64) -> Result<u64> {
    const SELECT: &str = "SELECT preview_bytes FROM pictures WHERE content = $1";
    let row: Option<(i64,)> = tx.first(SELECT, args![content]).await?;
    Ok(row.map_or(0, |(bytes,)| bytes as u64))
}

/// The most that previews of one picture take.
const PREVIEWS_MAX: u64 = (PREVIEW_SIZES.len() * PREVIEW_BYTES_MAX) as u64;

/// What the files of the one with the most room would count for, of those who have a content.
const LEAST: &str = concat!("SELECT MIN(u.bytes + more.bytes) FROM ", more!());

/// Whether anybody who has a picture has room within the quota for what its previews take, or for whatever they may take.
pub(super) async fn has_room(db: &Db, content: u64, quota: u64) -> Result<bool> {
    let bytes = stored_previews(db, content).await?.unwrap_or(PREVIEWS_MAX);
    let row: Option<(Option<i64>,)> = db.first(LEAST, args![content, CHARGE_MIN, bytes]).await?;
    Ok(row.and_then(|(used,)| used).is_none_or(|used| used <= quota as i64))
}

async fn has_room_in(tx: &mut Tx, content: u64, bytes: u64, quota: u64) -> Result<bool> {
    let row: Option<(Option<i64>,)> = tx.first(LEAST, args![content, CHARGE_MIN, bytes]).await?;
    Ok(row.and_then(|(used,)| used).is_none_or(|used| used <= quota as i64))
}

/// Pictures that an older decoder refused are looked at once more, some at a time; how many.
pub(super) async fn refused_before(tx: &mut Tx, most: u64) -> Result<u64> {
    const UPDATE: &str =
        "UPDATE pictures SET state = 0, tries = 0, retry_ms = 0, decoder = $1 WHERE content IN
        (SELECT content FROM pictures WHERE state = 2 AND decoder < $1 LIMIT $2)";
    tx.execute(UPDATE, args![DECODER, most]).await
}

/// The hashes of a picture's previews, 32 bytes each; none of previews that were made before they were kept.
pub(in crate::features::files) async fn sums(db: &Db, content: u64) -> Result<Option<Vec<u8>>> {
    const SELECT: &str = "SELECT COALESCE(sums, $2) FROM pictures WHERE content = $1 AND state = 1";
    let row: Option<(Vec<u8>,)> = db.first(SELECT, args![content, &[][..]]).await?;
    Ok(row.map(|(sums,)| sums))
}

/// Whether bytes are the preview they shall be; of one whose hash was not kept, whether they are a whole JPEG.
pub(in crate::features::files) fn is_preview(bytes: &[u8], sums: &[u8], size: u32) -> bool {
    let place = PREVIEW_SIZES.iter().position(|one| *one == size).unwrap_or(PREVIEW_SIZES.len());
    match sums.get(place * 32..place * 32 + 32) {
        Some(known) => sum(bytes) == known,
        None => bytes.starts_with(b"\xff\xd8") && bytes.ends_with(b"\xff\xd9"),
    }
}

/// What a preview is known by.
fn sum(jpeg: &[u8]) -> [u8; 32] {
    blake3::hash(jpeg).into()
}

/// Pictures whose previews are not what they were are looked at anew; their numbers are a list of JSON. How many.
pub(in crate::features::files) async fn look_again(tx: &mut Tx, contents: &str) -> Result<u64> {
    const UPDATE: &str = "UPDATE pictures SET state = 0, tries = 0, retry_ms = 0
        WHERE content IN (SELECT value FROM json_each($1)) AND state = 1";
    tx.execute(UPDATE, args![contents]).await
}

/// Whether a content is looked at soon.
pub(super) async fn waits(db: &Db, content: u64, now_ms: u64) -> Result<bool> {
    const SELECT: &str = "SELECT content FROM pictures WHERE content = $1 AND state = 0 AND retry_ms <= $2";
    let row: Option<(i64,)> = db.first(SELECT, args![content, now_ms]).await?;
    Ok(row.is_some())
}

type Row = (i64, i64, String, i64);

const SELECT: &str =
    "SELECT width, height, blurhash, location FROM pictures WHERE content = $1 AND state = 1";

fn picture((width, height, blurhash, location): Row) -> (Picture, bool) {
    (Picture { width: width as u32, height: height as u32, blurhash }, location != 0)
}

/// A picture with previews, and whether it says where it was taken.
pub(in crate::features::files) async fn known(db: &Db, content: u64) -> Result<Option<(Picture, bool)>> {
    Ok(db.first::<Row>(SELECT, args![content]).await?.map(picture))
}

/// The same inside the transaction.
pub(in crate::features::files) async fn known_in(
    tx: &mut Tx,
    content: u64,
) -> Result<Option<(Picture, bool)>> {
    Ok(tx.first::<Row>(SELECT, args![content]).await?.map(picture))
}

/// How long a recording is, in milliseconds; `None` for everything else. One that is looked at soon may be asked for again.
pub(in crate::features::files) async fn recording_ms(tx: &mut Tx, content: u64) -> Result<Option<u64>> {
    const SELECT: &str =
        "SELECT p.state, p.duration_ms, p.retry_ms FROM pictures p JOIN contents c ON c.id = p.content
        WHERE p.content = $1 AND c.media_type = $2";
    let row: Option<(i64, i64, i64)> = tx.first(SELECT, args![content, RECORDING]).await?;
    match row {
        Some((3, duration, _)) => Ok(Some(duration as u64)),
        // A storage that is away comes back; what its reader broke down over waits for longer than anybody does.
        Some((0, _, retry_ms)) if retry_ms as u64 <= tx.now_ms() + AWAY_MS => {
            Err(Fault::new(code::BUSY).retry_after(1000).into())
        }
        _ => Ok(None),
    }
}

/// Pictures for a moment, in order: each readable, kept, complete and looked at. What somebody else brought becomes the
/// account's own, within the quota of this many bytes. They are used from now on; their numbers.
pub(in crate::features::files) async fn use_pictures(
    tx: &mut Tx,
    account: AccountId,
    files: &[u64],
    quota: u64,
) -> Result<Vec<u64>> {
    const SELECT: &str = concat!(
        "SELECT j.key, f.id, f.owner, f.content, COALESCE(p.state, 2), f.media_type, f.size, COALESCE(p.large, 0)
        FROM json_each($2) j JOIN files f ON f.id = j.value
        LEFT JOIN pictures p ON p.content = f.content WHERE ",
        may_read!(),
        " ORDER BY j.key"
    );
    const USED: &str =
        "UPDATE files SET unused_ms = NULL, made_ms = $2 WHERE id IN (SELECT value FROM json_each($1))";
    type Row = (i64, i64, i64, Option<i64>, i64, String, i64, i64);
    let rows: Vec<Row> = tx.all(SELECT, args![account, db::list(files)?]).await?;
    let refuse = |place: i64, code| {
        let fault = Fault::new(code).field("pictures").param("place", place.to_string());
        Err(fault.into())
    };
    if let Some(place) = (0..files.len() as i64).find(|place| rows.iter().all(|(key, ..)| key != place)) {
        return refuse(place, code::NOT_FOUND);
    }
    for (place, _, _, content, state, media_type, size, large) in &rows {
        let too_large = *large != 0 || (is_picture(media_type) && *size as u64 > PICTURE_BYTES_MAX);
        match (content, state) {
            (None, _) => return refuse(*place, code::FILE_GONE),
            (Some(_), 1) => {}
            (Some(content), 0) if !has_room_in(tx, *content as u64, PREVIEWS_MAX, quota).await? => {
                return Err(Fault::new(code::QUOTA_EXCEEDED).field("pictures").limit(quota).into());
            }
            (Some(_), 0) => return Err(Fault::new(code::BUSY).retry_after(1000).into()),
            (Some(_), _) if too_large => return refuse(*place, code::PICTURE_TOO_LARGE),
            (Some(_), _) => return refuse(*place, code::BAD_PICTURE),
        }
    }
    let mut own = Vec::with_capacity(rows.len());
    for (_, file, owner, ..) in rows {
        let file = file as u64;
        own.push(if AccountId::from(owner) == account {
            file
        } else {
            adopted(tx, account, file, quota).await?
        });
    }
    let now = tx.now_ms();
    tx.execute(USED, args![db::list(&own)?, now]).await?;
    Ok(own)
}

async fn adopted(tx: &mut Tx, account: AccountId, file: u64, quota: u64) -> Result<u64> {
    let file = readable_in(tx, account, file).await?.ok_or_else(|| Error::missing("file"))?;
    Ok(adopt(tx, account, file, quota).await?.id)
}
