"""Unknown, broken and random input."""

import asyncio
import contextlib
import json

import wire
from accounts import VECTORS
from people import check, expect, refused
from wire import BadFrame, Chat, Closed, REQUEST, encode_frame, text_body


@check
async def unknown_things_are_refused_politely_or_skipped(world):
    ada, bob, room = await world.pair()
    stream = ada.connection.open(77, b"whatever this means")
    kind, fault = await asyncio.wait_for(stream.frame(), wire.PATIENCE)
    expect((kind, fault["code"], fault["class"]) == (0, "unknown_stream", "upgrade"))
    expect(await asyncio.wait_for(stream.frame(), wire.PATIENCE) is None)
    expect(stream.stop_code == 3, "STOP_SENDING", stream.stop_code)
    one_way = ada.connection.open(78, b"file?", one_way=True)
    await asyncio.wait_for(one_way.changed.wait(), wire.PATIENCE)
    expect(one_way.stop_code == 3)
    with refused("unknown_request"):
        await ada.call(0x7777, anything=[1, {"x": None}])
    second = ada.connection.open(wire.CHAT)
    kind, fault = await asyncio.wait_for(second.frame(), wire.PATIENCE)
    expect((kind, fault["code"]) == (0, "too_many"))
    expect((await ada.call(0x0203, conversation=room, from_the_future={"a": [1.5]}))["conversation"] == room)
    ada.chat.stream.send(99, {"z": 1})
    ack = await ada.chat.say(room, "still here")
    await bob.chat.hears(room, ack["s"])


@check
async def a_bad_frame_on_the_chat_stream_ends_it_and_another_can_be_opened(world):
    ada, bob, room = await world.pair()
    pushed = ada.chat.push(room, text_body("accepted before"))
    ada.chat.stream.write(encode_frame(1, {"c": "no number"}))
    await ada.chat.until(lambda: ada.chat.faults, "a fault")
    expect(ada.chat.faults[0]["code"] == "bad_frame")
    await ada.chat.until(lambda: pushed in ada.chat.answers, "the ack of what came before")
    await ada.chat.until(lambda: ada.chat.stream.finished or ada.chat.stream.reset_code is not None, "the end")
    ada.chat = Chat(ada.connection, cursors=ada.chat.cursors, version=ada.chat.version)
    ack = await ada.chat.say(room, "on the next stream")
    await bob.chat.hears(room, ack["s"])


@check
async def too_long_frames_are_refused_before_they_come(world):
    ada = await world.person("ada")
    stream = ada.connection.open(REQUEST, wire.put_varint(262145))
    with refused("bad_frame"):
        await ada.connection.answer(stream, 0)
    with refused("too_many"):
        await ada.call(0x0109, accounts=list(range(101)))


async def throw(device, data):
    """Writes bytes as a request; anything typed, or a reset, is an answer."""
    stream = device.connection.open(None, data, finish=True)
    with contextlib.suppress(Closed):
        if (first := await asyncio.wait_for(stream.frame(), wire.PATIENCE)) is not None:
            expect(first[0] in (0, *range(0x0100, 0x0400)), first)
    device.connection.streams.pop(stream.id)


@check
async def random_and_mutated_frames_harm_nobody(world):
    ada, bob, room = await world.pair()
    fuzzer = await world.person("mallory")
    frames = json.loads((VECTORS / "frames.json").read_text("utf-8"))
    # What ends the session, or costs a password hash, is left out.
    skip = {0x0101, 0x0102, 0x0103, 0x0105, 0x0106, 0x010C}
    seeds = [bytes.fromhex(it["hex"]) for it in frames["valid"] if it["stream"] == "request" and it["type"] not in skip]
    seeds += [bytes.fromhex(it["hex"]) for it in frames["invalid"] if it["stream"] == "request"]
    r = world.random
    for round_ in range(300):
        data = bytearray(r.choice(seeds)) if round_ % 3 else bytearray(r.randbytes(r.randrange(1, 60)))
        for _ in range(r.randrange(1, 4)):
            if round_ % 3 and len(data) > 4:
                data[r.randrange(3, len(data))] = r.randrange(256)
        prefix = wire.put_varint(REQUEST) if r.random() < 0.8 else b""
        await throw(fuzzer, prefix + bytes(data))
    for _ in range(20):
        connection = await world.connection(fuzzer.token)
        stream = connection.open(wire.CHAT, r.randbytes(r.randrange(1, 200)), finish=r.random() < 0.5)
        with contextlib.suppress(Closed, BadFrame, asyncio.TimeoutError):
            while await asyncio.wait_for(stream.frame(), 0.3) is not None:
                pass
        connection.close()
    ack = await ada.chat.say(room, "did anybody notice?")
    await bob.chat.hears(room, ack["s"])
    expect(not bob.connection.closed and not ada.connection.closed)


@check
async def gaps_that_never_fill_end_their_streams_and_harm_nobody(world):
    ada, bob, room = await world.pair()
    mallory = await world.person("mallory")
    connection, streams = mallory.connection, []
    for _ in range(10):
        stream_id = connection.quic.get_next_available_stream_id()
        stream = connection.streams[stream_id] = wire.Stream(connection, stream_id, wire.FRAME_MAX)
        connection.quic.send_stream_data(stream_id, bytes(60_000))
        # Every other piece is never sent, the first one neither: all that comes waits for it.
        pending = connection.quic._streams[stream_id].sender._pending
        for at in range(0, 60_000, 1_000):
            pending.subtract(at, at + 500)
        streams.append(stream)
    connection.transmit()
    ack = await ada.chat.say(room, "beside the gaps")
    await bob.chat.hears(room, ack["s"])
    for stream in streams:
        while stream.stop_code is None:
            expect(not connection.closed, connection.closed)
            stream.changed.clear()
            await asyncio.wait_for(stream.changed.wait(), wire.PATIENCE)
        expect(stream.stop_code == 9, "too slow", stream.stop_code)
    ack = await mallory.chat.say((await mallory.call(0x0201, account=mallory.account))["conversation"], "still here")
    expect(ack["s"] > 0)
