use proptest::prelude::*;

use super::*;

const ROOM: ConversationId = ConversationId(1);

fn member() -> Membership {
    Membership { state: member_state::JOINED, ranges: vec![Range { from: 1, to: None }], refusal: None }
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
        refusal: None,
    }
}

fn decide(writer: &mut Writer, send: &Incoming, first: Option<First>, now_ms: u64) -> Decision {
    let member = member();
    writer.decide(send, Facts { first, member: Some(&member), now_ms })
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
    let gone = Membership {
        state: member_state::REMOVED,
        ranges: vec![Range { from: 1, to: Some(1) }],
        refusal: None,
    };
    let first = Some(First { position, hash: [1; 32] });
    let facts = Facts { first, member: Some(&gone), now_ms: 2 };
    assert_eq!(writer.decide(&text(0), facts), Decision::Repeat(position));
    let facts = Facts { first: None, member: Some(&gone), now_ms: 2 };
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
    let facts = Facts { first: None, member: None, now_ms: 2 };
    assert_eq!(writer.decide(&text(0), facts), Decision::Refuse(code::NOT_FOUND));
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

proptest! {
    /// Whatever commits, rolls back or is refused: committed sequences have no hole and no repetition.
    #[test]
    fn committed_sequences_are_gapless(plan in proptest::collection::vec((0_u8..5, 0_u64..3), 1..200)) {
        let mut writer = Writer::default();
        let mut committed: HashMap<u64, Vec<u64>> = HashMap::new();
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
