"""Apertium APy as Debian installs it, on the loopback address alone: apy.py PORT MODES.

APy listens on every address and has no option for another; nothing else is changed.
"""

import sys

import tornado.httpserver

bind = tornado.httpserver.HTTPServer.bind
tornado.httpserver.HTTPServer.bind = lambda self, port, **more: bind(self, port, address="127.0.0.1", **more)

port, modes = sys.argv[1:]
sys.argv = ["apertium-apy", "-p", port, modes]

from apertium_apy.apy import main  # noqa: E402  it reads the arguments when it is imported

main()
