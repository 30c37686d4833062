"""The interface of LibreTranslate over Apertium's own translator: libre.py PORT KEY.

LibreTranslate fetches its models from elsewhere when it starts, so a test cannot run it. This speaks its
documented interface (https://docs.libretranslate.com) and translates with the program `apertium`.
"""

import http.server
import json
import subprocess
import sys

PORT, KEY = int(sys.argv[1]), sys.argv[2]
NAMES = {"en": "eng", "es": "spa"}


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path != "/languages":
            return self.answer(404, {"error": "not found"})
        self.answer(200, [
            {"code": "en", "name": "English", "targets": ["en", "es"]},
            {"code": "es", "name": "Spanish", "targets": ["en", "es"]},
        ])

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/translate" or asked["format"] != "text":
            return self.answer(400, {"error": "bad request"})
        if asked.get("api_key") != KEY:
            return self.answer(403, {"error": "Invalid API key"})
        pair = f"{NAMES[asked['source']]}-{NAMES[asked['target']]}"
        run = subprocess.run(["apertium", "-u", pair], input=asked["q"], capture_output=True, text=True, check=True)
        self.answer(200, {"translatedText": run.stdout.rstrip("\n") if not asked["q"].endswith("\n") else run.stdout})

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
