"""Hello, accounts, sessions, settings, the state stream; and the vectors."""

import asyncio
import contextlib
import hashlib
import json
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import wire
from people import check, expect, refused
from wire import BadFrame, Closed, Fault, STATE, decode_map, encode_frame

VECTORS = Path(__file__).resolve().parents[2] / "crates" / "protocol" / "vectors"


@check
async def our_codec_agrees_with_the_vectors(world):
    frames = json.loads((VECTORS / "frames.json").read_text("utf-8"))

    def value(item):
        if isinstance(item, dict):
            return bytes.fromhex(item["$bin"]) if "$bin" in item else {key: value(part) for key, part in item.items()}
        return [value(part) for part in item] if isinstance(item, list) else item

    for it in frames["valid"]:
        limit = wire.CHAT_FRAME_MAX if it["stream"] == "chat" else wire.FRAME_MAX
        kind, body, end = wire.split_frame(bytes.fromhex(it["hex"]), limit)
        expect((kind, end) == (it["type"], len(it["hex"]) // 2), it["name"])
        expect(decode_map(body) == value(it["value"]), it["name"])
        expect(encode_frame(it["type"], value(it["value"])).hex() == it["hex"], it["name"])
    for it in frames["invalid"]:
        limit = wire.CHAT_FRAME_MAX if it["stream"] == "chat" else wire.FRAME_MAX
        if it["error"] in ("too_large", "empty", "trailing"):
            try:
                decode_map(wire.split_frame(bytes.fromhex(it["hex"]), limit)[1])
            except BadFrame:
                continue
            raise AssertionError(f"accepted: {it['name']}")


@check
async def unread_vectors_hold(world):
    for case in json.loads((VECTORS / "unread.json").read_text("utf-8"))["cases"]:
        m = case["markers"].get
        floor = max(m("joined", 0) - 1, m("deleted_to", 0), m("retained_from", 0) - 1, 0)
        read = max(floor, m("read_marker", 0), m("my_last_sent", 0))
        expect((floor, read, max(0, m("head", 0) - read)) == (case["floor"], case["read"], case["unread"]), case["name"])


@check
async def an_unknown_certificate_is_refused(world):
    try:
        async with world.server.connect(ca=False):
            pass
    except ConnectionError:
        return
    raise AssertionError("connected without knowing the CA")


@check
async def the_chain_holds_the_ca_that_a_pin_names(world):
    connection = await world.connection(hello=False)
    ca = x509.load_pem_x509_certificate(Path(world.server.ca).read_bytes())
    pin = hashlib.sha256(ca.public_bytes(Encoding.DER)).digest()
    chain = connection.quic.tls._peer_certificate_chain
    expect(any(hashlib.sha256(it.public_bytes(Encoding.DER)).digest() == pin for it in chain), "the CA is not in the chain")


@check
async def hello_tells_version_ids_and_limits(world):
    welcome = (await world.connection()).welcome
    expect(welcome["version"] == 1 and len(welcome["server_id"]) == 16 and "session" not in welcome)
    expect(welcome["limits"]["chat_frame_bytes"] == 65536 and welcome["limits"]["streams"] >= 4)
    expect(abs(welcome["now_ms"] - time.time() * 1000) < 60_000)


@check
async def hello_comes_first_and_once(world):
    connection = await world.connection(hello=False)
    with refused("hello_first"):
        await connection.call(0x0108)
    with refused("unsupported_version"):
        await connection.call(0x0100, versions=[77], client="x")
    with refused("bad_token"):
        await connection.hello(bytes(32))
    await connection.hello()
    with refused("hello_again"):
        await connection.hello()


@check
async def a_guest_may_do_little_and_not_stay(world):
    connection = await world.connection()
    started = time.monotonic()
    for code in (0x0108, 0x0200, 0x0300):
        with refused("not_signed_in"):
            await connection.call(code, conversation=1)
    stream = connection.open(wire.CHAT)
    kind, fault = await asyncio.wait_for(stream.frame(), wire.PATIENCE)
    expect((kind, fault["code"]) == (0, "not_signed_in"))
    expect(await asyncio.wait_for(stream.frame(), wire.PATIENCE) is None)
    await asyncio.wait_for(connection.over.wait(), 30)
    expect(connection.closed[0] == 4 and time.monotonic() - started > 3, connection.closed)


@check
async def a_guest_who_sends_too_much_is_closed(world):
    connection = await world.connection()
    with contextlib.suppress(Fault, Closed, asyncio.TimeoutError):
        for _ in range(8):
            await connection.call(0x0102, handle="x" * 4000, password="p", label="l")
    await asyncio.wait_for(connection.over.wait(), 20)
    expect(connection.closed[0] in (4, 7), connection.closed)


@check
async def names_are_taken_once_and_have_rules(world):
    ada = await world.person("ada")
    guest = await world.connection()
    more = {"password": "long enough", "label": "x", **({"invite": world.invite} if world.invite else {})}
    with refused("handle_taken"):
        await guest.call(0x0101, handle=ada.person.handle.upper(), **more)
    for handle in ("a", "_ada", "ada bob", "admin", "x" * 33, "\u0430da" + world.suffix):
        with refused("bad_handle"):
            await guest.call(0x0101, handle=handle, **more)
    with refused("bad_password"):
        await guest.call(0x0101, handle="z" + world.suffix, **{**more, "password": "short"})


@check
async def a_second_device_signs_in_and_the_first_hears_of_it(world):
    ada = await world.person("ada")
    guest = await world.connection()
    with refused("wrong_credentials"):
        await guest.call(0x0102, handle=ada.person.handle, password="not this one", label="x")
    with refused("wrong_credentials"):
        await guest.call(0x0102, handle="nobody" + world.suffix, password="not this one", label="x")
    second = await ada.another()
    with refused("already_signed_in"):
        await second.call(0x0102, handle=ada.person.handle, password=ada.person.password, label="x")
    session = (await second.call(0x0104))["sessions"]
    expect(len(session) == 2 and [it["current"] for it in session].count(True) == 1)
    key = f"session/{max(it['session'] for it in session)}"
    await ada.chat.until(lambda: key in ada.chat.entries, "the entry of the new session")


@check
async def own_settings_reach_the_other_devices(world):
    ada, bob, room = await world.pair()
    second = await ada.another()
    entry = await ada.call(0x020B, conversation=room, draft="half a sen", pinned=True, notify=2)
    expect(entry["draft"] == "half a sen" and entry["pinned"] and entry["notify"] == 2)
    key = f"conversation/{room}"
    await second.chat.until(lambda: second.chat.entries.get(key, {}).get("draft") == "half a sen", "the draft")
    await ada.call(0x010A, display_name="  Ada   Lovelace ")
    await second.chat.until(lambda: (second.chat.entries.get("profile") or {}).get("display_name") == "Ada Lovelace", "the profile")
    expect((await bob.call(0x0108, account=ada.account))["display_name"] == "Ada Lovelace")


@check
async def typing_presence_and_markers_come_on_the_state_stream(world):
    ada, bob, room = await world.pair()
    await bob.call(0x0210, conversation=room, accept=True)
    state, mine = ada.connection.open(STATE), bob.connection.open(STATE)
    state.send(2, {"accounts": [bob.account]})

    async def until(kind, condition=lambda fields: True):
        while True:
            got, fields = await asyncio.wait_for(state.frame(), wire.PATIENCE)
            if got == kind and condition(fields):
                return fields

    expect((await until(17))["online"] is True)
    mine.send(99, {"new": True})
    mine.send(1, {"conversation": room, "typing": True})
    expect(await until(16) == {"conversation": room, "account": bob.account, "typing": True})
    bob.chat.stream.send(5, {"l": [[room, 1]]})
    expect((await until(18, lambda it: "delivered" in it))["delivered"] == 1)
    await bob.call(0x020A, conversation=room, event_seq=1)
    expect((await until(18, lambda it: "read" in it))["read"] == 1)
    await bob.goes()
    gone = await until(17, lambda it: not it["online"])
    expect(gone["last_seen_ms"] > 0)


@check
async def a_revoked_session_is_told_and_closed(world):
    ada = await world.person("ada")
    second = await ada.another()
    state = second.connection.open(STATE)
    session = next(it["session"] for it in (await second.call(0x0104))["sessions"] if it["current"])
    await ada.call(0x0105, session=session)
    kind, fields = await asyncio.wait_for(state.frame(), wire.PATIENCE)
    expect((kind, fields["reason"]) == (20, "revoked"))
    await asyncio.wait_for(second.connection.over.wait(), 5)
    expect(second.connection.closed[0] == 5, second.connection.closed)
    with refused("bad_token"):
        await world.connection(second.token)
    expect(await ada.call(0x0103) == {})
    with refused("bad_token"):
        await world.connection(ada.token)


@check
async def tokens_rotate_when_the_new_one_is_used(world):
    ada = await world.person("ada")
    new = (await ada.call(0x0107))["token"]
    await world.connection(ada.token)
    await world.connection(new)
    with refused("bad_token"):
        await world.connection(ada.token)


@check
async def a_recovery_code_sets_a_new_password_and_an_announced_end_is_taken_back(world):
    guest = await world.connection()
    more = {"label": "x", **({"invite": world.invite} if world.invite else {})}
    handle = "grace" + world.suffix
    made = await guest.call(0x0101, handle=handle, password="long enough", **more)
    with refused("bad_code"):
        await (await world.connection()).call(0x010F, handle=handle, recovery_code="a" * 20, password="another one", label="x")
    back = await world.connection()
    fields = await back.call(0x010F, handle=handle, recovery_code=made["recovery_code"], password="another one", label="x")
    expect(fields["account"] == made["account"] and fields["recovery_code"] != made["recovery_code"])
    await asyncio.wait_for(guest.over.wait(), 5)
    lines, after = [], {}
    while after is not None:
        page = await back.call(0x0115, **after)
        lines += [json.loads(line) for line in page["lines"]]
        after = {"after": page["next"]} if "next" in page else None
    expect([line["handle"] for line in lines if line["type"] == "account"] == [handle])
    await back.call(0x010C, password="another one", erase=True)
    try:
        await (await world.connection()).call(0x0102, handle=handle, password="another one", label="x")
        raise AssertionError("signed in")
    except Fault as fault:
        expect(fault.code == "account_closing" and int(fault.fields["params"]["until_ms"]) > time.time() * 1000)
    stays = await (await world.connection()).call(0x0114, handle=handle, password="another one", label="x")
    expect(stays["account"] == made["account"])
