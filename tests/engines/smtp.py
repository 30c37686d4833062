"""A mail server for tests, over aiosmtpd: smtp.py PORT FOLDER [CERTIFICATE KEY [first]].

Mails go to FOLDER, a file each. FOLDER/mode says how it behaves: fine; slow (answers after half a minute); busy (not
now); refuse (never); refuse-sender and refuse-words (never, because of who sends or of what it says). With a certificate nothing goes without STARTTLS and signing in as `litrocket` with `secret`;
with `first` TLS comes before everything else.
"""

import asyncio
import os
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

PORT, FOLDER = int(sys.argv[1]), pathlib.Path(sys.argv[2])
ANSWERS = {"busy": "451 4.3.0 come again", "refuse": "550 5.1.1 nobody here"}
count = 0


def mode():
    return (FOLDER / "mode").read_text().strip()


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        if mode() == "refuse-sender":
            return "550 5.7.1 no mail from you"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if mode() in ANSWERS:
            return ANSWERS[mode()]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        global count
        if mode() == "slow":
            await asyncio.sleep(30)
        if mode() == "refuse-words":
            return "550 5.7.1 such words are not taken"
        count += 1
        text = f"To: {envelope.rcpt_tos[0]}\n".encode() + envelope.content
        written = FOLDER / "writing"
        written.write_bytes(text)
        os.rename(written, FOLDER / f"{count:04}.mail")
        return "250 OK"


def authenticate(server, session, envelope, mechanism, login):
    fine = isinstance(login, LoginPassword) and (login.login, login.password) == (b"litrocket", b"secret")
    return AuthResult(success=fine, handled=fine)


async def main():
    options, first = {}, None
    if len(sys.argv) > 3:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
        options = dict(authenticator=authenticate, auth_required=True)
        if len(sys.argv) > 5:
            options.update(auth_require_tls=False)
            first = context
        else:
            options.update(tls_context=context, require_starttls=True)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), loop=loop, **options), "127.0.0.1", PORT, ssl=first)
    await server.serve_forever()


asyncio.run(main())
