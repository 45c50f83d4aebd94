"""The admin API over HTTP: real servers of three languages, asked by a client that is not ours."""

import concurrent.futures
import json
import socket
import uuid

import httpx
import pytest
import sark
from conftest import READER, WRITER, Client, Server, wait_for

MOUNTS = {
    "FastAPI router": ("fastapi", "/admin"),
    "FastAPI router elsewhere": ("fastapi", "/v1/dial"),
    "ASGI below FastAPI": ("fastapi", "/ops/dial"),
    "ASGI alone": ("asgi", "/admin"),
    "Go": ("go", "/admin"),
    "Go under StripPrefix": ("go", "/ops/dial"),
    "Express": ("express", "/admin"),
    "Express after a parser": ("express", "/ops/dial"),
    "node:http": ("node", "/admin"),
}
PARSED = ("express", "/ops/dial")
PROBLEM = "application/problem+json"
LARGEST = 64 << 10


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """One server of each kind for the tests that leave its store alone."""
    running = {}

    def server(kind):
        if kind not in running:
            running[kind] = Server(kind, f"file:{tmp_path_factory.mktemp(kind)}/flags.json")
        return running[kind]

    yield server
    for each in running.values():
        each.stop()


def each_mount(name):
    return pytest.param(MOUNTS[name], id=name, marks=pytest.mark.xdist_group(MOUNTS[name][0]))


@pytest.fixture(params=[each_mount(name) for name in MOUNTS])
def mount(request):
    return request.param


@pytest.fixture
def server(shared, mount):
    server = shared(mount[0])
    yield server
    assert server.is_alive(), "".join(server.log)


@pytest.fixture
def client(server, mount):
    with Client(server, mount[1]) as client:
        yield client


@pytest.fixture
def anyone(server, mount):
    with Client(server, mount[1], None) as client:
        yield client


@pytest.fixture
def reader(server, mount):
    with Client(server, mount[1], READER) as client:
        yield client


@pytest.fixture
def feature():
    return f"f-{uuid.uuid4()}"


def is_problem(response, status, field=None):
    assert (response.status_code, response.headers["Content-Type"]) == (status, PROBLEM), response.text
    document = response.json()
    assert document["status"] == status and document["title"] and document["detail"] and document["type"] == "about:blank"
    assert document.get("field") == field
    assert_guarded(response)
    return document


def assert_guarded(response):
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def is_json(response, expected=None):
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json"), response.text
    assert_guarded(response)
    assert expected is None or response.json() == expected
    return response.json()


def test_a_dial_is_turned_by_query_and_by_json(client, feature):
    update = "/rollout/update"
    is_json(client.post(update, params={"feature": feature, "percentage": 25}), {"feature": feature, "percentage": 25})
    is_json(client.post(update, json={"feature": feature, "percentage": 12.5}), {"feature": feature, "percentage": 12.5})
    both = client.post(update, params={"feature": feature}, json={"feature": feature, "percentage": 100, "why": "ünïcode ☂"})
    is_json(both, {"feature": feature, "percentage": 100})
    rollouts = is_json(client.get("/rollout"))["features"]
    assert {"feature": feature, "percentage": 100, "formula": 1} in rollouts
    changes = is_json(client.get("/history", params={"feature": feature}))["history"]
    assert [(each["from"], each["to"], each["who"], each["why"]) for each in changes] == [
        (12.5, 100, "ops", "ünïcode ☂"),
        (25, 12.5, "ops", ""),
        (None, 25, "ops", ""),
    ]
    assert len(client.get("/history", params={"feature": feature, "limit": 1}).json()["history"]) == 1


def test_names_of_any_letters_arrive_as_they_are(client, feature):
    for name in [f"{feature} a+b&c=d/é☂%20", f"{feature}?#\\"]:
        is_json(client.post("/rollout/update", params={"feature": name, "percentage": 1}), {"feature": name, "percentage": 1})
        is_json(client.post("/rollout/rollback", json={"feature": name}), {"feature": name, "percentage": 0})


def test_rollback_and_rollback_all(client, feature):
    for name in (feature, f"{feature}-2"):
        client.post("/rollout/update", json={"feature": name, "percentage": 50}).raise_for_status()
    is_json(client.post("/rollout/rollback", params={"feature": feature, "why": "slow"}), {"feature": feature, "percentage": 0})
    rolled_back = is_json(client.post("/rollout/rollback-all"))["rolled_back"]
    assert {"feature": f"{feature}-2", "percentage": 0} in rolled_back
    assert all(each["percentage"] == 0 for each in client.get("/rollout").json()["features"])
    is_json(client.post("/rollout/rollback-all", json={"why": "again"}))


def test_one_side_is_forced(client):
    is_json(client.post("/force", json={"side": "remote", "why": "a drill"}), {"force": "remote"})
    assert client.get("/status").json()["flags"]["force"] == "remote"
    is_json(client.post("/force", params={"side": "none"}), {"force": None})


def test_who_may_what(client, reader, anyone, feature):
    for get in ("/rollout", "/history", "/status", "/metrics"):
        assert reader.get(get).status_code == 200
        refused = anyone.get(get)
        is_problem(refused, 401)
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        is_problem(anyone.get(get, headers={"Authorization": f"Bearer {WRITER[:-1]}"}), 401)
        is_problem(anyone.get(get, headers={"Authorization": f"Basic {WRITER}"}), 401)
    twice = [("Authorization", f"Bearer {READER}"), ("Authorization", f"Bearer {WRITER}")]
    is_problem(anyone.get("/status", headers=twice), 400, "Authorization")
    parameters = {"feature": feature, "percentage": 5}
    for post in ("/rollout/update", "/rollout/rollback", "/rollout/rollback-all", "/force"):
        is_problem(reader.post(post, json=parameters), 403)
        is_problem(anyone.post(post, json=parameters), 401)
    assert feature not in client.get("/rollout").text
    assert client.get("/status").json()["you"] == {"name": "ops", "role": "write"}
    assert reader.get("/status").json()["you"] == {"name": "guest", "role": "read"}


def test_what_is_asked_wrongly_is_a_problem_document(client, anyone, feature):
    update = "/rollout/update"
    is_problem(client.get("/nothing"), 404)
    is_problem(client.post("/rollout/update/"), 404)
    is_problem(anyone.get("/rollout/nothing"), 404)
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        wrong = client.request(method, update)
        is_problem(wrong, 405)
        assert wrong.headers["Allow"] == "POST, OPTIONS"
    wrong = client.post("/status")
    is_problem(wrong, 405)
    assert wrong.headers["Allow"] == "GET, HEAD, OPTIONS"
    is_problem(client.post(update), 400, "feature")
    is_problem(client.post(update, json={"feature": feature}), 400, "percentage")
    is_problem(client.post(update, json={"feature": feature, "percentage": 101}), 400, "percentage")
    is_problem(client.post(update, json={"feature": feature, "percentage": "5"}), 400, "percentage")
    is_problem(client.post(update, json={"feature": feature, "percentage": 5, "more": 1}), 400, "more")
    is_problem(client.post(update, params=[("feature", feature), ("feature", feature)], json={"percentage": 5}), 400, "feature")
    is_problem(client.post(update, params={"percentage": 6}, json={"feature": feature, "percentage": 5}), 400, "percentage")
    is_problem(client.get("/history", params={"limit": 0}), 400, "limit")
    is_problem(client.post(f"{update}?feature=%ff&percentage=1"), 400, "feature")
    is_problem(client.post(update, content=b"feature=f&percentage=1"), 415, "Content-Type")
    is_problem(client.post(update, data={"feature": feature, "percentage": 1}), 415, "Content-Type")
    assert feature not in client.get("/rollout").text


def test_a_body_that_is_no_json(client, mount):
    for body in (b"{", b'{"feature":"f",}', b"\xff", b'{"feature":"f","feature":"g","percentage":1}', b"[]", b"1"):
        response = client.post("/rollout/update", content=body, headers={"Content-Type": "application/json"})
        if mount == PARSED:
            assert response.status_code == 400 or body.count(b"feature") == 2, "the parser answers, or keeps the last of two"
        else:
            is_problem(response, 400, "feature" if body.count(b"feature") == 2 else "body")


def chunks(total, of=1000):
    yield b'{"feature": "'
    for _ in range(total // of):
        yield b"a" * of
    yield b'", "percentage": 5}'


def test_a_body_that_is_too_large_is_refused_and_ends_nothing(client, mount, server):
    typed = {"Content-Type": "application/json"}
    for size in (70_000, 200_000, 3_000_000):
        whole = b"".join(chunks(size))
        for body in (whole, chunks(size)):
            # A parser before the admin has its own limit, and its own words.
            response = client.post("/rollout/update", content=body, headers=typed)
            if mount == PARSED and response.headers["Content-Type"] != PROBLEM:
                assert response.status_code == 413
            else:
                is_problem(response, 413)
    is_problem(client.post("/rollout/update", content=b" " * (LARGEST + 1)), 413)
    is_json(client.get("/livez"), {"alive": True})
    assert server.is_alive()


def test_a_body_of_just_the_largest_size_is_read(client, feature):
    head, tail = f'{{"feature": "{feature}", "percentage": 5'.encode(), b"}"
    body = head + b" " * (LARGEST - len(head) - len(tail)) + tail
    assert len(body) == LARGEST
    for content in (body, iter([body[:10], body[10:]])):
        response = client.post("/rollout/update", content=content, headers={"Content-Type": "application/json"})
        is_json(response, {"feature": feature, "percentage": 5})


def test_a_request_whose_body_does_not_arrive_changes_nothing(server, client, mount, feature):
    host, port = server.url.removeprefix("http://").split(":")
    for length in (b"Content-Length: 20\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n14\r\n"):
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(f"POST {mount[1]}/rollout/update?feature={feature}&percentage=5 HTTP/1.1\r\n".encode())
            connection.sendall(f"Host: x\r\nAuthorization: Bearer {WRITER}\r\nContent-Type: application/json\r\n".encode())
            connection.sendall(length)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1 << 16)
    assert feature not in client.get("/rollout").text
    assert client.get("/history", params={"feature": feature}).json()["history"] == []


def test_status_and_metrics(client, server, mount, feature):
    client.post("/rollout/update", json={"feature": feature, "percentage": 5}).raise_for_status()
    status = is_json(client.get("/status"))
    assert status["versions"]["sark"] == sark.__version__
    assert status["policies"]["names"] == ["authz"]
    assert status["flags"]["store"].startswith("file:") and status["flags"]["known"]
    assert status["cache"]["entries"] >= 0 and status["figures"]["errors"] == 0
    metrics = client.get("/metrics")
    assert metrics.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert f'feature_flag_rollout_percentage{{feature="{feature}"}} 5' in metrics.text
    if mount[0] != "asgi":
        before = status["figures"]["decisions"]["rust"]
        decided = client.get(f"{server.url}/decide", params={"user": feature})
        assert decided.json() == {"allowed": False}
        assert client.get("/status").json()["figures"]["decisions"]["rust"] > before


def test_probes_need_no_token(anyone):
    is_json(anyone.get("/livez"), {"alive": True})
    is_json(anyone.get("/readyz"), {"ready": True})
    assert is_json(anyone.get("/openapi.json"))["openapi"] == "3.1.0"


def test_the_page_comes_with_its_policy(anyone):
    page = anyone.get("/")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.text.startswith("<!doctype html>") and page.text.endswith("</html>\n")
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "unsafe" not in policy
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert_guarded(page)


def test_the_page_is_found_without_the_slash_at_the_end(server, mount):
    with Client(server, mount[1], None) as client:
        moved = client.get(client.base_url.copy_with(path=mount[1]))
        assert moved.status_code in (307, 308)
        assert moved.next_request.url.path == f"{mount[1]}/"
        assert client.send(moved.next_request).text.startswith("<!doctype html>")


def test_head_and_options(client, anyone):
    for path in ("/", "/livez", "/status", "/metrics", "/openapi.json"):
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Type"] == client.get(path).headers["Content-Type"]
        assert head.headers.get("Content-Length") != "0", "it would be the length of what GET answers"
    assert anyone.head("/status").status_code == 401
    assert client.head("/rollout/update").status_code == 405
    options = anyone.options("/rollout/update")
    assert (options.status_code, options.headers["Allow"], options.content) == (204, "POST, OPTIONS", b"")
    assert "Content-Length" not in options.headers
    # The connection is as it was.
    is_json(client.get("/livez"), {"alive": True})


def test_requests_at_the_same_time(client, feature):
    def turn(number):
        response = client.post("/rollout/update", json={"feature": f"{feature}-{number % 5}", "percentage": number})
        return is_json(response)["percentage"] == number and is_json(client.get("/rollout")) and number

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert sorted(pool.map(turn, range(1, 101))) == list(range(1, 101))
    changes = [client.get("/history", params={"feature": f"{feature}-{n}"}).json()["history"] for n in range(5)]
    assert [len(each) for each in changes] == [20] * 5


@pytest.mark.parametrize("kind", ["fastapi", "go", "express"])
def test_a_closed_admin_says_so(kind):
    server = Server(kind, "memory:")
    try:
        for path in ("/admin", "/ops/dial"):
            with Client(server, path) as client:
                is_json(client.get("/livez"), {"alive": True})
        httpx.post(f"{server.url}/close", trust_env=False).raise_for_status()
        for path in ("/admin", "/ops/dial"):
            with Client(server, path) as client:
                is_problem(client.get("/livez"), 503)
                is_problem(client.post("/rollout/rollback-all"), 503)
                assert client.get(f"{server.url}/decide", params={"user": "alice"}).json() == {"allowed": True}
    finally:
        server.stop()


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=pytest.mark.xdist_group(kind)) for kind in ("fastapi", "asgi", "go", "express", "node")])
def test_a_paused_redis_holds_up_nobody_but_who_changes_something(redis_server, kind, other):
    server, others = Server(kind, redis_server.url), other(redis_server.url)
    try:
        with Client(server, "/admin") as client:
            is_json(client.post("/rollout/update", json={"feature": "f", "percentage": 40}))
            wait_for(lambda: others("rollout", "f") == 40)
            redis_server.pause()
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                # More of them than any pool of threads that the servers have.
                changes = [pool.submit(client.post, "/rollout/update", params={"feature": "f", "percentage": 41}) for _ in range(12)]
                under_way = 0
                for path in ["/livez", "/readyz", "/rollout", "/status", "/metrics", "/"] * 3:
                    assert client.get(path).status_code == 200
                    if kind != "asgi":
                        assert client.get(f"{server.url}/decide", params={"user": "bob"}).json() == {"allowed": False}
                    under_way += not any(change.done() for change in changes)
                assert under_way > 6, "the others were answered before the changes were"
                for change in changes[:2]:
                    is_problem(change.result(), 503)
                redis_server.resume()
                assert {change.result().status_code for change in changes} <= {200, 503}
            wait_for(lambda: client.get("/status").json()["flags"]["problem"] is None)
            is_json(client.post("/rollout/rollback", json={"feature": "f"}))
            wait_for(lambda: others("rollout", "f") == 0)
    finally:
        server.stop()


def test_servers_of_all_languages_share_a_dial(redis_server, flags, other):
    servers = {kind: Server(kind, redis_server.url) for kind in ("fastapi", "go", "express")}
    others = other(redis_server.url)
    try:
        clients = {kind: Client(server, "/admin") for kind, server in servers.items()}
        for percentage, writer in enumerate(clients.values(), start=30):
            is_json(writer.post("/rollout/update", json={"feature": "f", "percentage": percentage}))
            wait_for(lambda: others("rollout", "f") == percentage)
            shown = {"features": [{"feature": "f", "percentage": percentage, "formula": 1}]}
            for client in clients.values():
                wait_for(lambda: client.get("/rollout").json() == shown)
        assert [each["to"] for each in clients["go"].get("/history").json()["history"]] == [32, 31, 30]
        ours = flags(redis_server.url)
        assert others("enabled", "f", 1000) == [ours.is_enabled("f", f"user{number}") for number in range(1000)]
        for client in clients.values():
            client.close()
    finally:
        for each in servers.values():
            each.stop()


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=pytest.mark.xdist_group(kind)) for kind in ("fastapi", "go", "express")])
def test_changes_go_to_the_log_of_the_app(shared, kind, feature):
    server = shared(kind)
    with Client(server, "/admin") as client:
        client.post("/rollout/update", json={"feature": feature, "percentage": 25}).raise_for_status()
        client.post("/rollout/rollback", json={"feature": feature}).raise_for_status()
    for message in (f"Updated {feature} rollout to 25%", f"Rolled back {feature} to 0%"):
        wait_for(lambda: any(message in line for line in server.log))
