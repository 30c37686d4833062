"""Order, retries, resume: the promises of the chat stream."""

from people import check, expect, refused
from wire import decode_map, message_id, text_body


@check
async def both_chat_and_every_device_sees_the_same_order(world):
    ada, bob, room = await world.pair()
    second = await ada.another()
    sends = [(who, who.chat.push(room, text_body(f"{i}"))) for i in range(40) for who in (ada, bob)]
    for who, message in sends:
        await who.chat.until(lambda: message in who.chat.answers, "an ack")
    head = max(who.chat.answers[message]["s"] for who, message in sends)
    expect(head == 81, "sequences without a hole:", head)
    for who in (ada, bob, second):
        await who.chat.until(lambda: who.chat.cursors.get(room) == head, "all events")
    seen = lambda who: {s: event["i"] for (c, s), event in who.chat.events.items() if c == room}
    acked = lambda who: {who.chat.answers[m]["s"]: m for w, m in sends if w is who}
    order = seen(second)
    expect(len(order) == 80)
    for who in (ada, bob):
        own, others = acked(who), seen(who)
        expect(not set(own) & set(others), "an ack stands for the event")
        expect(all(order[s] == m for s, m in {**own, **others}.items() if s > 1))
        expect(sorted(own) == [own_s for own_s in (who.chat.answers[m]["s"] for w, m in sends if w is who)], "the order of one sender")


@check
async def a_retry_gets_the_first_answer_and_other_content_is_a_conflict(world):
    ada, bob, room = await world.pair()
    message = message_id()
    first = await ada.chat.say(room, "once", message=message)
    again = await ada.chat.say(room, "once", message=message)
    expect(first == again, first, again)
    with refused("id_conflict"):
        await ada.chat.say(room, "something else", message=message)
    with refused("id_conflict"):
        await ada.chat.say(room, "once", message=message, fallback="x")
    await ada.goes()
    await ada.returns()
    expect(await ada.chat.say(room, "once", message=message) == first)
    expect((await bob.chat.say(room, "once", message=message))["s"] == first["s"] + 1, "ids are unique per sender")


@check
async def a_send_without_an_ack_is_sent_again_and_stored_once(world):
    ada, bob, room = await world.pair()
    ids = [message_id() for _ in range(20)]
    for i, message in enumerate(ids):
        ada.chat.push(room, text_body(f"{i}"), message=message)
    await ada.goes()
    await ada.returns()
    acks = [await ada.chat.say(room, f"{i}", message=message) for i, message in enumerate(ids)]
    expect([ack["s"] for ack in acks] == list(range(2, 22)), [ack["s"] for ack in acks])
    await bob.chat.until(lambda: bob.chat.cursors[room] == 21, "all of it")
    expect([bob.chat.events[room, s]["i"] for s in range(2, 22)] == ids)


@check
async def a_device_that_was_away_catches_up_without_a_hole(world):
    ada, bob, room = await world.pair()
    other = await bob.another()
    carl = await world.person("carl")
    await bob.goes()
    acks = [await ada.chat.say(room, f"missed {i}") for i in range(150)]
    hidden = acks[70]["s"]
    await other.call(0x020D, conversation=room, events=[hidden])
    new = (await carl.call(0x0201, account=bob.account))["conversation"]
    await carl.chat.say(new, "I am new")
    await bob.returns()
    expect(bob.chat.cursors[room] == acks[-1]["s"] and bob.chat.cursors[new] == 1, bob.chat.cursors)
    expect((room, hidden, hidden) in bob.chat.skipped, "no skip over", hidden, bob.chat.skipped)
    expect((room, hidden) not in bob.chat.events)
    expect(all((room, ack["s"]) in bob.chat.events for ack in acks if ack["s"] != hidden))
    expect(f"hidden/{room}/{hidden}" in bob.chat.entries and f"conversation/{new}" in bob.chat.entries)
    live = await ada.chat.say(room, "live")
    await bob.chat.hears(room, live["s"])


@check
async def a_fresh_device_starts_at_the_heads(world):
    ada, bob, room = await world.pair()
    second = await bob.another()
    expect(second.chat.cursors == {room: 1} and second.chat.skipped == [(room, 1, 1)] and not second.chat.events)
    second.chat.stream.send(4, {"c": room, "s": 0})
    second.chat.cursors[room] = 0
    expect(decode_map((await second.chat.hears(room, 1))["b"])["text"] == "hello")


@check
async def cursors_that_cannot_be_served_are_refused(world):
    ada, bob, room = await world.pair()
    device = await ada.another(cursors={room: 40, 2**52: 1})
    expect(device.chat.refused_cursors[room]["code"] == "cursor_ahead", device.chat.refused_cursors)
    expect(device.chat.refused_cursors[2**52]["code"] == "not_found")
    device.chat.cursors[room] = 0
    device.chat.stream.send(4, {"c": room, "s": 0})
    await device.chat.hears(room, 1)
    device.chat.refused_cursors.clear()
    device.chat.stream.send(4, {"c": room, "s": 99})
    await device.chat.until(lambda: room in device.chat.refused_cursors, "cursor_ahead")
    expect(device.chat.refused_cursors[room]["code"] == "cursor_ahead")


@check
async def a_final_refusal_does_not_hold_up_what_follows(world):
    ada, bob, room = await world.pair()
    sends = [ada.chat.push(room, text_body(text)) for text in ("one", " ", "x" * 16385, "two")]
    for message in sends:
        await ada.chat.until(lambda: message in ada.chat.answers, "an answer")
    answers = [ada.chat.answers[message] for message in sends]
    expect([answer.get("s") for answer in answers] == [2, None, None, 3], answers)
    expect([answer["f"]["code"] for answer in answers if "f" in answer] == ["bad_value", "too_long"])
    expect(answers[2]["f"]["limit"] == 16384 and answers[2]["f"]["class"] == "fix")
