"""`opa:http://…`: a running OPA, whoever feeds it."""

import json

import pytest
from conftest import FAST, Opa, allows, documents, follower_opa, free_port, pack, wait_for

import sark

POLICY = """package authz

default allow := false
allow if input.role in data.roles
names contains name if some name, _ in data.users
p.q.r := 1
f(x) := x + 1
bykey[k] := v if some k, v in data.users
"""


@pytest.fixture
def server():
    started = Opa()
    started.put_data("roles", ["admin"])
    started.put_data("users", {"alice": {"n": 1.0}, "bob": {"n": 12345678901234567890}})
    # Beside, below and above what rules define.
    started.put_data("authz/p/s", {"base": True})
    started.put_data("authz/base", [1, None])
    started.put_data("only/base", {})
    started.put(POLICY)
    started.put("package deep.er\nx := data.authz.names", "deep/er")
    yield started
    started.kill()


def follow(engine, server, **config):
    return engine.follow(f"opa:{server.url}", **FAST, **config)


def test_everything_is_decided_as_there(engine, server):
    source = follow(engine, server)
    source.wait()
    assert engine.evaluate("data") == documents(server)
    assert allows(engine, "admin") and not allows(engine, "guest")
    assert engine.evaluate_json("data.users").decode() == '{"alice":{"n":1.0},"bob":{"n":12345678901234567890}}'
    assert source.status()["policies"] == 2 and engine.policy_names() == ["opa/authz", "opa/deep/er"]


def test_changes_are_followed_by_whoever_made_them(engine, server):
    source = follow(engine, server)
    server.put_data("roles", ["root"])
    wait_for(lambda: allows(engine, "root"))
    server.put(POLICY.replace("input.role in data.roles", 'input.role == "ops"'))
    wait_for(lambda: allows(engine, "ops"))
    server.request("DELETE", "/v1/policies/deep/er")
    wait_for(lambda: engine.evaluate("data.deep") is sark.UNDEFINED)
    assert engine.evaluate("data") == documents(server)
    activations = source.status()["activations"]
    before = source.status()["last_request"]
    wait_for(lambda: source.status()["last_request"] != before)
    assert source.status()["activations"] == activations, "nothing changed"


def test_rules_that_fail_keep_it_from_being_read(engine, server):
    source = follow(engine, server)
    source.wait()
    server.put('package bad\nx := 1 if true\nx := 2 if true', "bad")
    wait_for(lambda: source.status()["error"])
    assert "GET /v1/data" in source.status()["error"]["message"]
    assert allows(engine, "admin")
    server.request("DELETE", "/v1/policies/bad")
    wait_for(lambda: source.status()["error"] is None)


def test_an_opa_that_follows_a_bundle_says_its_revision_and_versions(tmp_path, engine):
    from conftest import Nginx

    nginx = Nginx(tmp_path / "nginx")
    bundle = {"/p.rego": "package p\nx { input.y }", "/q/data.json": {"n": 1}, "/.manifest": {"revision": "v7", "rego_version": 0}}
    server = follower_opa(nginx.serve(pack(tmp_path / "b.tar.gz", bundle)))
    try:
        wait_for(lambda: (documents(server) or {}).get("q"))
        source = follow(engine, server)
        source.wait()
        assert source.status()["revision"] == "authz=v7"
        assert engine.evaluate("data.p.x", {"y": 1}) is True
        assert engine.evaluate("data") == documents(server)
    finally:
        server.kill()
        nginx.kill()


def test_shadow_compares_revisions_first(tmp_path, engine):
    """A local side that is at another revision than the remote differs for a reason that is not the evaluator."""
    from conftest import Nginx

    nginx = Nginx(tmp_path / "nginx")

    def bundle(revision, value):
        return pack(tmp_path / "b.tar.gz", {"/p.rego": f"package p\nx := {value}", "/.manifest": {"revision": revision}})

    url = nginx.serve(bundle("v1", 1))
    server = follower_opa(url, extra={"polling": {"min_delay_seconds": 600, "max_delay_seconds": 600}})
    try:
        wait_for(lambda: (documents(server) or {}).get("p"))
        engine.follow(url, name="authz", **FAST).wait()
        client = sark.Client(engine, opa_url=server.url, mode="local", shadow_rate=100)
        decision = client.decide("data.p.x", {})
        assert decision.revision.endswith(" authz=v1")
        wait_for(lambda: client.status()["shadow"]["outcomes"]["equal"] == 1)
        nginx.serve(bundle("v2", 2))
        wait_for(lambda: engine.evaluate("data.p.x") == 2)
        client.decide("data.p.x", {})
        wait_for(lambda: client.status()["shadow"]["outcomes"]["revision"] == 1)
        assert client.status()["shadow"]["outcomes"]["differing"] == 0
    finally:
        server.kill()
        nginx.kill()


def test_a_client_leaves_to_the_remote_what_its_engine_cannot_answer_yet(engine, server):
    engine.follow(f"http://127.0.0.1:{free_port()}/x", name="late", **FAST)
    flags = sark.Flags("memory:")
    flags.set_rollout("rust_opa", 100)
    client = sark.Client(engine, flags=flags, opa_url=server.url, logger=False)
    decision = client.decide("data.authz.allow", {"role": "admin"}, user="u")
    assert (decision.result, decision.implementation, decision.fallback) == (True, "http", "unavailable")
    assert client.next_event()["fields"]["fallback"] == "unavailable"
    denying = sark.Engine()
    denying.follow(f"http://127.0.0.1:{free_port()}/x", name="late", when_stale="deny", **FAST)
    client = sark.Client(denying, flags=flags, opa_url=server.url, logger=False)
    with pytest.raises(sark.Unavailable, match="late was not activated yet"):
        client.decide("data.authz.allow", {"role": "admin"}, user="u")


def test_what_would_reach_outside_is_decided_by_the_remote(engine, server):
    server.put('package far\nx := net.lookup_ip_addr("127.0.0.1")', "far")
    source = follow(engine, server)
    source.wait()
    assert [found["builtin"] for found in source.status()["outside_calls"]] == ["net.lookup_ip_addr"]
    flags, metrics = sark.Flags("memory:"), sark.Metrics()
    flags.set_rollout("rust_opa", 100)
    client = sark.Client(engine, flags=flags, opa_url=server.url, metrics=metrics, logger=False)
    decision = client.decide("data.far.x", {}, user="u")
    assert (decision.result, decision.fallback) == (["127.0.0.1"], "unsupported")
    engine.allow_net([])
    closed = client.decide("data.far.x", {}, user="u")
    assert (closed.result, closed.implementation, closed.fallback) == (sark.UNDEFINED, "rust", "")
    engine.allow_net(["127.0.0.1"])
    decision = client.decide("data.far.x", {}, user="u")
    assert (decision.result, decision.implementation, decision.fallback) == (["127.0.0.1"], "rust", "")
    near = client.decide("data.authz.allow", {"role": "admin"}, user="u")
    assert (near.result, near.implementation, near.fallback) == (True, "rust", "")


def test_the_url_is_the_clients(engine, server):
    with pytest.raises(sark.InvalidArgument, match="a parameter that is none of"):
        engine.follow(f"opa:{server.url}?nosuch=1")
    with pytest.raises(sark.InvalidArgument, match="only bundles are signed"):
        engine.follow(f"opa:{server.url}", keys={"k": {"key": "s", "algorithm": "HS256"}})
    json.dumps(engine.sources())
