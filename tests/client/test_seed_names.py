"""The names that the first sark's users import: `sark._rust`, `sark.policy.rust_engine`, `sark.gateway.policy_middleware`."""

import asyncio
import json
import logging
import os
import pathlib
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

import sark
from sark._rust import OPACompilationError, OPAEvaluationError, RustCache, RustOPAEngine
from sark.gateway.policy_middleware import PolicyEnforcementASGIMiddleware, PolicyEnforcementMiddleware, is_allowed
from sark.policy.rust_engine import RUST_AVAILABLE, HTTPOPAClient, OPAClient, OPAError

POLICY = """package authz

default allowed := false

allowed if input.role == "admin"
"""

NOBODY = "http://127.0.0.1:1"


SERVED = POLICY + """
two := 1

two := input.n

secret := "served"
"""


@pytest.fixture
def url(opa):
    opa.put(SERVED)
    return opa.url


def test_an_engine_by_its_first_name():
    engine = RustOPAEngine()
    engine.load_policy("authz", POLICY)
    assert engine.evaluate("authz", {"role": "admin"}) == {"allowed": True}
    assert engine.evaluate("data.authz.allowed", {"role": "guest"}) is False
    assert not engine.evaluate("data.authz.nothing", {})
    assert engine.has_policy("authz") and engine.loaded_policies() == ["authz"]
    with pytest.raises(OPACompilationError):
        engine.load_policy("authz", "package authz\n\nx := ")
    assert engine.evaluate("authz", {"role": "admin"}) == {"allowed": True}, "the old one stays in force"
    engine.load_policy("two", "package two\n\nx := 1\n\nx := input.n")
    with pytest.raises(OPAEvaluationError):
        engine.evaluate("two", {"n": 2})
    with pytest.raises(LookupError):
        engine.evaluate("nobody", {})
    engine.clear_policies()
    assert engine.loaded_policies() == [] and not engine.has_policy("authz")


def test_a_cache_by_its_first_name():
    cache = RustCache(2, 60)
    cache.set("a", "1")
    cache.set("b", "ü", ttl=30)
    assert (cache.get("a"), cache.get("b"), cache.get("c"), cache.size()) == ("1", "ü", None, 2)
    cache.set("c", "3")
    assert cache.size() == 2
    cache.set("d", "4")
    assert cache.delete("d") is True and cache.delete("d") is False
    assert cache.cleanup_expired() == 0
    cache.clear()
    assert cache.size() == 0
    for size, seconds in ((0, 1), (1, 0), (-1, 1)):
        with pytest.raises(ValueError, match="more than 0"):
            RustCache(size, seconds)
    with pytest.raises(ValueError, match="ttl"):
        cache.set("a", "1", ttl=0)


def test_a_client_decides_here(caplog):
    assert RUST_AVAILABLE
    client = OPAClient(opa_url=NOBODY)
    assert (client.use_rust, client.backend) == (True, "rust")
    client.engine.load_policy("authz", POLICY)
    assert asyncio.run(client.evaluate("authz", {"role": "admin"})) == {"allowed": True}
    with pytest.raises(sark.PolicyNotFound):
        asyncio.run(client.evaluate("nobody", {}))
    assert caplog.text == ""


def test_a_client_falls_back(url, caplog):
    client = OPAClient(opa_url=url)
    client.engine.load_policy("authz", POLICY + '\nsecret := "a"\n\nsecret := input.secret')
    with caplog.at_level(logging.WARNING, "sark"):
        assert asyncio.run(client.evaluate("data.authz.secret", {"secret": "hunter2"})) == "served"
    (record,) = [record for record in caplog.records if getattr(record, "fallback", None)]
    assert (record.policy, record.fallback) == ("data.authz.secret", "python") and "hunter2" not in caplog.text


def test_without_an_opa_the_engines_error_stands():
    client = OPAClient(opa_url=NOBODY)
    client.engine.load_policy("authz", "package authz\n\nx := 1\n\nx := input.n")
    with pytest.raises(OPAEvaluationError):
        asyncio.run(client.evaluate("authz", {"n": 2}))


def test_a_client_over_http(url, proxy):
    client = OPAClient(use_rust=False, opa_url=url)
    assert (client.use_rust, client.backend) == (False, "python") and isinstance(client.engine, HTTPOPAClient)
    assert asyncio.run(client.evaluate("data.authz.allowed", {"role": "admin"})) is True
    assert client.engine.ask("authz.nothing", {}) is None
    with pytest.raises(OPAError, match="500 internal_error"):
        client.engine.ask("authz.two", {"n": 2})
    assert client.engine.ask("authz.two", {"n": 1}) == 1, "the connection is kept after an error"
    with pytest.raises(OPAError):
        HTTPOPAClient(NOBODY).ask("authz", {})
    for bad in ("", "a..b", 'data.a["b"]'):
        with pytest.raises(ValueError, match="neither"):
            client.engine.ask(bad, {})
    with pytest.raises(ValueError, match="URL of an OPA"):
        HTTPOPAClient("ftp://x")
    impatient = HTTPOPAClient(proxy.url, timeout=0.2)
    assert impatient.ask("authz.allowed", {"role": "admin"}) is True
    proxy.fail("latency", latency=2000)
    with pytest.raises(OPAError, match="did not answer"):
        impatient.ask("authz.allowed", {})
    proxy.heal("latency")
    proxy.switch(False)
    proxy.switch(True)
    assert impatient.ask("authz.allowed", {"role": "admin"}) is True, "a kept connection that died is no error"


class Request:
    def __init__(self, user, **fields):
        self.user, self._fields = SimpleNamespace(id=user), fields

    def to_dict(self):
        return self._fields


def enforcement(url, percentage):
    flags = sark.FeatureFlagManager()
    flags.set_rollout_pct("rust_opa", percentage)
    made = PolicyEnforcementMiddleware(flags, opa_url=url)
    made.rust_client.engine.load_policy("authz", POLICY)
    return made


@pytest.mark.parametrize("percentage", [100, 0])
def test_requests_are_decided_by_the_side_of_the_dial(url, percentage):
    made = enforcement(NOBODY if percentage == 100 else url, percentage)
    assert asyncio.run(made.enforce_policy(Request("ada", role="admin", n=1))) is True
    assert asyncio.run(made.enforce_policy(Request("ada", role="guest", n=1))) is False


def test_what_cannot_be_decided_is_denied(caplog):
    made = enforcement(NOBODY, 0)
    assert asyncio.run(made.enforce_policy(Request("ada", role="admin"))) is False
    assert asyncio.run(made.enforce_policy(SimpleNamespace())) is False
    assert "could not be decided" in caplog.text


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (True, True), ({"allow": True}, True), ({"allowed": True}, True), ({"allow": True, "allowed": False}, True), (False, False),
        ({}, False), ({"allow": False}, False), ({"allowed": False}, False), ({"allow": False, "allowed": True}, False), ("true", False),
        (1, False), ({"allow": 1}, False), ({"allowed": "true"}, False), (None, False), (sark.UNDEFINED, False), ([True], False),
    ],
)
def test_nothing_but_an_explicit_true_allows(result, expected):
    assert is_allowed(result) is expected


def call(app, scope):
    sent: list[dict[str, Any]] = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


async def behind(scope, receive, send):
    await send({"type": "http.response.start", "status": 204, "headers": []})


def scope(user, **fields):
    return {"type": "http", "method": "GET", "path": "/tools/1", "query_string": b"a=1", "user": SimpleNamespace(id=user), **fields}


def test_an_application_lies_behind_the_policy():
    flags = sark.FeatureFlagManager()
    flags.set_rollout_pct("rust_opa", 100)
    app = PolicyEnforcementASGIMiddleware(behind, flags, opa_url=NOBODY)
    app._enforcement.rust_client.engine.load_policy(
        "authz", 'package authz\n\nallow if {\n\tinput.user == "ada"\n\tinput.parts[0] == "tools"\n\tinput.query.a == ["1"]\n}'
    )
    assert call(app, scope("ada"))[0]["status"] == 204
    start, body = call(app, scope("bob"))
    assert start["status"] == 403 and (b"content-type", b"application/problem+json") in start["headers"]
    assert json.loads(body["body"])["status"] == 403
    assert call(app, scope(None))[0]["status"] == 403
    assert call(app, scope("bob", type="websocket"))[0] == {"type": "websocket.close", "code": 1008}
    assert call(app, {"type": "lifespan"})[0]["status"] == 204, "no request"
    with pytest.raises(ValueError, match="feature_flags"):
        PolicyEnforcementASGIMiddleware(behind)


def test_without_the_native_library_decisions_go_over_http_and_it_is_said_once(url, tmp_path):
    # The package without what was compiled.
    package = pathlib.Path(sark.__file__).parent
    (tmp_path / "sark").mkdir()
    for path in package.rglob("*.py"):
        target = tmp_path / "sark" / path.relative_to(package)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())
    program = f"""
import asyncio, logging
logging.basicConfig(format="%(levelname)s %(message)s")
from sark.policy.rust_engine import RUST_AVAILABLE, OPAClient
import sark.gateway
client = OPAClient(opa_url={url!r})
print(RUST_AVAILABLE, client.backend, asyncio.run(client.evaluate("data.authz.allowed", {{"role": "admin"}})))
try:
    from sark import Engine
except ImportError as error:
    print(error)
"""
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-S", "-c", program], env=environment, capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first == "False python True"
    assert second.startswith("sark.Engine needs the native library, which cannot be loaded:")
    assert done.stderr.count("WARNING") == 1 and "decisions go to OPA over HTTP" in done.stderr
