"""What the tests of the dial start: real servers on free ports, and processes that look at the same flags."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest
import redis as redis_py

import sark

HERE = pathlib.Path(__file__).resolve().parent
BUILT = pathlib.Path(os.environ.get("SARK_DIAL", HERE.parents[1] / "target" / "dial"))
"""Where `make test-dial` puts what the servers need."""

PATIENCE = 20.0
"""Seconds that anything may take on a slow machine. How fast it is, benches say."""


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


class RedisServer:
    """A redis-server of the test's own. Its data is kept in a folder, and written only when a test says so."""

    def __init__(self, folder, *arguments):
        self.folder, self.arguments = folder, arguments
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen([*command, *self.arguments], stdout=subprocess.DEVNULL)
        wait_for(self.answers)
        return self

    def answers(self):
        with contextlib.suppress(redis_py.RedisError):
            return self.client(socket_timeout=0.5).execute_command("PING") is not None
        return False

    def client(self, **options):
        """A client that is not ours."""
        return redis_py.Redis(port=self.port, decode_responses=True, **options)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.resume()
            self.kill()


@pytest.fixture
def redis_server(tmp_path):
    assert shutil.which("redis-server"), "redis-server is missing; scripts/packages installs it"
    server = RedisServer(tmp_path).start()
    yield server
    server.stop()


class Other:
    """Another process that has the same flags; it obeys lines of JSON."""

    def __init__(self, url, **options):
        environment = os.environ | options.pop("environment", {})
        command = [sys.executable, str(HERE / "other.py"), json.dumps([url, options])]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, bufsize=1
        )
        assert self.answer() == "ready"

    def answer(self):
        line = self.process.stdout.readline()
        assert line, "the other process ended"
        return json.loads(line)

    def send(self, method, *arguments):
        self.process.stdin.write(json.dumps([method, arguments]) + "\n")
        self.process.stdin.flush()

    def __call__(self, method, *arguments):
        self.send(method, *arguments)
        return self.answer()

    def stop(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def other():
    made = []

    def make(url, **options):
        made.append(Other(url, **options))
        return made[-1]

    yield make
    for each in made:
        each.stop()


WRITER, READER = "a-secret-that-writes-123", "a-secret-that-reads-4567"
TOKENS = [
    {"name": "ops", "secret": WRITER, "role": "write"},
    {"name": "guest", "secret": READER, "role": "read"},
]


def command_of(kind):
    if kind in ("fastapi", "asgi"):
        return [sys.executable, str(HERE / "servers" / "server.py"), kind]
    return [str(BUILT / "server_go")] if kind == "go" else ["node", str(BUILT / "node" / "server.mjs"), kind]


class Server:
    """An app with an admin, in a process of its own."""

    def __init__(self, kind, url):
        environment = os.environ | {"SARK_TOKENS": json.dumps(TOKENS)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen([*command_of(kind), url], text=True, env=environment, **pipes)
        port = self.process.stdout.readline().strip()
        assert port, self.process.communicate()[1]
        self.url = f"http://127.0.0.1:{port}"
        # What it logs is kept; a pipe that nobody reads would hold it up.
        self.log = []
        threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True).start()

    def is_alive(self):
        return self.process.poll() is None

    def stop(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Client(httpx.Client):
    """A client that is not ours, at the place where an admin is mounted."""

    def __init__(self, server, path, secret=WRITER):
        headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        super().__init__(base_url=server.url + path, headers=headers, timeout=PATIENCE, trust_env=False)


class Logger(list):
    """A logger that keeps what it gets, as (level, message)."""

    def log(self, level, form, *arguments, **_):
        self.append((level, form % arguments))

    def has(self, part):
        return any(part in message for _, message in self)


@pytest.fixture
def logger():
    return Logger()


@pytest.fixture
def flags(logger):
    """Opens flags, and closes them when the test ends."""
    made = []

    def make(url, **options):
        made.append(sark.Flags(url, logger=logger, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def print_how_soon_seen(where, ours, others, capsys):
    """Turns a dial a hundred times, and prints after how long another process saw it. It measures; a slow machine fails nothing."""
    values = [(number + 1) / 100 for number in range(100)]
    others.send("watch", "f", *values)
    sent = []
    for value in values:
        time.sleep(0.02)
        sent.append(time.monotonic())
        ours.set_rollout("f", value)
    delays = sorted((seen - start) * 1e3 for start, seen in zip(sent, others.answer(), strict=True))
    with capsys.disabled():
        print(f"\na change in {where} is seen by another process after {delays[50]:.1f} ms (median), {delays[98]:.1f} ms (p99)")


def percentages(flags):
    return {each["feature"]: each["percentage"] for each in flags.list()}
