"""What can be said in a conversation, and reading it back."""

import asyncio
import time

from people import check, expect, refused
from wire import Fault, decode_map, encode_map, message_id, text_body

EDIT, RECALL, REACTION, OPAQUE, PRIVATE = 32, 33, 34, 16, 0x8000


@check
async def one_to_one_is_the_same_from_both_sides_and_shown_at_the_first_message(world):
    ada, bob = await world.person("ada"), await world.person("bob")
    info = await ada.call(0x0201, account=bob.account)
    room = info["conversation"]
    expect(info["kind"] == 1 and info["peer"] == bob.account and info["head_seq"] == 0)
    expect((await ada.call(0x0201, account=bob.account))["conversation"] == room)
    expect((await bob.call(0x0200))["conversations"] == [])
    ack = await ada.chat.say(room, "first")
    expect((ack["s"], ack["m"]) == (1, 1), ack)
    event = await bob.chat.hears(room, 1)
    expect(event["f"] == ada.account and decode_map(event["b"]) == {"text": "first"} and event["t"] == ack["t"])
    expect((await bob.call(0x0201, account=ada.account))["conversation"] == room)
    expect([it["conversation"] for it in (await bob.call(0x0200))["conversations"]] == [room])
    saved = await ada.call(0x0201, account=ada.account)
    expect(saved["kind"] == 3)
    expect((await ada.chat.say(saved["conversation"], "a note"))["s"] == 1)


@check
async def edits_recalls_and_reactions_are_seen_live_on_replay_and_in_history(world):
    ada, bob, room = await world.pair()
    edited, recalled = (await ada.chat.say(room, "frist"))["s"], (await ada.chat.say(room, "secret"))["s"]
    edit = await ada.chat.send(room, text_body("first"), kind=EDIT, target=edited)
    expect("m" not in edit, "an edit does not count")
    recall = await ada.chat.send(room, encode_map({}), kind=RECALL, target=recalled)
    reaction = await bob.chat.send(room, encode_map({"emoji": "👍", "add": True}), kind=REACTION, target=edited)
    event = await bob.chat.hears(room, edit["s"])
    expect((event["k"], event["r"], decode_map(event["b"])) == (EDIT, edited, {"text": "first"}))
    expect((await bob.chat.hears(room, recall["s"]))["r"] == recalled)
    expect((await ada.chat.hears(room, reaction["s"]))["r"] == edited)
    with refused("not_yours"):
        await bob.chat.send(room, text_body("mine"), kind=EDIT, target=edited)
    with refused("bad_target"):
        await ada.chat.send(room, text_body("again"), kind=EDIT, target=recalled)
    with refused("bad_target"):
        await ada.chat.send(room, encode_map({}), kind=RECALL, target=999)
    with refused("bad_value"):
        await bob.chat.send(room, encode_map({"emoji": "no", "add": True}), kind=REACTION, target=edited)
    replay = await bob.another(cursors={room: 0})
    old = replay.chat.events[room, edited]
    expect("b" not in old and old["e"] == edit["s"], old)
    gone = replay.chat.events[room, recalled]
    expect("b" not in gone and gone["z"] == recall["s"] and gone["m"] == 3, gone)
    page = {it["event"]["s"]: it for it in (await bob.call(0x0300, conversation=room))["messages"]}
    expect(sorted(page) == [1, edited, recalled], sorted(page))
    expect(decode_map(page[edited]["event"]["b"])["text"] == "first" and page[edited]["edited_ms"] == edit["t"])
    expect(page[edited]["reactions"] == [{"emoji": "👍", "count": 1, "mine": True}])
    expect("b" not in page[recalled]["event"] and page[recalled]["event"]["z"] == recall["s"])
    who = await ada.call(0x0303, conversation=room, event_seq=edited)
    expect(who["reactions"] == [{"account": bob.account, "emoji": "👍"}])


@check
async def replies_forwards_opaque_and_private_events_arrive(world):
    ada, bob, room = await world.pair()
    carl = await world.person("carl")
    other = (await bob.call(0x0201, account=carl.account))["conversation"]
    reply = await bob.chat.say(room, "hello yourself", target=1)
    expect((await ada.chat.hears(room, reply["s"]))["r"] == 1)
    await bob.chat.send(other, encode_map({"conversation": room, "event_seq": 1}), kind=2)
    words = decode_map((await carl.chat.hears(other, 1))["b"])
    expect((words["text"], words["from"]) == ("hello", ada.account), words)
    with refused("bad_target"):
        await carl.chat.send(other, encode_map({"conversation": room, "event_seq": 1}), kind=2)
    for kind in (OPAQUE, PRIVATE + 7):
        with refused("bad_value"):
            await ada.chat.send(room, b"\x00\xff", kind=kind)
        ack = await ada.chat.send(room, b"\x00\xff", kind=kind, fallback="sealed")
        event = await bob.chat.hears(room, ack["s"])
        expect((event["b"], event["x"], event["m"]) == (b"\x00\xff", "sealed", ack["m"]))
    for kind in (15, 64, 100):
        with refused("bad_kind"):
            await ada.chat.send(room, b"\x80", kind=kind)


@check
async def history_pages_both_ways_and_finds_dates(world):
    ada, bob, room = await world.pair()
    acks = [await ada.chat.say(room, f"number {i}") for i in range(2, 31)]
    newest = await bob.call(0x0300, conversation=room, limit=10)
    expect([it["event"]["s"] for it in newest["messages"]] == list(range(21, 31)) and newest["more"])
    before = await bob.call(0x0300, conversation=room, limit=10, before=21)
    expect([it["event"]["s"] for it in before["messages"]] == list(range(11, 21)) and before["more"])
    after = await bob.call(0x0300, conversation=room, limit=200, after=25)
    expect([it["event"]["s"] for it in after["messages"]] == list(range(26, 31)) and not after["more"])
    found = (await bob.call(0x0301, conversation=room, at_ms=acks[9]["t"]))["event_seq"]
    expect(found <= acks[9]["s"] and (await bob.call(0x0301, conversation=room, at_ms=2**52)) == {})
    some = (await bob.call(0x0302, conversation=room, events=[7, 3, 999]))["messages"]
    expect([it["event"]["s"] for it in some] == [3, 7])
    with refused("bad_value"):
        await bob.call(0x0300, conversation=room, limit=201)
    with refused("cursor_ahead"):
        await bob.call(0x0300, conversation=room, after=999)


@check
async def search_finds_english_and_chinese_in_own_conversations_only(world):
    ada, bob, room = await world.pair()
    carl = await world.person("carl")
    rocket = (await ada.chat.say(room, f"a tiny Rocket{world.suffix} rises"))["s"]
    chinese = (await ada.chat.say(room, "小火箭已经起飞了"))["s"]
    for text, sequence in ((f"rocket{world.suffix}", rocket), ("火箭", chinese), ("箭", chinese)):
        end = time.monotonic() + 10
        while (found := await bob.call(0x0304, text=text, conversation=room))["messages"] == [] and time.monotonic() < end:
            await asyncio.sleep(0.1)
        expect([it["event"]["s"] for it in found["messages"]] == [sequence], text, found)
    expect((await carl.call(0x0304, text=f"rocket{world.suffix}"))["messages"] == [])
    with refused("nothing_to_search"):
        await bob.call(0x0304, text="?!")


@check
async def unread_counts_follow_the_arithmetic(world):
    ada, bob, room = await world.pair()
    for i in range(4):
        await ada.chat.say(room, f"{i}")
    mention = {"mentions": [{"account": bob.account, "start": 0, "len": 4}]}
    await ada.chat.send(room, text_body("@bob look", **mention))
    info = await bob.call(0x0203, conversation=room)
    expect((info["head_message_seq"], info["unread"], info["unread_mentions"]) == (6, 6, 1), info)
    marked = await bob.call(0x020A, conversation=room, event_seq=3)
    expect((marked["read"], marked["unread"], marked["unread_mentions"]) == (3, 3, 1), marked)
    expect((await bob.call(0x020A, conversation=room, event_seq=1))["read"] == 3, "a marker never goes back")
    with refused("cursor_ahead"):
        await bob.call(0x020A, conversation=room, event_seq=99)
    await bob.chat.say(room, "who answers has read")
    expect((await bob.call(0x0203, conversation=room))["unread"] == 0)


@check
async def groups_let_members_in_and_former_members_read_their_range(world):
    ada, bob, carl, eve = [await world.person(name) for name in ("ada", "bob", "carl", "eve")]
    made = {"id": message_id(), "name": "rockets", "accounts": [bob.account]}
    info = await ada.call(0x0202, **made)
    room = info["conversation"]
    expect((await ada.call(0x0202, **made))["conversation"] == room, "the same id, the same group")
    with refused("id_conflict"):
        await ada.call(0x0202, **{**made, "name": "others"})
    created = await bob.chat.hears(room, 1)
    expect(created["k"] == 64 and created["f"] == ada.account and decode_map(created["b"])["name"] == "rockets", created)
    await ada.chat.say(room, "before carl")
    joined = await bob.call(0x0204, conversation=room, accounts=[carl.account])
    expect(joined["joined"] == [carl.account])
    await carl.chat.hears(room, joined["event_seq"])
    expect((room, 1, joined["event_seq"] - 1) in carl.chat.skipped, carl.chat.skipped)
    with refused("forbidden"):
        await bob.call(0x0205, conversation=room, account=carl.account)
    await ada.call(0x0205, conversation=room, account=carl.account)
    removal = joined["event_seq"] + 1
    expect((await carl.chat.hears(room, removal))["k"] == 67)
    later = await ada.chat.say(room, "carl is gone")
    await bob.chat.hears(room, later["s"])
    with refused("not_a_member"):
        await carl.chat.say(room, "let me in")
    readable = [it["event"]["s"] for it in (await carl.call(0x0300, conversation=room))["messages"]]
    expect(readable == [joined["event_seq"], removal], readable)
    expect((room, later["s"]) not in carl.chat.events, "a removed member hears nothing after the removal")
    members = (await bob.call(0x0209, conversation=room))["members"]
    expect([it["account"] for it in members] == sorted([ada.account, bob.account]))
    with refused("owner_stays"):
        await ada.call(0x0206, conversation=room)
    answers = []
    for conversation in (room, 2**52 + 1):
        for code in (0x0203, 0x0209, 0x0300, 0x0206, 0x020E):
            try:
                await eve.call(code, conversation=conversation)
            except Fault as fault:
                answers.append((code, encode_map(fault.fields)))
        try:
            await eve.chat.say(conversation, "hello?")
        except Fault as fault:
            answers.append(("send", encode_map(fault.fields)))
    expect(len(answers) == 12 and answers[:6] == answers[6:], "a stranger learns that a conversation exists", answers)
