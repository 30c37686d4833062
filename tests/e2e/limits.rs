//! Limits that hold over time, over devices and over what is stored: each answers with its typed error. Those of single
//! requests are in `hostile`.

use litrocket_client::{Client, Error, Outgoing};
use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    account::{ChangePassword, ListSessions},
    chat::{Cursors, frame_type},
    conversations::{CreateGroup, OpenDirect, role},
    event::{Mention, Text},
    fault::code,
    files::{AddGroupFile, MakeGroupFolder},
    frame,
    groups::{
        BanMember, GroupChange, ListGroupAnnouncements, MakeGroupLink, ReportContent, SetGroup, SetRole,
    },
    limits,
    moments::{HideMoments, PostMoment},
    people::{AnswerFriend, SetBlocked, SetFriend},
    state::{self, Watch},
    stream_kind, varint,
    words::{AddWords, NewWord},
};

use crate::{
    raw::Raw,
    world::{PASSWORD, PATIENCE, Person, World, eventually, sign_in, text},
};

impl Person {
    /// Makes a request that must be refused; answers the fault.
    pub(crate) async fn fault<R: litrocket_protocol::Request>(&self, request: R) -> Fault {
        match self.client.call(request).await {
            Err(Error::Fault(fault)) => *fault,
            Err(other) => panic!("{} got {other} instead of a fault", R::NAME),
            Ok(_) => panic!("{} was granted", R::NAME),
        }
    }
}

fn new_word(person: &Person) -> NewWord {
    NewWord {
        id: person.client.new_id().unwrap(),
        word: "x".into(),
        reading: String::new(),
        meaning: "x".into(),
        example: String::new(),
        note: String::new(),
    }
}

/// Puts rows into a table as if people had made them in years.
async fn fills(world: &World, sql: &'static str, person: &Person, count: usize) {
    let (account, count) = (person.account, count as u64);
    let filled = world
        .app()
        .writer
        .run(move |tx| Box::pin(async move { tx.execute(sql, litrocket::args![account, count]).await }));
    filled.await.unwrap();
}

/// Numbers from 1000001 on: accounts and things that nobody made.
macro_rules! rows {
    ($insert:literal) => {
        concat!(
            "WITH RECURSIVE n (x) AS (SELECT 1000001 UNION ALL SELECT x + 1 FROM n WHERE x < 1000000 + $2) ",
            $insert
        )
    };
}

const BLOCKED: &str = rows!("INSERT INTO blocks (account, blocked, at_ms) SELECT $1, x, 1 FROM n");
const HIDDEN: &str = rows!("INSERT INTO moment_hidden (account, author) SELECT $1, x FROM n");
const REPORTS: &str = rows!(
    "INSERT INTO reports (id, reporter, account, text, at_ms) SELECT x, $1, x, 'x', 4102444800000 FROM n"
);
const PLACES: &str =
    rows!("INSERT INTO members (conversation, account, state, role) SELECT x, $1, 2, 3 FROM n");
const BANNED: &str =
    rows!("INSERT INTO members (conversation, account, state, role) SELECT 1, x, 5, 3 FROM n WHERE $1 > 0");
const STAFF: &str = rows!(
    "UPDATE members SET state = 2, role = 2 WHERE conversation = 1 AND account IN (SELECT x FROM n) AND $1 > 0"
);

const FRIENDS: &str = rows!("INSERT INTO friends (account, friend, since_ms) SELECT $1, x, 1 FROM n");
const WORDS: &str = rows!(
    "INSERT INTO own_words (account, id, hash, word, reading, meaning, example, note, created_ms, changed_ms)
    SELECT $1, randomblob(16), x'00', 'w' || x, '', 'm', '', '', 1, 1 FROM n"
);
const FILES: &str = rows!(
    "INSERT INTO group_files (id, conversation, parent, name, name_key, added_by, added_ms)
    SELECT x, 1, 0, 'n' || x, 'n' || x, $1, 1 FROM n"
);

#[tokio::test]
async fn groups_of_a_day_are_counted_and_the_next_one_has_to_wait() {
    let world = World::start_with(|config| config.limits.groups_per_day = 2).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let make = |person: &Person| CreateGroup {
        id: person.client.new_id().unwrap(),
        name: "g".into(),
        accounts: vec![],
        open_history: false,
    };
    let first = make(&ada);
    let made = ada.asks(first.clone()).await.conversation;
    ada.asks(make(&ada)).await;
    let fault = ada.fault(make(&ada)).await;
    assert_eq!((fault.code.as_str(), fault.limit), ("rate_limited", Some(2)));
    assert!(fault.retry_after_ms.is_some_and(|wait| wait > 0));
    assert_eq!(ada.asks(first).await.conversation, made, "a repeat is no new group");
    bob.asks(make(&bob)).await;
    world.app().clock.set_offset_ms(86_400_000 + 1_000);
    ada.asks(make(&ada)).await;
}

#[tokio::test]
async fn a_device_too_many_signs_out_the_one_used_longest_ago() {
    let world = World::start_with(|config| config.accounts.sessions_max = 2).await;
    let ada = world.person("ada").await;
    let phone = world.device(&ada).await;
    let laptop = world.device(&ada).await;
    assert_eq!(laptop.asks(ListSessions::default()).await.sessions.len(), 2);
    eventually("the first device is signed out", async || {
        ada.client.call(ListSessions::default()).await.is_err()
    })
    .await;
    assert_eq!(ada.fault(ListSessions::default()).await.code, "bad_token");
    phone.asks(ListSessions::default()).await;
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_others_have_theirs() {
    let world = World::start_with(|config| config.transport.connections_per_address_max = 3).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let third = world.guest().await;
    let refused = Client::connect(world.options()).await.unwrap_err();
    assert!(refused.to_string().contains("refused"), "{refused}");
    let chat = ada.opens(&bob).await;
    ada.says(chat, "we are not disturbed").await;
    Raw::connect(world.port, &world.ca(), [127, 0, 0, 2].into()).await.greets().await;
    third.close().await;
    eventually("a place was free", async || Client::connect(world.options()).await.is_ok()).await;
}

#[tokio::test]
async fn more_cursors_than_an_account_has_conversations_are_refused() {
    let world = World::start().await;
    let raw = world.raw().await;
    raw.signs_up("ada").await;
    let mut bytes = Vec::new();
    varint::put(&mut bytes, stream_kind::CHAT);
    let frames = limits::CONVERSATIONS_MAX / limits::CURSORS_PER_FRAME_MAX + 1;
    for frame in 0..frames {
        let pairs = (1..=limits::CURSORS_PER_FRAME_MAX as u64)
            .map(|n| (ConversationId(frame as u64 * 10_000 + n), 1))
            .collect();
        bytes
            .extend_from_slice(&frame::encode(frame_type::CURSORS, &Cursors { cursors: pairs, epoch: None }));
    }
    let (_send, mut recv) = raw.begins(&bytes).await;
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(PATIENCE, recv.read(&mut answer)).await.unwrap().unwrap().unwrap();
    let (kind, body, _) = frame::split(&answer[..read], frame::FRAME_MAX).unwrap().expect("a whole frame");
    assert_eq!(kind, frame::FAULT);
    let fault: Fault = frame::decode(&answer[body]).unwrap();
    assert_eq!((fault.code.as_str(), fault.limit), ("too_many", Some(limits::CONVERSATIONS_MAX as u64)));
}

#[tokio::test]
async fn of_those_whom_one_connection_watches_the_first_two_hundred_count() {
    let world = World::start().await;
    let [bob, eve] = world.people(["bob", "eve"]).await;
    let raw = world.raw().await;
    raw.signs_up("ada").await;
    let mut accounts: Vec<AccountId> =
        (1..limits::PRESENCE_SUBSCRIPTIONS_MAX as u64).map(|n| AccountId(1_000_000 + n)).collect();
    accounts.extend([eve.account, bob.account]);
    assert_eq!(accounts.len(), limits::PRESENCE_SUBSCRIPTIONS_MAX + 1);
    let mut bytes = Vec::new();
    varint::put(&mut bytes, stream_kind::STATE);
    bytes.extend_from_slice(&frame::encode(state::frame_type::WATCH, &Watch { accounts }));
    let (mut send, mut recv) = raw.begins(&bytes).await;
    let mut hears = async || {
        let mut answer = vec![0; 4096];
        let read = tokio::time::timeout(PATIENCE, recv.read(&mut answer)).await.unwrap().unwrap().unwrap();
        let (kind, body, _) = frame::split(&answer[..read], frame::FRAME_MAX).unwrap().expect("a frame");
        assert_eq!(kind, state::frame_type::PRESENCE);
        frame::decode::<state::Presence>(&answer[body]).unwrap().account
    };
    assert_eq!(hears().await, eve.account);
    let bob_alone = Watch { accounts: vec![bob.account] };
    send.write_all(&frame::encode(state::frame_type::WATCH, &bob_alone)).await.unwrap();
    assert_eq!(hears().await, bob.account, "bob was not watched before");
}

#[tokio::test]
async fn an_unknown_name_costs_as_many_hashes_as_a_wrong_password_and_answers_the_same() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let guest = world.guest().await;
    let mut answers = Vec::new();
    for (name, password) in [
        ("ada", "wrong horse"),
        ("nobody", "wrong horse"),
        ("ada", &*"x".repeat(2_000)),
        ("not a name!", "x"),
    ] {
        let before = world.app().passwords.hashes();
        match guest.sign_in(sign_in(name, password)).await {
            Err(Error::Fault(fault)) => answers.push((*fault, world.app().passwords.hashes() - before)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((answers[0].0.code.as_str(), answers[0].1), ("wrong_credentials", 1));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let wrong = ChangePassword { old: "x".into(), new: "a new password".into(), end_others: false };
    assert_eq!(ada.is_refused(wrong).await, "wrong_credentials");
    let short = "x".repeat(limits::PASSWORD_BYTES_MIN - 1);
    for new in [short, "x".repeat(limits::PASSWORD_BYTES_MAX + 1)] {
        let change = ChangePassword { old: PASSWORD.into(), new, end_others: false };
        assert_eq!(ada.is_refused(change).await, "bad_password");
    }
}

#[tokio::test]
async fn what_people_gather_in_years_is_bounded() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    fills(&world, BLOCKED, &ada, limits::BLOCKED_MAX).await;
    let block = |person: &Person| SetBlocked { account: person.account, blocked: true };
    assert_eq!(ada.is_refused(block(&bob)).await, "too_many");
    bob.asks(block(&eve)).await;
    fills(&world, HIDDEN, &ada, limits::MOMENTS_HIDDEN_MAX).await;
    assert_eq!(ada.is_refused(HideMoments { account: bob.account, hidden: true }).await, "too_many");
    fills(&world, REPORTS, &ada, limits::REPORTS_PER_DAY_MAX as usize).await;
    let report = ReportContent {
        account: Some(bob.account),
        text: "rude".into(),
        conversation: None,
        event_seq: None,
        moment: None,
    };
    assert_eq!(ada.is_refused(report).await, "too_many");
    fills(&world, FRIENDS, &ada, limits::FRIENDS_MAX).await;
    bob.asks_to_be_a_friend(&ada, "").await;
    assert_eq!(ada.is_refused(AnswerFriend { account: bob.account, accept: true }).await, "too_many");
    fills(&world, WORDS, &ada, limits::WORDS_MAX).await;
    assert_eq!(ada.is_refused(AddWords { words: vec![new_word(&ada)] }).await, "too_many");
    fills(&world, PLACES, &eve, limits::CONVERSATIONS_MAX).await;
    assert_eq!(eve.is_refused(OpenDirect { account: bob.account }).await, "too_many");
}

#[tokio::test]
async fn what_a_group_gathers_is_bounded() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let conversation = ada.makes_group("g", &[&bob]).await;
    assert_eq!(conversation, ConversationId(1), "the rows below are of this group");
    fills(&world, FILES, &ada, limits::GROUP_FILES_MAX as usize).await;
    assert_eq!(ada.is_refused(MakeGroupFolder { conversation, name: "f".into() }).await, "too_many");
    let file = AddGroupFile { conversation, file: 0, folder: None, name: Some("f".into()) };
    assert_eq!(ada.is_refused(file).await, "too_many", "asked before there is a file");
    fills(&world, BANNED, &ada, limits::GROUP_BANNED_MAX as usize).await;
    let ban = BanMember { conversation, account: bob.account, banned: true };
    assert_eq!(ada.is_refused(ban).await, "too_many");
    fills(&world, STAFF, &ada, limits::ADMINISTRATORS_MAX).await;
    let promote = SetRole { conversation, account: bob.account, role: role::ADMINISTRATOR };
    assert_eq!(ada.is_refused(promote).await, "too_many");
    let set = |change| SetGroup { conversation, change };
    let long = "x".repeat(limits::GROUP_DESCRIPTION_BYTES_MAX + 1);
    let described = GroupChange { description: Some(long), ..GroupChange::default() };
    assert_eq!(ada.is_refused(set(described)).await, "too_long");
    let slow = GroupChange { slow_ms: Some(limits::SLOW_MS_MAX + 1), ..GroupChange::default() };
    assert_eq!(ada.is_refused(set(slow)).await, "bad_value");
    let link = MakeGroupLink { conversation, uses: Some(limits::GROUP_LINK_USES_MAX + 1), valid_ms: None };
    assert_eq!(ada.is_refused(link).await, "bad_value");
    let limit = Some(limits::GROUP_ANNOUNCEMENTS_PAGE_MAX + 1);
    let announcements = ListGroupAnnouncements { conversation, before: None, limit };
    assert_eq!(ada.is_refused(announcements).await, "bad_value");
}

#[tokio::test]
async fn what_one_message_moment_or_list_of_words_holds_is_bounded() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let mention = Mention { account: bob.account, start: 0, len: 1 };
    let crowd = Text { mentions: vec![mention; limits::MENTIONS_MAX + 1], ..text("hello") };
    assert_eq!(ada.cannot_send(chat, Outgoing::rich(&crowd)).await, "too_many");
    let target = ada.says(chat, "react to this").await.event_seq;
    let emoji = [
        "👍", "👎", "🎉", "🚀", "😀", "😁", "😂", "😃", "😄", "😅", "😆", "😇", "😈", "😉", "😊", "😋", "😌",
        "😍", "😎", "😏", "😐",
    ];
    assert!(emoji.len() > limits::REACTIONS_PER_MEMBER_MAX);
    for emoji in &emoji[..limits::REACTIONS_PER_MEMBER_MAX] {
        ada.sends(chat, Outgoing::reaction(target, *emoji, true)).await.unwrap();
    }
    let one_more = Outgoing::reaction(target, emoji[limits::REACTIONS_PER_MEMBER_MAX], true);
    assert_eq!(ada.cannot_send(chat, one_more).await, "too_many");
    let moment = PostMoment {
        id: ada.client.new_id().unwrap(),
        text: "x".into(),
        pictures: (1..=limits::MOMENT_PICTURES_MAX as u64 + 1).collect(),
        alts: vec![],
        visibility: 1,
        people: vec![],
    };
    assert_eq!(ada.is_refused(moment).await, "too_many");
    let word = new_word(&ada);
    let many = ListSessions { before: None, limit: Some(limits::PAGE_MAX + 1) };
    assert_eq!(ada.is_refused(many).await, "bad_value");
    let words = AddWords { words: vec![word.clone(); limits::WORDS_PER_CALL_MAX + 1] };
    assert_eq!(ada.is_refused(words).await, "too_many");
    let long = |most: usize| "x".repeat(most + 1);
    for word in [
        NewWord { word: long(limits::WORD_BYTES_MAX), ..word.clone() },
        NewWord { reading: long(limits::READING_BYTES_MAX), ..word.clone() },
        NewWord { meaning: long(limits::MEANING_BYTES_MAX), ..word.clone() },
        NewWord { example: long(limits::WORD_LINE_BYTES_MAX), ..word.clone() },
        NewWord { note: long(limits::WORD_LINE_BYTES_MAX), ..word.clone() },
    ] {
        assert_eq!(ada.is_refused(AddWords { words: vec![word] }).await, "too_long");
    }
    ada.befriends(&bob).await;
    let tag = "x".repeat(limits::TAG_CHARS_MAX + 1);
    let friend = SetFriend { account: bob.account, remark: None, tags: Some(vec![tag]), starred: None };
    assert_eq!(ada.is_refused(friend).await, "too_long");
}

/// Limits that no test names, each with its reason.
const ELSEWHERE: &[(&str, &str)] = &[
    ("ANNOUNCEMENT_BYTES_MAX", "operators' own, over the socket on their machine"),
    ("PAGE_DEFAULT", "no bound: what is taken when none is named"),
    ("TURN_BYTES", "no bound: how much is delivered in one go"),
    ("FALLBACK_BYTES_MAX", "named by its value in hostile/mod.rs"),
    ("EMAIL_BYTES_MAX", "named by its value in mail/codes.rs"),
    ("CODE_TRIES_MAX", "mail/codes.rs counts the tries"),
    ("LIKES_SHOWN_MAX", "no bound: how many come along"),
    ("DISMISSED_MAX", "the oldest goes: nothing is refused"),
    ("AUDIT_MAX", "the oldest goes: nothing is refused"),
    ("ACCOUNT_LOG_DAYS", "no bound: a time"),
    ("JOIN_REQUEST_DAYS", "no bound: a time"),
    ("FILE_CHUNK_BYTES_MIN", "the chunks' own property tests"),
    ("FILE_CHUNKS_MAX", "the chunks' own property tests"),
    ("FILE_BYTES_MAX", "the chunks' own property tests; the configuration's bound is lower and tested"),
    ("FILE_NAME_BYTES_MAX", "named by its value in files/hostile.rs"),
    ("CAPTION_BYTES_MAX", "named by its value in files/lifetime.rs"),
    ("PICTURE_BYTES_MAX", "larger ones are files like any other: nothing is refused"),
    ("VOICE_BYTES_MAX", "the recording's own unit tests"),
    ("VOICE_MS_MAX", "the recording's own unit tests"),
    ("VOICE_WAVE_MAX", "named by its value in voice.rs"),
    ("FENCES_MAX", "hostile/fences.rs fills a connection up with them"),
    ("JOIN_REQUESTS_MAX", "the same count as JOIN_REQUESTS_OF_ONE_MAX, which groups/joining.rs asks for"),
];

fn tests_in(folder: &std::path::Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_in(&path, all);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            all.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_limit_of_the_wire_has_a_test_or_a_reason() {
    let limits = include_str!("../../crates/protocol/src/limits.rs");
    let mut tests = String::new();
    tests_in(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e")), &mut tests);
    let without: Vec<&str> = limits
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.split(':').next())
        .filter(|name| !tests.contains(&format!("limits::{name}")))
        .filter(|name| ELSEWHERE.iter().all(|(other, _)| other != name))
        .collect();
    assert!(without.is_empty(), "these limits have no test: {without:?}");
    assert_eq!(code::TOO_MANY.name, "too_many");
}
