"""Decisions in two steps: what an event loop may do, and what a caller with an HTTP client of his own does."""

import asyncio
import http.client
import math
import time
import urllib.parse

import pytest

import sark
from conftest import POLICY

ADMIN = {"role": "admin"}

CONFLICT = "package p\n\ntwo := 1\n\ntwo := input.n"


def send(ticket):
    """Completes a ticket by Python's own HTTP client."""
    url = urllib.parse.urlsplit(ticket.url)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=ticket.timeout)
    connection.request("POST", f"{url.path}?{url.query}", ticket.body, ticket.headers)
    response = connection.getresponse()
    return ticket.complete(response.status, response.read())


def test_a_foreign_http_client_gets_the_same_decisions(engine, opa):
    client = sark.Client(engine, opa_url=opa.url, mode="remote", logger=False)
    for policy, question in [("data.authz.allow", ADMIN), ("data.authz.half", {"n": 3}), ("data.authz.half", {}), ("authz", ADMIN)]:
        ticket = client.begin(policy, question)
        assert isinstance(ticket, sark.Ticket) and 0 < ticket.timeout <= 5
        wanted = client.decide(policy, question)
        got = send(ticket)
        if policy != "authz":  # it reads the clock
            assert (got.result, got.allowed) == (wanted.result, wanted.allowed)
        assert (got.implementation, got.fallback, got.phases.remote > 0) == ("http", "", True)
    opa.put(CONFLICT, "p")
    broken = client.begin("data.p.two", {"n": 2})
    with pytest.raises(sark.EvaluationError) as failed:
        send(broken)
    assert failed.value.code == "eval_conflict_error"
    with pytest.raises(sark.InvalidArgument, match="completed"):
        broken.run()


def test_the_request_has_trace_and_token(engine, tmp_path):
    token = tmp_path / "token"
    token.write_text("secret\n")
    client = sark.Client(engine, opa_url=f"http://127.0.0.1:1?token_file={token}", mode="remote", logger=False)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    ticket = client.begin("data.authz.allow", ADMIN, timeout=math.inf, traceparent=trace)
    assert ticket.url == "http://127.0.0.1:1/v1/data/authz/allow?provenance=true"
    assert ticket.headers == {"content-type": "application/json", "authorization": "Bearer secret", "traceparent": trace}
    assert ticket.body == b'{"input":{"role":"admin"}}' and ticket.timeout == math.inf


def test_failures_open_the_breaker_and_an_answer_closes_it(engine, opa):
    client = sark.Client(engine, opa_url=opa.url, mode="remote", logger=False)
    for _ in range(5):
        with pytest.raises(sark.Unavailable):
            client.begin("data.authz.allow", ADMIN).fail("connection")
    assert client.status()["breaker"]["state"] == "open"
    with pytest.raises(sark.Unavailable, match="asked again"):
        client.begin("data.authz.allow", ADMIN)
    time.sleep(1.1)
    assert send(client.begin("data.authz.allow", ADMIN)).allowed
    assert client.status()["breaker"] == {"state": "closed", "failures": 0, "retry_in_seconds": 0.0}


def test_a_ticket_that_is_dropped_gives_its_place_back(engine, opa):
    engine.load_policy("p", CONFLICT)
    flags = sark.Flags()
    flags.set_rollout("rust_opa", 100)
    client = sark.Client(engine, flags=flags, opa_url=opa.url, max_concurrent_fallbacks=1, logger=False)
    ticket = client.begin("data.p.two", {"n": 2})
    assert isinstance(ticket, sark.Ticket)
    with pytest.raises(sark.EvaluationError):
        client.begin("data.p.two", {"n": 2})
    del ticket
    assert isinstance(client.begin("data.p.two", {"n": 2}), sark.Ticket)
    assert client.status()["fallbacks"] == 0


def test_a_closed_client_completes_nothing(engine, opa):
    client = sark.Client(engine, opa_url=opa.url, mode="remote", logger=False)
    ticket = client.begin("data.authz.allow", ADMIN)
    client.close()
    with pytest.raises(sark.Closed):
        ticket.complete(200, b'{"result": true}')


def test_the_event_loop_goes_on_while_the_remote_is_slow(engine, proxy):
    proxy.fail("latency", latency=400)
    client = sark.Client(engine, opa_url=proxy.url, mode="remote", logger=False)

    async def both():
        decided = asyncio.create_task(client.decide_async("data.authz.allow", ADMIN))
        ticks = 0
        while not decided.done():
            await asyncio.sleep(0.01)
            ticks += 1
        return await decided, ticks

    decision, ticks = asyncio.run(both())
    assert decision.allowed and decision.implementation == "http"
    assert ticks >= 5


def test_the_event_loop_goes_on_while_a_policy_takes_long(engine):
    numbers = "numbers.range(1, 150)[_]"
    engine.load_policy("slow", f"package slow\n\nn := count([1 | {numbers}; {numbers}; {numbers}])")
    client = sark.Client(engine)
    ticket = client.begin("data.slow.n")
    assert isinstance(ticket, sark.Ticket) and ticket.url is None
    with pytest.raises(sark.InvalidArgument, match="run it"):
        ticket.complete(200, b"{}")
    assert ticket.run().result == 150**3
    assert asyncio.run(client.decide_async("data.slow.n")).result == 150**3
    assert asyncio.run(client.decide_async("data.authz.allow", ADMIN)).allowed


def test_what_is_begun_is_counted_and_logged_once(engine, opa, metrics):
    log = sark.DecisionLog()
    counted = sark.Engine(metrics=metrics)
    counted.load_policy("authz", POLICY)
    numbers = "numbers.range(1, 100)[_]"
    counted.load_policy("slow", f"package slow\n\nn := count([1 | {numbers}; {numbers}; {numbers}])")
    client = sark.Client(counted, opa_url=opa.url, metrics=metrics, decision_log=log, logger=False, mode="local")
    assert isinstance(client.begin("data.authz.allow", ADMIN), sark.Decision)
    ticket = client.begin("data.slow.n")
    assert [event["path"] for event in iter(log.next, None)] == ["authz/allow"]
    ticket.run()
    assert [event["path"] for event in iter(log.next, None)] == ["slow/n"]
    text = metrics.render()
    assert 'opa_evaluations_total{implementation="rust"} 2' in text
    assert 'opa_rust_errors_total{error_type="limit"} 0' in text
