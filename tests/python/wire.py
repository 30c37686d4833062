"""A small litrocket client library, written from PROTOCOL.md alone: bytes, streams, requests, the chat stream."""

import asyncio
import os
import ssl
import time
from contextlib import asynccontextmanager

import msgpack
from aioquic.asyncio import connect as quic_connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, StopSendingReceived, StreamDataReceived, StreamReset

REQUEST, CHAT, STATE = 1, 2, 3
CHAT_FRAME_MAX, FRAME_MAX, DEPTH_MAX = 64 * 1024, 256 * 1024, 16
PATIENCE = 15.0


class Fault(Exception):
    """The server refused something."""

    def __init__(self, fields):
        super().__init__(f"{fields['code']}: {fields['message']}")
        self.fields = fields
        self.code = fields["code"]


class BadFrame(Exception):
    """Bytes that break the rules of section 3."""


class Closed(Exception):
    """The stream was reset, or the connection is over."""

    def __init__(self, code, reason=""):
        super().__init__(f"closed with code {code} {reason}")
        self.code = code


def put_varint(number):
    for prefix, size, bits in ((0x00, 1, 6), (0x40, 2, 14), (0x80, 4, 30), (0xC0, 8, 62)):
        if number < 1 << bits:
            data = bytearray(number.to_bytes(size, "big"))
            data[0] |= prefix
            return bytes(data)
    raise ValueError(number)


def get_varint(data, at=0):
    """(number, position behind it), or None when more bytes are needed."""
    if at >= len(data):
        return None
    size = 1 << (data[at] >> 6)
    if at + size > len(data):
        return None
    first = data[at] & 0x3F
    return int.from_bytes(bytes([first]) + data[at + 1 : at + size], "big"), at + size


def encode_map(fields):
    return msgpack.packb(fields, use_bin_type=True)


def _depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (1 if isinstance(value, (dict, list)) else 0) + max((_depth(item) for item in inner), default=0)


def decode_map(data):
    def pairs(items):
        if len({key for key, _ in items}) != len(items):
            raise BadFrame("the same key twice")
        return dict(items)

    try:
        fields = msgpack.unpackb(data, raw=False, strict_map_key=False, object_pairs_hook=pairs)
    except BadFrame:
        raise
    except Exception as error:
        raise BadFrame(str(error)) from error
    if not isinstance(fields, dict):
        raise BadFrame("not a map")
    if _depth(fields) > DEPTH_MAX:
        raise BadFrame("nested too deeply")
    return fields


def encode_frame(kind, fields):
    content = put_varint(kind) + (fields if isinstance(fields, bytes) else encode_map(fields))
    return put_varint(len(content)) + content


def split_frame(data, limit):
    """(type, bytes of the map, position behind the frame), or None when more bytes are needed."""
    length = get_varint(data)
    if length is None:
        return None
    length, start = length
    if length > limit:
        raise BadFrame(f"a frame of {length} bytes")
    if len(data) < start + length:
        return None
    kind = get_varint(data[: start + length], start)
    if kind is None:
        raise BadFrame("no type")
    return kind[0], bytes(data[kind[1] : start + length]), start + length


def message_id():
    """A UUIDv7 as 16 bytes."""
    data = bytearray(int(time.time() * 1000).to_bytes(6, "big") + os.urandom(10))
    data[6] = 0x70 | data[6] & 0x0F
    data[8] = 0x80 | data[8] & 0x3F
    return bytes(data)


def text_body(text, **fields):
    return encode_map({"text": text, **fields})


class Stream:
    """One stream: frames in, bytes out."""

    def __init__(self, connection, stream_id, limit):
        self.connection, self.id, self.limit = connection, stream_id, limit
        self.data, self.finished = bytearray(), False
        self.reset_code = self.stop_code = None
        self.changed = asyncio.Event()

    def write(self, data, finish=False):
        self.connection.quic.send_stream_data(self.id, data, finish)
        self.connection.transmit()

    def send(self, kind, fields):
        self.write(encode_frame(kind, fields))

    async def frame(self):
        """The next frame as (type, map); None at the end of the stream."""
        while True:
            found = split_frame(self.data, self.limit)
            if found:
                kind, body, end = found
                del self.data[:end]
                return kind, decode_map(body)
            if self.reset_code is not None:
                raise Closed(self.reset_code)
            if self.connection.closed:
                raise Closed(*self.connection.closed)
            if self.finished:
                if self.data:
                    raise BadFrame("the stream ended inside a frame")
                return None
            self.changed.clear()
            await self.changed.wait()

    async def take(self, length):
        """The next bytes; fewer at the end of the stream."""
        while len(self.data) < length and not self.finished:
            if self.reset_code is not None:
                raise Closed(self.reset_code)
            if self.connection.closed:
                raise Closed(*self.connection.closed)
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), PATIENCE)
        taken = bytes(self.data[:length])
        del self.data[:length]
        return taken

    async def varint(self):
        first = await self.take(1)
        number = get_varint(first + await self.take((1 << (first[0] >> 6)) - 1))
        return number[0]


class Connection(QuicConnectionProtocol):
    """One QUIC connection that speaks litrocket/1."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.streams, self.closed = {}, None
        self.session = self.welcome = None
        self.over = asyncio.Event()
        # Unidirectional streams of the server, in the order in which they came.
        self.incoming = asyncio.Queue()

    @property
    def quic(self):
        return self._quic

    def quic_event_received(self, event):
        if isinstance(event, ConnectionTerminated):
            self.closed = (event.error_code, event.reason_phrase)
            self.over.set()
            for stream in self.streams.values():
                stream.changed.set()
            return
        stream_id = getattr(event, "stream_id", None)
        stream = self.streams.get(stream_id)
        if stream is None and isinstance(event, StreamDataReceived) and stream_id % 4 == 3:
            stream = self.streams[stream_id] = Stream(self, stream_id, FRAME_MAX)
            self.incoming.put_nowait(stream)
        if stream is None:
            return
        if isinstance(event, StreamDataReceived):
            stream.data += event.data
            stream.finished |= event.end_stream
        elif isinstance(event, StreamReset):
            stream.reset_code = event.error_code
        elif isinstance(event, StopSendingReceived):
            stream.stop_code = event.error_code
        stream.changed.set()

    def open(self, kind, data=b"", finish=False, one_way=False):
        limit = CHAT_FRAME_MAX if kind == CHAT else FRAME_MAX
        stream_id = self.quic.get_next_available_stream_id(is_unidirectional=one_way)
        stream = self.streams[stream_id] = Stream(self, stream_id, limit)
        stream.write((put_varint(kind) if kind is not None else b"") + data, finish)
        return stream

    async def answer(self, stream, code):
        """The one reply on a request stream; faults are raised."""
        reply = await asyncio.wait_for(stream.frame(), PATIENCE)
        if reply is None:
            raise BadFrame("a request stream ended without a reply")
        end = await asyncio.wait_for(stream.frame(), PATIENCE)
        if end is not None:
            raise BadFrame("two frames on a request stream")
        del self.streams[stream.id]
        kind, fields = reply
        if kind == 0:
            raise Fault(fields)
        if kind != code:
            raise BadFrame(f"reply of type {kind} to request {code}")
        return fields

    async def call(self, code, **fields):
        return await self.answer(self.open(REQUEST, encode_frame(code, fields), finish=True), code)

    async def hello(self, token=None):
        fields = {"versions": [1], "client": "litrocket-python-test/1"}
        if token:
            fields["token"] = token
        self.welcome = await self.call(0x0100, **fields)
        self.session = self.welcome.get("session")
        return self.welcome


class Server:
    """Where the server is and how it is known."""

    def __init__(self, address, ca):
        host, port = address.rsplit(":", 1)
        self.host, self.port, self.ca = host.strip("[]"), int(port), ca

    @asynccontextmanager
    async def connect(self, ca=True):
        configuration = QuicConfiguration(is_client=True, alpn_protocols=["litrocket/1"], server_name=self.host)
        configuration.verify_mode = ssl.CERT_REQUIRED
        if ca:
            configuration.load_verify_locations(cafile=self.ca)
        connecting = quic_connect(self.host, self.port, configuration=configuration, create_protocol=Connection)
        async with connecting as connection:
            yield connection


class Chat:
    """The chat stream with the cursor rules of section 8.3 and the outbox rules of section 8.2."""

    def __init__(self, connection, cursors=None, version=0, fresh=False, live=True):
        self.cursors = dict(cursors or {})
        self.version, self.entries = version, {}
        self.events, self.skipped, self.acked = {}, [], {}
        self.answers, self.epochs, self.refused_cursors = {}, {}, {}
        self.faults, self.log = [], []
        self.caught_up, self.broken = False, None
        self.progress = asyncio.Event()
        self.stream = connection.open(CHAT)
        if live:
            pairs = [[conversation, cursor] for conversation, cursor in self.cursors.items()]
            for at in range(0, len(pairs), 1000):
                self.stream.send(2, {"l": pairs[at : at + 1000]})
            self.stream.send(3, {"a": version, "n": True} if fresh else {"a": version})
        self.task = asyncio.ensure_future(self._read())

    async def _read(self):
        try:
            while (frame := await self.stream.frame()) is not None:
                self._take(*frame)
                self.progress.set()
        except Exception as error:  # told to whoever waits
            self.broken = error
        self.progress.set()

    def _take(self, kind, fields):
        self.log.append((kind, fields))
        if kind == 0:
            self.faults.append(fields)
        elif kind == 16:
            self.answers[fields["i"]] = fields
            self.acked.setdefault(fields["c"], set()).add(fields["s"])
            self._advance(fields["c"])
        elif kind == 17:
            self.answers[fields["i"]] = fields
        elif kind == 18:
            self._event(fields)
        elif kind == 19:
            self.skipped.append((fields["c"], fields["f"], fields["t"]))
            if fields["f"] > self.cursors.get(fields["c"], 0) + 1:
                raise BadFrame(f"a hole before skip {fields}")
            self.cursors[fields["c"]] = max(self.cursors.get(fields["c"], 0), fields["t"])
            self._advance(fields["c"])
        elif kind == 20:
            self.refused_cursors[fields["c"]] = fields["f"]
        elif kind == 21:
            if fields["v"] <= self.version:
                raise BadFrame("versions of the account log must ascend")
            self.version = fields["v"]
            self.entries[fields["k"]] = decode_map(fields["b"]) if "b" in fields else None
        elif kind == 22:
            self.caught_up = True
        elif kind == 23:
            self.entries, self.version = {}, 0

    def _event(self, event):
        conversation, sequence = event["c"], event["s"]
        cursor = self.cursors.get(conversation, 0)
        if sequence <= cursor:
            return
        if sequence != cursor + 1:
            raise BadFrame(f"a hole: event {sequence} behind cursor {cursor} in conversation {conversation}")
        self.events[conversation, sequence] = event
        self.cursors[conversation] = sequence
        self._advance(conversation)

    def _advance(self, conversation):
        acked = self.acked.get(conversation, set())
        while self.cursors.get(conversation, 0) + 1 in acked:
            self.cursors[conversation] = self.cursors.get(conversation, 0) + 1

    async def until(self, condition, what):
        """Waits until the condition holds; answers its value."""
        end = time.monotonic() + PATIENCE
        while not (value := condition()):
            if self.broken:
                raise self.broken
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"waited for {what}; the last frames were {self.log[-5:]}")
            self.progress.clear()
            try:
                await asyncio.wait_for(self.progress.wait(), left)
            except asyncio.TimeoutError:
                pass
        return value

    def push(self, conversation, body, kind=1, target=None, message=None, fallback=None):
        """Writes a send; its id."""
        message = message or message_id()
        fields = {"c": conversation, "e": self.epochs.get(conversation, 0), "i": message, "k": kind}
        if target is not None:
            fields["r"] = target
        fields["b"] = body
        if fallback is not None:
            fields["x"] = fallback
        self.answers.pop(message, None)
        self.stream.send(1, fields)
        return message

    async def send(self, conversation, body, **fields):
        """Sends and waits: the ack; a refusal is raised."""
        message = self.push(conversation, body, **fields)
        answer = await self.until(lambda: self.answers.get(message), "an answer to a send")
        if "f" in answer:
            raise Fault(answer["f"])
        return answer

    async def say(self, conversation, text, **fields):
        return await self.send(conversation, text_body(text), **fields)

    async def hears(self, conversation, sequence):
        return await self.until(lambda: self.events.get((conversation, sequence)), f"event {sequence}")
