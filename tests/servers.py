"""What tests start: programs with an HTTP port of their own."""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import time

OUT = pathlib.Path(os.environ.get("SARK_OUT", pathlib.Path(__file__).resolve().parents[1] / "target"))

PATIENCE = 20.0
"""Seconds that anything may take on a slow machine."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, patience=PATIENCE):
    """Waits until `what()` is true, and gives it."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if value := what():
            return value
        time.sleep(0.005)
    raise AssertionError(f"not true within {patience} s: {what}")


class Server:
    """A program with an HTTP port of its own."""

    def __init__(self, *command, ready="/health"):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = [part.replace("PORT", str(self.port)) for part in map(str, command)]
        self.ready = ready
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.request("GET", self.ready)[0] == 200)

    def request(self, method, path, body=None):
        """Status and body; 0 where nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        return 0, b""

    def kill(self):
        self.process.kill()
        self.process.wait()


class Opa(Server):
    """A real OPA, with policies that are put there."""

    def __init__(self, policy=None, *arguments):
        super().__init__(OUT / "opa", "run", "--server", "--addr", "127.0.0.1:PORT", "--log-level", "error", *arguments)
        if policy is not None:
            self.put(policy)

    def put(self, policy, name="authz"):
        status, body = self.request("PUT", f"/v1/policies/{name}", policy.encode())
        assert status == 200, body

    def put_data(self, path, value):
        status, body = self.request("PUT", f"/v1/data/{path}", json.dumps(value).encode())
        assert status == 204, body


class Proxy:
    """Stands before a server, and fails as it is told (Shopify's toxiproxy)."""

    def __init__(self, toxiproxy, upstream):
        self.toxiproxy, self.port = toxiproxy, free_port()
        self.url, self.name = f"http://127.0.0.1:{self.port}", f"p{self.port}"
        self.ask("POST", "/proxies", {"name": self.name, "listen": f"127.0.0.1:{self.port}", "upstream": f"127.0.0.1:{upstream}"})

    def ask(self, method, path, body=None):
        status, answer = self.toxiproxy.request(method, path, json.dumps(body) if body is not None else None)
        assert status in (200, 201, 204), answer

    def fail(self, kind, stream="downstream", **attributes):
        self.ask("POST", f"/proxies/{self.name}/toxics", {"name": kind, "type": kind, "stream": stream, "attributes": attributes})

    def heal(self, kind):
        self.ask("DELETE", f"/proxies/{self.name}/toxics/{kind}")

    def switch(self, on):
        self.ask("POST", f"/proxies/{self.name}", {"enabled": on})


def start_toxiproxy():
    return Server(OUT / "toxiproxy", "-host", "127.0.0.1", "-port", "PORT", ready="/version")
