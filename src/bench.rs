//! What the load harness borrows from the server: a filled data folder, the bare QUIC endpoint, the log as stored.

use std::{future::Future, net::SocketAddr, path::Path, pin::Pin, sync::Arc};

use litrocket_bench::{
    COMMON_WORD, Error, Host, HostFuture, PASSWORD, RARE_WORD, Result, Seed, SeedConversation, Stored,
};
use litrocket_protocol::{
    AccountId, ConversationId, MessageId,
    conversations::{conversation_kind, member_state, role},
    event::{Text, kind},
    frame,
    moments::visibility,
};

use crate::{
    app::Clock,
    args,
    config::Config,
    db::{self, Db, Value},
    features::{account, chat, people},
    hub::Hub,
    server, transport,
    writer::{self, NewEvent, Tx, Writer},
};

/// Rows of one commit while a folder is filled.
const STEP: usize = 2_000;
/// Who wants the hashes of a filling.
const NOBODY: account::Asker = account::Asker::Stranger(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

/// The server, as the harness knows it.
#[derive(Debug, Clone, Copy)]
pub struct ServerHost;

fn fail(what: &str) -> impl Fn(&dyn std::fmt::Display) -> Error {
    move |cause| Error::new(what, cause)
}

impl Host for ServerHost {
    fn seed<'a>(&'a self, folder: &'a Path, seed: &'a Seed) -> HostFuture<'a, ()> {
        Box::pin(fill(folder, seed))
    }

    fn endpoint(&self, listen: SocketAddr, folder: &Path) -> Result<quinn::Endpoint> {
        let data = folder.join("data");
        std::fs::create_dir_all(&data).map_err(|error| fail("the data folder")(&error))?;
        let mut config = Config::default();
        config.server.certs = folder.join("certs").display().to_string();
        config.transport.idle_timeout_ms = 120_000;
        let options = server::transport_options(&config, listen, &data);
        transport::endpoint(&options, Clock::default().now()).map_err(|error| fail("the endpoint")(&error))
    }

    fn check_password(&self) -> Pin<Box<dyn Future<Output = Result<()>> + Send + '_>> {
        Box::pin(async {
            static PASSWORDS: std::sync::OnceLock<account::Passwords> = std::sync::OnceLock::new();
            let passwords = if let Some(passwords) = PASSWORDS.get() {
                passwords
            } else {
                let accounts = crate::config::Accounts { hashes_waiting_max: 100_000, ..Default::default() };
                let made = account::Passwords::new(&accounts).map_err(|error| fail("argon2")(&error))?;
                PASSWORDS.get_or_init(|| made)
            };
            let checked = passwords.verify(NOBODY, PASSWORD.into(), None).await;
            checked.map(drop).map_err(|error| fail("argon2")(&error))
        })
    }

    fn rows<'a>(&'a self, folder: &'a Path) -> HostFuture<'a, u64> {
        const SELECT: &str = "SELECT (SELECT COUNT(*) FROM events) + (SELECT COUNT(*) FROM members)
            + (SELECT COUNT(*) FROM access) + (SELECT COUNT(*) FROM accounts) + (SELECT COUNT(*) FROM sessions)
            + (SELECT COUNT(*) FROM account_log) + (SELECT COUNT(*) FROM conversations)
            + (SELECT COUNT(*) FROM mentions) + (SELECT COUNT(*) FROM reactions)
            + (SELECT COUNT(*) FROM hidden)";
        Box::pin(async {
            let db = open(folder).await?;
            let row: Option<(i64,)> =
                db.first(SELECT, &[]).await.map_err(|error| fail("counting rows")(&error))?;
            db.close().await;
            Ok(row.map_or(0, |(rows,)| rows as u64))
        })
    }

    fn log<'a>(&'a self, folder: &'a Path) -> HostFuture<'a, Vec<Stored>> {
        Box::pin(log(folder))
    }

    fn schema(&self) -> &'static str {
        include_str!("../migrations/sqlite/0001_foundation.sql")
    }
}

fn database() -> db::Options {
    db::Options {
        full_durability: true,
        readers: 1,
        checkpoint_bytes: 16 * 1024 * 1024,
        read_time: std::time::Duration::from_secs(60),
    }
}

async fn open(folder: &Path) -> Result<Db> {
    let (db, writer) = Db::open(folder, &database()).await.map_err(|error| fail("the database")(&error))?;
    writer.close().await.map_err(|error| fail("the database")(&error))?;
    Ok(db)
}

async fn log(folder: &Path) -> Result<Vec<Stored>> {
    const SELECT: &str = "SELECT pos, gone, frame FROM events WHERE pos > $1 ORDER BY pos LIMIT 10000";
    let reading = fail("reading the log");
    let db = open(folder).await?;
    let (mut stored, mut after) = (Vec::new(), 0);
    loop {
        let rows: Vec<(i64, i64, Vec<u8>)> =
            db.all(SELECT, args![after]).await.map_err(|error| reading(&error))?;
        let Some((last, ..)) = rows.last() else { break };
        after = *last;
        for (_, gone, bytes) in &rows {
            let event = chat::decode(bytes).map_err(|error| reading(&error))?;
            stored.push(Stored { event, gone: *gone != 0 });
        }
    }
    db.close().await;
    Ok(stored)
}

async fn fill(folder: &Path, seed: &Seed) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| fail("the data folder")(&error))?;
    let filling = fail("filling the store");
    let options = writer::Options {
        folder: folder.to_owned(),
        database: database(),
        batch_max: 512,
        stranger_messages_max: u64::MAX,
    };
    let (writer, db) = Writer::open(&options, Arc::new(Hub::default()), Clock::default())
        .await
        .map_err(|error| filling(&error))?;
    let writer =
        writer.start(Arc::new(chat::ChatHooks { files_quota: 0 })).map_err(|error| filling(&error))?;
    let passwords =
        account::Passwords::new(&crate::config::Accounts::default()).map_err(|error| filling(&error))?;
    let password = passwords.hash(NOBODY, PASSWORD.into()).await.map_err(|error| filling(&error))?;
    for accounts in seed.accounts.chunks(STEP) {
        let (accounts, password) = (accounts.to_vec(), password.clone());
        let run = writer.run(move |tx| Box::pin(insert_accounts(tx, accounts, password)));
        run.await.map_err(|error| filling(&error))?;
    }
    for conversations in seed.conversations.chunks(STEP) {
        let conversations = conversations.to_vec();
        let run = writer.run(move |tx| Box::pin(insert_conversations(tx, conversations)));
        run.await.map_err(|error| filling(&error))?;
    }
    for friends in seed.friends.chunks(STEP) {
        let friends = friends.to_vec();
        let run = writer.run(move |tx| Box::pin(insert_friends(tx, friends)));
        run.await.map_err(|error| filling(&error))?;
    }
    let run = writer.run(move |tx| Box::pin(count_friends(tx)));
    run.await.map_err(|error| filling(&error))?;
    let people = seed.accounts.len() as u64;
    let moments = people * seed.moments;
    for first in (0..moments).step_by(STEP) {
        let numbers = first..(first + STEP as u64).min(moments);
        let run = writer.run(move |tx| Box::pin(insert_moments(tx, people, numbers)));
        run.await.map_err(|error| filling(&error))?;
    }
    // In turn, as people talk: the conversations of a store lie between each other.
    let most = seed.conversations.iter().map(|conversation| conversation.messages).max().unwrap_or(0);
    let per_job = (STEP / seed.conversations.len().max(1)).max(1) as u64;
    for first in (0..most).step_by(per_job as usize) {
        let conversations = seed.conversations.clone();
        let run = writer.run(move |tx| Box::pin(insert_messages(tx, conversations, first..first + per_job)));
        run.await.map_err(|error| filling(&error))?;
    }
    writer.stop().await;
    db.close().await;
    Ok(())
}

type Accounts = Vec<litrocket_bench::SeedAccount>;

async fn insert_accounts(tx: &mut Tx, accounts: Accounts, password: String) -> crate::error::Result<()> {
    const ACCOUNT: &str = "INSERT INTO accounts
            (id, handle, name_key, skeleton, password, display_name, created_ms) VALUES ($1, $2, $2, $2, $3, $2, $4)";
    const SESSION: &str = "INSERT INTO sessions (id, account, token_hash, label, created_ms, last_used_ms)
        VALUES ($1, $1, $2, 'bench', $3, $3)";
    let now = tx.now_ms();
    let rows: Vec<Vec<Value>> = accounts
        .iter()
        .map(|account| args![account.id, format!("person{}", account.id), password.clone(), now].to_vec())
        .collect();
    tx.execute_many(ACCOUNT, &rows).await?;
    for account in &accounts {
        people::index(tx, AccountId(account.id), &format!("person{}", account.id), "").await?;
    }
    let rows: Vec<Vec<Value>> = accounts
        .iter()
        .map(|account| args![account.id, account::secret_hash(&account.token), now].to_vec())
        .collect();
    tx.execute_many(SESSION, &rows).await
}

async fn insert_conversations(tx: &mut Tx, conversations: Vec<SeedConversation>) -> crate::error::Result<()> {
    const CONVERSATION: &str = "INSERT INTO conversations
            (id, kind, name, owner, low, high, made_by, members, created_ms, last_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)";
    const MEMBER: &str =
        "INSERT INTO members (conversation, account, state, role, shown) VALUES ($1, $2, $3, $4, 1)";
    const ACCESS: &str = "INSERT INTO access (conversation, account, from_seq) VALUES ($1, $2, 1)";
    let now = tx.now_ms();
    let (mut made, mut members, mut access) = (Vec::new(), Vec::new(), Vec::new());
    for conversation in &conversations {
        let (id, all) = (conversation.id, &conversation.members);
        let first = all.first().copied().unwrap_or(0);
        let (kind, name, owner, low, high) = if let [a, b] = all[..] {
            (conversation_kind::DIRECT, String::new(), 0, Some(a.min(b)), Some(a.max(b)))
        } else {
            (conversation_kind::GROUP, format!("group {id}"), first, None, None)
        };
        made.push(args![id, kind, name, owner, low, high, first, all.len() as u64, now].to_vec());
        for account in all {
            let role = if *account == owner { role::OWNER } else { role::MEMBER };
            members.push(args![id, *account, member_state::JOINED, role].to_vec());
            access.push(args![id, *account].to_vec());
        }
    }
    tx.execute_many(CONVERSATION, &made).await?;
    tx.execute_many(MEMBER, &members).await?;
    tx.execute_many(ACCESS, &access).await
}

async fn insert_friends(tx: &mut Tx, friends: Vec<(u64, u64)>) -> crate::error::Result<()> {
    const FRIEND: &str = "INSERT INTO friends (account, friend, since_ms) VALUES ($1, $2, $3), ($2, $1, $3)
        ON CONFLICT (account, friend) DO NOTHING";
    let now = tx.now_ms();
    let rows: Vec<Vec<Value>> =
        friends.into_iter().map(|(one, other)| args![one, other, now].to_vec()).collect();
    tx.execute_many(FRIEND, &rows).await
}

/// What befriending counts.
async fn count_friends(tx: &mut Tx) -> crate::error::Result<()> {
    const COUNT: &str =
        "UPDATE accounts SET friend_count = (SELECT COUNT(*) FROM friends f WHERE f.account = accounts.id)";
    tx.execute(COUNT, &[]).await.map(drop)
}

/// Of ten moments one is for the author alone, one leaves somebody out.
async fn insert_moments(tx: &mut Tx, people: u64, numbers: std::ops::Range<u64>) -> crate::error::Result<()> {
    const MOMENT: &str = "INSERT INTO moments (id, author, client_id, hash, at_ms, visibility, open, text)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    const PERSON: &str = "INSERT INTO moment_people (moment, account) VALUES ($1, 1)";
    const LIKE: &str = "INSERT INTO moment_likes (moment, account, at_ms) VALUES ($1, $2, $3)";
    const COMMENT: &str = "INSERT INTO moment_comments (id, moment, account, client_id, hash, at_ms, text)
        VALUES ($1, $1, $2, $3, $4, $5, 'and how it flew')";
    let now = tx.now_ms();
    let (mut moments, mut left_out, mut likes, mut comments) = (vec![], vec![], vec![], vec![]);
    for number in numbers {
        let (id, author) = (number + 1, number % people + 1);
        // Each person's moments are of each kind in turn.
        let visibility = match (number / people + author) % 10 {
            0 => visibility::ONLY_ME,
            1 => visibility::EXCEPT,
            _ => visibility::FRIENDS,
        };
        let mut client = [0; 16];
        client[8..].copy_from_slice(&id.to_be_bytes());
        let client = MessageId(client);
        let text =
            format!("{COMMON_WORD} {number} 火箭发射, and some more words as people write them every day");
        let open = visibility != visibility::ONLY_ME;
        moments.push(args![id, author, client, [0; 32], now, visibility, open, text].to_vec());
        if visibility == visibility::EXCEPT {
            left_out.push(args![id].to_vec());
        }
        likes.push(args![id, author, now].to_vec());
        comments.push(args![id, author, client, [0; 32], now].to_vec());
    }
    tx.execute_many(MOMENT, &moments).await?;
    tx.execute_many(PERSON, &left_out).await?;
    tx.execute_many(LIKE, &likes).await?;
    tx.execute_many(COMMENT, &comments).await
}

async fn insert_messages(
    tx: &mut Tx,
    conversations: Vec<SeedConversation>,
    numbers: std::ops::Range<u64>,
) -> crate::error::Result<()> {
    for number in numbers {
        for conversation in conversations.iter().filter(|one| number < one.messages) {
            let sender = conversation.members[number as usize % conversation.members.len()];
            let rare = if number % 1_000 == 0 { RARE_WORD } else { "nothing" };
            let text = format!(
                "{COMMON_WORD} {number} of {} 火箭发射 {rare}, and some more words as people write them every day",
                conversation.id
            );
            let mut id = [0; 16];
            id[..6].copy_from_slice(&tx.now_ms().to_be_bytes()[2..]);
            id[6] = 0x7f;
            id[8..12].copy_from_slice(&(conversation.id as u32 | 0x8000_0000).to_be_bytes());
            id[12..].copy_from_slice(&(number as u32).to_be_bytes());
            tx.append(NewEvent {
                conversation: ConversationId(conversation.id),
                sender: AccountId(sender),
                kind: kind::TEXT,
                id: Some((MessageId(id), [0; 32])),
                body: frame::encode_body(&Text { text, ..Text::default() }),
                ..NewEvent::default()
            })
            .await?;
        }
    }
    Ok(())
}
