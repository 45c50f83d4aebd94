"""What the tests of a client start: a real OPA, and a proxy before it that fails as a test asks."""

import pathlib
import sys

import pytest

import sark

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import servers  # noqa: E402
from servers import OUT, PATIENCE, Proxy, Server, free_port, start_toxiproxy, wait_for  # noqa: E402, F401

POLICY = """package authz

default allow := false

allow if input.role == "admin"

half := input.n / 2

time_passes := time.now_ns()

broken := {"a": 1, "a": input.n}
"""

DIFFERENT = POLICY.replace('"admin"', '"root"')
"""What decides otherwise for admins."""


class Opa(servers.Opa):
    def __init__(self, policy=POLICY, *arguments):
        super().__init__(policy, *arguments)


@pytest.fixture
def opa():
    server = Opa()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def toxiproxy():
    server = start_toxiproxy()
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
