"""What the tests of a client start: a real OPA, and a proxy before it that fails as a test asks (Shopify's toxiproxy)."""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import time

import pytest

import sark

HERE = pathlib.Path(__file__).resolve().parent
OUT = pathlib.Path(os.environ.get("SARK_OUT", HERE.parents[1] / "target"))

PATIENCE = 20.0
"""Seconds that anything may take on a slow machine."""

POLICY = """package authz

default allow := false

allow if input.role == "admin"

half := input.n / 2

time_passes := time.now_ns()

broken := {"a": 1, "a": input.n}
"""

DIFFERENT = POLICY.replace('"admin"', '"root"')
"""What decides otherwise for admins."""


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
    def __init__(self, policy=POLICY, *arguments):
        super().__init__(OUT / "opa", "run", "--server", "--addr", "127.0.0.1:PORT", "--log-level", "error", *arguments)
        self.put(policy)

    def put(self, policy, name="authz"):
        status, body = self.request("PUT", f"/v1/policies/{name}", policy.encode())
        assert status == 200, body

    def put_data(self, path, value):
        status, body = self.request("PUT", f"/v1/data/{path}", json.dumps(value).encode())
        assert status == 204, body


class Proxy:
    """Stands before a server, and fails as it is told."""

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


@pytest.fixture
def opa():
    server = Opa()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def toxiproxy():
    server = Server(OUT / "toxiproxy", "-host", "127.0.0.1", "-port", "PORT", ready="/version")
    yield server
    server.kill()


@pytest.fixture
def proxy(toxiproxy, opa):
    return Proxy(toxiproxy, opa.port)


@pytest.fixture
def engine():
    made = sark.Engine()
    made.load_policy("authz", POLICY)
    return made


@pytest.fixture
def metrics():
    return sark.Metrics()


def counted(metrics, name):
    """The value of a metric by its name and labels, as Prometheus' text has it; 0 where it is not there."""
    for line in metrics.render().splitlines():
        if line.startswith(name + " "):
            return float(line.rpartition(" ")[2])
    return 0.0


def heard(client, name):
    """The next event of that name; the client's logger has to be False."""
    return wait_for(lambda: next((event for event in iter(client.next_event, None) if event["event"] == name), None))
