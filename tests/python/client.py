"""Checks a running litrocket server with an independent client, written from PROTOCOL.md alone.

    python client.py --server 127.0.0.1:4433 --ca certs/ca.pem

Prints one JSON line per check and exits with 1 when one fails. The server must let anybody sign up, or take
--invite with enough uses.
"""

import argparse
import asyncio
import inspect
import json
import sys
import time

import accounts  # noqa: F401 - importing registers the checks
import sync  # noqa: F401
import chat  # noqa: F401
import files  # noqa: F401
import hostile  # noqa: F401
import markdown  # noqa: F401
import wire
from people import CHECKS, World


async def run(options):
    server, failed = wire.Server(options.server, options.ca), 0
    for function in CHECKS:
        if options.only and options.only not in function.__name__:
            continue
        started = time.monotonic()
        line = {"check": function.__name__, "ok": True}
        world = World(server, options.invite, options.seed)
        try:
            async with world.stack:
                await asyncio.wait_for(function(world), 120)
        except Exception as error:  # every failure is a line
            failed += 1
            where = inspect.trace()[-1] if not isinstance(error, AssertionError) else inspect.trace()[-2]
            line.update(ok=False, error=f"{type(error).__name__}: {error}"[:2000], line=where.lineno)
        line["ms"] = round((time.monotonic() - started) * 1000)
        print(json.dumps(line, ensure_ascii=False), flush=True)
    print(json.dumps({"type": "summary", "failed": failed, "seed": options.seed}), flush=True)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True, help="HOST:PORT")
    parser.add_argument("--ca", required=True, help="the CA certificate as PEM")
    parser.add_argument("--invite", help="an invite, where sign-up needs one")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the random frames")
    parser.add_argument("--only", help="checks whose name contains this")
    sys.exit(asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
