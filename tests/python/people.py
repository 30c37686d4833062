"""People, their devices, and how a check says what it expects."""

import contextlib
import os
import random

from wire import Chat, Fault

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def expect(condition, *what):
    if not condition:
        raise AssertionError(" ".join(str(part) for part in what) or "unexpected")


@contextlib.contextmanager
def refused(code):
    try:
        yield
    except Fault as fault:
        expect(fault.code == code, "refused with", fault.code, "instead of", code)
        return
    raise AssertionError(f"not refused with {code}")


class World:
    """The server, and people on it."""

    def __init__(self, server, invite, seed):
        self.server, self.invite, self.random = server, invite, random.Random(seed)
        self.suffix = os.urandom(5).hex()
        self.stack = contextlib.AsyncExitStack()

    async def connection(self, token=None, hello=True):
        connection = await self.stack.enter_async_context(self.server.connect())
        if hello:
            await connection.hello(token)
        return connection

    async def person(self, name):
        fields = {"handle": name + os.urandom(6).hex(), "password": f"the password of {name}", "label": "first"}
        if self.invite:
            fields["invite"] = self.invite
        device = Device(self, await self.connection())
        signed = await device.connection.call(0x0101, **fields)
        device.person = Person(fields["handle"], fields["password"], signed["account"])
        device.token = signed["token"]
        device.chat = Chat(device.connection, fresh=True)
        await device.chat.until(lambda: device.chat.caught_up, "caught up")
        return device

    async def pair(self):
        """Two people and their conversation, in which one message was said."""
        ada, bob = await self.person("ada"), await self.person("bob")
        room = (await ada.call(0x0201, account=bob.account))["conversation"]
        ack = await ada.chat.say(room, "hello")
        await bob.chat.hears(room, ack["s"])
        return ada, bob, room


class Person:
    def __init__(self, handle, password, account):
        self.handle, self.password, self.account = handle, password, account


class Device:
    """A signed-in connection with its chat stream."""

    def __init__(self, world, connection):
        self.world, self.connection = world, connection
        self.person = self.token = self.chat = None

    @property
    def account(self):
        return self.person.account

    async def call(self, code, **fields):
        return await self.connection.call(code, **fields)

    async def another(self, **live):
        """The same person on another device."""
        device = Device(self.world, await self.world.connection())
        device.person = self.person
        signed = await device.call(0x0102, handle=self.person.handle, password=self.person.password, label="second")
        expect(signed["account"] == self.account and len(signed["token"]) == 32)
        device.token = signed["token"]
        device.chat = Chat(device.connection, **(live or {"fresh": True}))
        await device.chat.until(lambda: device.chat.caught_up, "caught up")
        return device

    async def goes(self):
        self.connection.close()
        await self.connection.wait_closed()

    async def returns(self):
        """Reconnects with the token and what this device has."""
        old = self.chat
        self.connection = await self.world.connection(self.token)
        expect(self.connection.session["account"] == self.account)
        self.chat = Chat(self.connection, cursors=old.cursors, version=old.version)
        await self.chat.until(lambda: self.chat.caught_up, "caught up")
