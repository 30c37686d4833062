"""Files: chunks and their hashes, up and down by range, and going on after a break."""

import asyncio
import json

from blake3 import blake3

import blake
import wire
from accounts import VECTORS
from people import check, expect, refused
from wire import decode_map, encode_map, put_varint

UPLOAD, DOWNLOAD, FILE = 4, 5, 3
MIB = 1 << 20
UPLOADING, COMPLETE = 1, 2


def chunk_bytes(size):
    length = MIB
    while size > 4096 * length:
        length *= 2
    return length


def digest(data):
    """(hashes of the chunks, hash of the file)"""
    length = chunk_bytes(len(data))
    chunks = [data[at : at + length] for at in range(0, len(data), length)]
    if len(chunks) < 2:
        return [blake3(data).digest()] * len(chunks), blake3(data).digest()
    hashes = [blake.chaining_value(chunk, at * length) for at, chunk in enumerate(chunks)]
    return hashes, blake.root(hashes)


async def opens(device, name, data):
    hashes, whole = digest(data)
    return await device.call(0x0700, name=name, size=len(data), blake3=whole, hashes=b"".join(hashes))


def brings(device, file, first, count, data, finish=True):
    """Begins a stream with chunks of an upload."""
    head = b"".join(put_varint(number) for number in (file, first, count))
    return device.connection.open(UPLOAD, head + data, finish=finish, one_way=True)


async def until(device, file, condition, what):
    """Asks where an upload stands until it is there."""
    for _ in range(100):
        answer = await device.call(0x0701, file=file)
        if condition(answer):
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError(f"{what}: {answer}")


async def ended(device, file, stream):
    """The code with which the server gave a stream up, told there or in the next answer."""
    for _ in range(100):
        if stream.stop_code is not None:
            return stream.stop_code
        if "refused" in (answer := await device.call(0x0701, file=file)):
            return answer["refused"]
        await asyncio.sleep(0.05)
    raise AssertionError("the stream was not given up")


async def fetches(device, file, number, first, count):
    """The stream with these chunks."""
    await device.call(0x0705, file=file, download=number, first=first, count=count)
    stream = await asyncio.wait_for(device.connection.incoming.get(), wire.PATIENCE)
    head = [await stream.varint() for _ in range(4)]
    expect(head == [DOWNLOAD, number, first, count], head)
    return stream


@check
async def the_hashes_of_chunks_agree_with_the_vectors(world):
    vectors = json.loads((VECTORS / "files.json").read_text("utf-8"))
    for case in vectors["chunks"]:
        data = (bytes(range(251)) * (case["size"] // 251 + 1))[: case["size"]]
        hashes, whole = digest(data)
        expect(chunk_bytes(len(data)) == case["chunk_bytes"], case["size"])
        expect([it.hex() for it in hashes] == case["hashes"], case["size"])
        expect(whole.hex() == case["blake3"] == blake3(data).hexdigest(), case["size"])
    for it in vectors["headers"]:
        expect(b"".join(put_varint(number) for number in (it["kind"], *it["numbers"])).hex() == it["hex"], it["name"])


@check
async def a_file_goes_up_and_down_over_broken_connections(world):
    ada, bob, room = await world.pair()
    data = world.random.randbytes(2 * MIB + 777)
    upload = await opens(ada, "plans.bin", data)
    file = upload["file"]
    expect((upload["state"], upload["chunk_bytes"], upload["have"]) == (UPLOADING, MIB, []), upload)
    brings(ada, file, 0, 1, data[:MIB])
    await until(ada, file, lambda it: it["have"] == [[0, 1]], "the first chunk")
    # The connection goes in the middle of the second chunk: the first one counts.
    brings(ada, file, 1, 2, data[MIB : MIB + 500_000], finish=False)
    await ada.goes()
    await ada.returns()
    again = await opens(ada, "plans.bin", data)
    expect((again["file"], again["have"]) == (file, [[0, 1]]), again)
    # It may be shown before it is whole.
    ack = await ada.chat.send(room, encode_map({"file": file, "text": "have a look"}), kind=FILE)
    body = decode_map((await bob.chat.hears(room, ack["s"]))["b"])
    expect((body["file"], body["name"], body["size"], body["text"]) == (file, "plans.bin", len(data), "have a look"), body)
    expect(body["blake3"] == blake3(data).digest())
    info = await bob.call(0x0704, file=file, hashes=True)
    expect(info["state"] == UPLOADING and blake.root([info["hashes"][at : at + 32] for at in (0, 32, 64)]) == info["blake3"])
    # Two streams bring the rest, and bob reads all of it meanwhile.
    stream = await fetches(bob, file, 7, 0, 3)
    for first, part in ((1, data[MIB : 2 * MIB]), (2, data[2 * MIB :])):
        brings(ada, file, first, 1, part)
    got = [await stream.take(MIB)]
    expect(blake.chaining_value(got[0], 0) == info["hashes"][:32], "a chunk is verified by itself")
    # His connection goes too: what he has verified he keeps.
    await bob.goes()
    await bob.returns()
    await until(ada, file, lambda it: it["state"] == COMPLETE, "all chunks")
    stream = await fetches(bob, file, 8, 1, 2)
    for at, length in ((1, MIB), (2, 777)):
        got.append(await stream.take(length))
        expect(blake.chaining_value(got[at], at * MIB) == info["hashes"][32 * at : 32 * at + 32], at)
    expect(await stream.take(1) == b"" and stream.finished, "nothing behind it")
    expect(b"".join(got) == data)
    # The same content under another name is there without a byte.
    expect((await opens(bob, "copy.bin", data))["state"] == COMPLETE)


@check
async def what_is_wrong_with_chunks_is_told(world):
    ada, bob, room = await world.pair()
    eve = await world.person("eve")
    data = world.random.randbytes(MIB + 5)
    file = (await opens(ada, "a.bin", data))["file"]
    flipped = bytes([data[0] ^ 1]) + data[1:MIB]
    expect(await ended(ada, file, brings(ada, file, 0, 1, flipped)) == 10)
    expect(await ended(ada, file, brings(ada, file, 1, 1, data[MIB:] + b"x")) == 11)
    expect(await ended(ada, file, brings(ada, file, 1, 2, data[MIB:])) == 11)
    hers = (await opens(eve, "a.bin", data))["file"]
    expect(hers != file and (await eve.call(0x0701, file=hers))["have"] == [], "a hash alone gives nothing")
    stream = brings(eve, file, 0, 1, data[:MIB])
    await asyncio.wait_for(stream.changed.wait(), wire.PATIENCE)
    expect(stream.stop_code == 12, stream.stop_code)
    hashes, whole = digest(data)
    with refused("wrong_hash"):
        await ada.call(0x0700, name="b", size=len(data), blake3=bytes(32), hashes=b"".join(hashes))
    with refused("bad_value"):
        await ada.call(0x0700, name="b", size=len(data), blake3=whole, hashes=hashes[0])
    brings(ada, file, 0, 2, data)
    await until(ada, file, lambda it: it["state"] == COMPLETE, "what is right")
    await ada.chat.send(room, encode_map({"file": file}), kind=FILE)
    for first, count in ((2, 1), (0, 3), (0, 0)):
        with refused("bad_value"):
            await ada.call(0x0705, file=file, download=1, first=first, count=count)
    for code, fields in ((0x0704, {}), (0x0705, {"download": 1, "first": 0, "count": 1})):
        with refused("not_found"):
            await eve.call(code, file=file, **fields)
