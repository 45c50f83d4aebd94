"""A process that decides under load, as a gateway would, and shows its metrics at /metrics. Prints its port, and ends when its input does.
The first line of its input has every fifth decision fail here and fall back, and the local policy be another than the remote's.

Usage: app.py URL-OF-OPA FOLDER
"""

import http.server
import itertools
import pathlib
import sys
import threading
import time

import sark

POLICY = """package authz

default allow := false

allow if input.role == "admin"

broken := 1

broken := 2 if input.conflict
"""
"""The remote has the same."""


class App:
    def __init__(self, opa_url, folder):
        self.metrics = sark.Metrics(pathlib.Path(folder, "metrics"))
        self.engine = sark.Engine(metrics=self.metrics)
        self.engine.load_policy("authz", POLICY)
        self.follow(pathlib.Path(folder, "roles"))
        self.store = pathlib.Path(folder, "flags.json")
        self.flags = sark.Flags(f"file:{self.store}", metrics=self.metrics, logger=False)
        self.flags.set_rollout("rust_opa", 50)
        # Whatever is counted only once it happened happens once.
        self.flags.force("local")
        self.flags.force(None)
        self.tear_store()
        cache = sark.Cache(metrics=self.metrics)
        options = {"flags": self.flags, "opa_url": opa_url, "metrics": self.metrics, "shadow_rate": 20.0, "logger": False}
        self.client = sark.Client(self.engine, cache=cache, **options)
        self.fails = False

    def follow(self, folder):
        """Has a source be refused once, before anyone looks."""
        folder.mkdir()
        roles = folder / "roles.json"
        roles.write_text("{")
        source = self.engine.follow(f"dir:{folder}", name="roles", roots=["roles"], logger=False)
        roles.write_text('{"roles": ["admin"]}')
        source.wait()

    def tear_store(self):
        """Has the file be half there until that was noticed."""
        whole = self.store.read_text()
        self.store.write_text(whole[:10])
        while "sark_flag_store_errors_total" not in self.metrics.render():
            time.sleep(0.01)
        self.store.write_text(whole)

    def load(self):
        for number in itertools.count():
            user = f"user{number % 1000}" if number % 50 else None
            # Some questions come again, and are answered by the cache; some do not.
            question = {"role": ("admin", "guest")[number % 2], "n": number if number % 3 else number % 300}
            policy = "data.authz.allow"
            if self.fails and number % 5 == 0:
                question, policy = {"conflict": True}, "data.authz.broken"
            try:
                self.client.decide(policy, question, user=user)
            except sark.Error:
                # The remote is away, or has no answer either.
                pass
            time.sleep(0.001)

    def fail(self):
        self.engine.load_policy("authz", POLICY.replace('"admin"', '"root"'))
        self.fails = True

    def serve(self):
        app = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = app.metrics.render().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_port


def main(opa_url, folder):
    app = App(opa_url, folder)
    threading.Thread(target=app.load, daemon=True).start()
    print(app.serve(), flush=True)
    if sys.stdin.readline():
        app.fail()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
