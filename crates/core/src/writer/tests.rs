use proptest::prelude::*;

use super::*;

const ROOM: ConversationId = ConversationId(1);

fn member() -> Membership {
    Membership::new(member_state::JOINED, vec![Range { from: 1, to: None }])
}

fn text(epoch: u32) -> Incoming {
    Incoming {
        stream: 7,
        epoch,
        conversation: ROOM,
        sender: AccountId(1),
        kind: kind::TEXT,
        target: None,
        hash: [1; 32],
        everybody: false,
        refusal: None,
    }
}

fn decide(writer: &mut Writer, send: &Incoming, first: Option<First>, now_ms: u64) -> Decision {
    let member = member();
    writer.decide(send, Facts { first, member: Some(&member), rules: None, now_ms })
}

#[test]
fn a_retry_gets_the_first_answer_and_another_payload_is_a_conflict() {
    let mut writer = Writer::default();
    let Decision::Append(position) = decide(&mut writer, &text(0), None, 5) else { panic!("not appended") };
    let first = Some(First { position, hash: [1; 32] });
    assert_eq!(decide(&mut writer, &text(0), first, 9), Decision::Repeat(position));
    let other = First { position, hash: [2; 32] };
    assert_eq!(decide(&mut writer, &text(0), Some(other), 9), Decision::Refuse(code::ID_CONFLICT));
}

#[test]
fn a_retry_after_removal_still_gets_its_first_answer() {
    let mut writer = Writer::default();
    let position = writer.append(ROOM, kind::TEXT, 1);
    let gone =
        Membership { state: member_state::REMOVED, ranges: vec![Range { from: 1, to: Some(1) }], ..member() };
    let first = Some(First { position, hash: [1; 32] });
    let facts = Facts { first, member: Some(&gone), rules: None, now_ms: 2 };
    assert_eq!(writer.decide(&text(0), facts), Decision::Repeat(position));
    let facts = Facts { first: None, member: Some(&gone), rules: None, now_ms: 2 };
    assert_eq!(writer.decide(&text(0), facts), Decision::Refuse(code::NOT_A_MEMBER));
}

#[test]
fn a_policy_refuses_what_is_new_and_not_what_was_accepted_before_it() {
    let mut writer = Writer::default();
    let send = Incoming { refusal: Some(code::TOO_LONG), ..text(0) };
    assert_eq!(decide(&mut writer, &send, None, 5), Decision::Refuse(code::TOO_LONG));
    let position = writer.append(ROOM, kind::TEXT, 1);
    let first = Some(First { position, hash: [1; 32] });
    assert_eq!(decide(&mut writer, &send, first, 9), Decision::Repeat(position));
}

#[test]
fn a_stranger_gets_the_answer_for_a_conversation_that_does_not_exist() {
    let mut writer = Writer::default();
    let facts = Facts { first: None, member: None, rules: None, now_ms: 2 };
    assert_eq!(writer.decide(&text(0), facts), Decision::Refuse(code::NOT_FOUND));
}

#[test]
fn a_stranger_who_asks_says_so_much_and_no_more() {
    let mut writer = Writer::new(2);
    let asks = Membership { asks: true, ..member() };
    let says = |writer: &mut Writer| {
        writer.decide(&text(0), Facts { first: None, member: Some(&asks), rules: None, now_ms: 1 })
    };
    for n in 1..=2 {
        assert!(matches!(says(&mut writer), Decision::Append(_)), "{n}");
        assert_eq!(writer.head(ROOM).map(|head| head.message_seq), Some(n));
    }
    assert_eq!(says(&mut writer), Decision::Refuse(code::NOT_ACCEPTING));
    assert_eq!(writer.head(ConversationId(2)), None);
}

#[test]
fn a_fence_refuses_its_epoch_and_lets_the_next_pass() {
    let mut writer = Writer::default();
    writer.fence(7, ROOM, 0);
    assert_eq!(decide(&mut writer, &text(0), None, 1), Decision::Refuse(code::FENCED));
    assert!(matches!(decide(&mut writer, &text(1), None, 1), Decision::Append(_)));
    writer.forget(7);
    assert!(matches!(decide(&mut writer, &text(0), None, 1), Decision::Append(_)));
}

#[test]
fn a_connection_with_as_many_fences_as_there_is_room_for_takes_nothing_new_and_keeps_its_order() {
    let mut writer = Writer::default();
    let to = |conversation| Incoming { conversation: ConversationId(conversation), ..text(0) };
    for n in 0..FENCES_MAX as u64 {
        assert!(writer.fence(7, ConversationId(n), 0));
    }
    assert!(!writer.fence(7, ConversationId(5_000), 0));
    assert!(writer.fence(7, ROOM, 1), "one that is there may rise");
    assert_eq!(decide(&mut writer, &to(5_000), None, 1), Decision::Refuse(code::UNAVAILABLE));
    assert_eq!(decide(&mut writer, &to(2), None, 1), Decision::Refuse(code::FENCED));
    let next = Incoming { epoch: 1, ..to(2) };
    assert!(matches!(decide(&mut writer, &next, None, 1), Decision::Append(_)));
    let other = Incoming { stream: 8, ..to(5_000) };
    assert!(
        matches!(decide(&mut writer, &other, None, 1), Decision::Append(_)),
        "others have room of their own"
    );
    writer.forget(7);
    assert!(matches!(decide(&mut writer, &to(5_000), None, 1), Decision::Append(_)));
}

#[test]
fn what_is_known_of_conversations_is_bounded_also_while_nothing_can_be_stored() {
    let mut writer = Writer::default();
    for n in 0..3 * HEADS_MAX as u64 {
        writer.load(ConversationId(n), Head::default());
        if n % 512 == 0 {
            writer.rolled_back();
        }
    }
    assert!(writer.heads.len() <= HEADS_MAX + 512);
}

#[test]
fn time_never_goes_back_within_a_conversation() {
    let mut writer = Writer::default();
    assert_eq!(writer.append(ROOM, kind::TEXT, 100).at_ms, 100);
    assert_eq!(writer.append(ROOM, kind::TEXT, 40).at_ms, 100);
}

#[test]
fn a_reply_to_what_the_sender_may_not_read_is_refused() {
    let mut writer = Writer::default();
    writer.append(ROOM, kind::TEXT, 1);
    let mut reply = text(0);
    reply.target = Some(2);
    assert_eq!(decide(&mut writer, &reply, None, 1), Decision::Refuse(code::BAD_TARGET));
    reply.target = Some(1);
    assert!(matches!(decide(&mut writer, &reply, None, 1), Decision::Append(_)));
}

const OPEN: Rules = Rules { write: role::MEMBER, upload: role::MEMBER, everybody: role::MEMBER, slow_ms: 0 };

fn ruled(send: &Incoming, member: &Membership, rules: Rules, now_ms: u64) -> Decision {
    let mut writer = Writer::default();
    writer.append(ROOM, kind::TEXT, 1);
    writer.decide(send, Facts { first: None, member: Some(member), rules: Some(rules), now_ms })
}

#[test]
fn the_muted_send_nothing_and_may_take_their_words_back() {
    let muted = Membership { muted_until_ms: 100, ..member() };
    assert_eq!(ruled(&text(0), &muted, OPEN, 40), Decision::Wait(code::MUTED, 60));
    let reaction = Incoming { kind: kind::REACTION, target: Some(1), ..text(0) };
    assert_eq!(ruled(&reaction, &muted, OPEN, 40), Decision::Wait(code::MUTED, 60));
    assert_eq!(ruled(&Incoming { kind: kind::RECALL, ..reaction }, &muted, OPEN, 40), Decision::Change);
    assert!(matches!(ruled(&text(0), &muted, OPEN, 100), Decision::Append(_)));
}

#[test]
fn each_thing_is_sent_by_the_roles_that_may() {
    let refused = Decision::Refuse(code::NOT_ALLOWED);
    let admin = Membership { role: role::ADMINISTRATOR, ..member() };
    let quiet = Rules { write: role::ADMINISTRATOR, ..OPEN };
    let reaction = Incoming { kind: kind::REACTION, target: Some(1), ..text(0) };
    let edit = Incoming { kind: kind::EDIT, ..reaction };
    assert_eq!(ruled(&text(0), &member(), quiet, 5), refused);
    assert_eq!(ruled(&edit, &member(), quiet, 5), refused);
    assert_eq!(ruled(&reaction, &member(), quiet, 5), Decision::Change);
    assert!(matches!(ruled(&text(0), &admin, quiet, 5), Decision::Append(_)));
    let file = Incoming { kind: kind::FILE, ..text(0) };
    let rules = Rules { upload: role::OWNER, everybody: role::ADMINISTRATOR, ..OPEN };
    assert_eq!(ruled(&file, &admin, rules, 5), refused);
    let everybody = Incoming { everybody: true, ..text(0) };
    assert_eq!(ruled(&everybody, &member(), rules, 5), refused);
    assert!(matches!(ruled(&everybody, &admin, rules, 5), Decision::Append(_)));
}

#[test]
fn slow_mode_keeps_members_waiting_and_a_clock_that_stepped_back_does_not() {
    let slow = Rules { slow_ms: 50, ..OPEN };
    let wrote = Membership { last_ms: 100, ..member() };
    assert_eq!(ruled(&text(0), &wrote, slow, 120), Decision::Wait(code::SLOW_MODE, 30));
    let reaction = Incoming { kind: kind::REACTION, target: Some(1), ..text(0) };
    assert_eq!(ruled(&reaction, &wrote, slow, 120), Decision::Change);
    for (member, now_ms) in
        [(wrote.clone(), 150), (wrote.clone(), 99), (Membership { role: role::ADMINISTRATOR, ..wrote }, 120)]
    {
        assert!(matches!(ruled(&text(0), &member, slow, now_ms), Decision::Append(_)), "at {now_ms}");
    }
}

proptest! {
    /// Whatever commits, rolls back or is refused: committed sequences have no hole and no repetition.
    #[test]
    fn committed_sequences_are_gapless(plan in proptest::collection::vec((0_u8..5, 0_u64..3), 1..200)) {
        let mut writer = Writer::default();
        let mut committed: HashMap<u64, Vec<u64>> = HashMap::default();
        let mut open: Vec<(u64, u64)> = Vec::new();
        for (step, room) in plan {
            match step {
                0..=1 => {
                    let position = writer.append(ConversationId(room), kind::TEXT, 1);
                    open.push((room, position.event_seq));
                }
                2 => {
                    let savepoint = writer.savepoint();
                    writer.append(ConversationId(room), kind::EDIT, 1);
                    writer.roll_back_to(savepoint);
                }
                3 => {
                    writer.committed();
                    for (room, seq) in open.drain(..) {
                        committed.entry(room).or_default().push(seq);
                    }
                }
                _ => {
                    writer.rolled_back();
                    open.clear();
                }
            }
        }
        for seqs in committed.values() {
            prop_assert_eq!(seqs, &(1..=seqs.len() as u64).collect::<Vec<_>>());
        }
    }
}
