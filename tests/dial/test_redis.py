"""The store in Redis, beside a real server that is killed, paused, emptied and written to by others."""

import logging
import os
import subprocess

import pytest
import sark
from conftest import RedisServer, free_port, percentages, print_how_soon_seen, wait_for

PERCENTAGE, FORMULA, MARK, HISTORY = "feature:{}:rollout_pct", "feature:{}:rollout_formula", "feature::sark", "feature::history"


def test_percentages_are_the_text_that_other_programs_expect(redis_server, flags):
    client, ours = redis_server.client(), flags(redis_server.url)
    for percentage, text in [(25, "25"), (12.5, "12.5"), (0.01, "0.01"), (100, "100"), (0, "0")]:
        ours.set_rollout("rust_opa", percentage)
        assert client.get(PERCENTAGE.format("rust_opa")) == text
    assert client.get(FORMULA.format("rust_opa")) == "1"
    assert all(key.startswith("feature:") for key in client.keys("*"))


def test_what_anyone_writes_is_seen(redis_server, flags, logger):
    client, ours = redis_server.client(), flags(redis_server.url)
    for text, percentage in [("40", 40), ("12.5", 12.5), ("25.0", 25), (" 30\n", 30)]:
        client.set(PERCENTAGE.format("f"), text)
        wait_for(lambda: ours.rollout("f") == percentage)
    client.mset({PERCENTAGE.format(f"f{number}"): number for number in range(50)})
    wait_for(lambda: len(ours.list()) == 51 and ours.rollout("f49") == 49)
    client.delete(PERCENTAGE.format("f7"))
    wait_for(lambda: "f7" not in percentages(ours))
    assert ours.rollout("f8") == 8
    assert not ours.status()["emptied"]
    wait_for(lambda: logger.has("The rollout of f is 40% now"))


def test_garbage_is_ignored_counted_and_reported(redis_server, flags, logger):
    client, metrics = redis_server.client(), sark.Metrics()
    ours = flags(redis_server.url, metrics=metrics)
    ours.set_rollout("f", 10)
    for garbage in ["", "ten", "101", "-1", "1e1", "NaN", b"\xff\xfe", "12.345"]:
        client.set(PERCENTAGE.format("f"), 11)
        wait_for(lambda: ours.rollout("f") == 11)
        client.set(PERCENTAGE.format("f"), 10)
        wait_for(lambda: ours.rollout("f") == 10)
        before = len(logger)
        client.set(PERCENTAGE.format("f"), garbage)
        wait_for(lambda: any("is no percentage" in message for _, message in logger[before:]))
        assert ours.rollout("f") == 10
    client.delete(PERCENTAGE.format("f"))
    client.lpush(PERCENTAGE.format("f"), "a list")
    wait_for(lambda: ours.rollout("f") == 0)
    assert 'sark_flag_store_errors_total{kind="garbage"} 8' in metrics.render().splitlines()


def test_a_formula_of_a_later_release_sends_everyone_to_the_remote(redis_server, flags):
    ours = flags(redis_server.url)
    ours.set_rollout("f", 100)
    assert ours.is_enabled("f", "user")
    redis_server.client().set(FORMULA.format("f"), 2)
    wait_for(lambda: not ours.is_enabled("f", "user"))


def test_a_flushed_server_is_an_accident(redis_server, flags, other, logger):
    client, ours, others = redis_server.client(), flags(redis_server.url), other(redis_server.url)
    ours.set_rollout("a", 10)
    ours.set_rollout("b", 20)
    wait_for(lambda: others("rollout", "b") == 20)
    for flush in (client.flushall, client.flushdb, lambda: client.flushall(asynchronous=True)):
        flush()
        wait_for(lambda: ours.status()["emptied"] and others("status")["emptied"])
        assert percentages(ours) == {"a": 10, "b": 20}
        assert others("enabled", "b", 200) == [ours.is_enabled("b", f"user{number}") for number in range(200)]
        # The next change writes back what was lost.
        ours.set_rollout("a", 11)
        assert client.get(PERCENTAGE.format("b")) == "20"
        wait_for(lambda: others("rollout", "a") == 11 and not others("status")["emptied"])
        assert not ours.status()["emptied"]
        ours.set_rollout("a", 10)
        wait_for(lambda: others("rollout", "a") == 10)
    assert logger.has("lost its contents")


def test_a_key_that_another_program_writes_after_a_flush_counts_and_the_rest_holds(redis_server, flags):
    client, ours = redis_server.client(), flags(redis_server.url)
    ours.set_rollout("a", 10)
    ours.set_rollout("b", 20)
    client.flushall()
    wait_for(lambda: ours.status()["emptied"])
    client.set(PERCENTAGE.format("a"), 15)
    wait_for(lambda: ours.rollout("a") == 15)
    assert ours.rollout("b") == 20
    assert ours.status()["emptied"]


def test_a_killed_server_changes_nothing_and_a_new_one_is_read_again(redis_server, flags, logger):
    metrics = sark.Metrics()
    ours = flags(redis_server.url, metrics=metrics)
    ours.set_rollout("f", 30)
    before = [ours.is_enabled("f", f"user{number}") for number in range(500)]
    redis_server.client().bgsave()
    wait_for(lambda: (redis_server.folder / "dump.rdb").exists())
    redis_server.kill()
    wait_for(lambda: ours.status()["problem"])
    assert [ours.is_enabled("f", f"user{number}") for number in range(500)] == before
    with pytest.raises(sark.Unavailable):
        ours.set_rollout("f", 40)
    assert ours.rollout("f") == 30, "a change that was not confirmed does not hold"
    wait_for(lambda: age(metrics) > 1)
    redis_server.start()
    redis_server.client().set(PERCENTAGE.format("f"), 50)
    wait_for(lambda: ours.rollout("f") == 50 and not ours.status()["problem"])
    assert age(metrics) < 1
    assert logger.has("The last known percentages hold") and logger.has("is back")
    ours.set_rollout("f", 60)
    assert redis_server.client().get(PERCENTAGE.format("f")) == "60"


def age(metrics):
    line = next(line for line in metrics.render().splitlines() if line.startswith("sark_flag_store_age_seconds{"))
    return float(line.split()[-1])


def test_a_paused_server_holds_nobody_up(redis_server, flags):
    ours = flags(redis_server.url)
    ours.set_rollout("f", 100)
    redis_server.pause()
    try:
        wait_for(lambda: ours.status()["problem"])
        assert ours.is_enabled("f", "user")
        with pytest.raises(sark.Unavailable):
            ours.rollback("f")
        assert ours.is_enabled("f", "user")
    finally:
        redis_server.resume()
    wait_for(lambda: not ours.status()["problem"])
    ours.rollback("f")
    assert redis_server.client().get(PERCENTAGE.format("f")) == "0"


def test_percentages_that_are_too_old_send_everyone_to_the_remote(redis_server, flags):
    ours = flags(redis_server.url, max_age=2)
    ours.set_rollout("f", 100)
    assert ours.is_enabled("f", "user")
    redis_server.pause()
    try:
        wait_for(lambda: not ours.is_enabled("f", "user"))
        assert ours.status()["too_old"]
        ours.force("local")
        assert ours.is_enabled("f", "user"), "break glass is stronger"
        ours.force(None)
    finally:
        redis_server.resume()
    wait_for(lambda: ours.is_enabled("f", "user"))


def test_a_start_without_the_server(redis_server, flags, tmp_path):
    url = f"{redis_server.url}?state_file={tmp_path}/last-known.json"
    flags(url).set_rollout("f", 100)
    wait_for(lambda: (tmp_path / "last-known.json").exists())
    redis_server.kill()
    kept, unkept = flags(url), flags(redis_server.url)
    assert kept.is_enabled("f", "user") and kept.status()["known"]
    assert not unkept.is_enabled("f", "user") and not unkept.status()["known"]
    redis_server.start()
    # The new server is empty: what was kept holds; who had nothing learns that there is nothing.
    wait_for(lambda: kept.status()["emptied"] and unkept.status()["known"])
    assert kept.is_enabled("f", "user")
    kept.set_rollout("f", 100)
    wait_for(lambda: unkept.is_enabled("f", "user"))


def test_a_torn_file_of_last_known_percentages_is_reported_and_passed_over(redis_server, flags, logger, tmp_path):
    (tmp_path / "torn.json").write_text('{"sark_flags": 1, "featu')
    ours = flags(f"{redis_server.url}?state_file={tmp_path}/torn.json")
    assert ours.list() == []
    assert logger.has("it is no whole JSON")
    ours.set_rollout("f", 5)
    assert '"percentage":5' in (tmp_path / "torn.json").read_text()


def test_all_processes_agree_and_share_history(redis_server, flags, other):
    ours, first, second = flags(redis_server.url), other(redis_server.url), other(redis_server.url)
    ours.set_rollout("f", 37.5, who="ops", why="a trial")
    wait_for(lambda: first("rollout", "f") == second("rollout", "f") == 37.5)
    assert first("enabled", "f", 2000) == second("enabled", "f", 2000) == [ours.is_enabled("f", f"user{n}") for n in range(2000)]
    first("rollback", "f")
    wait_for(lambda: ours.rollout("f") == 0 and second("rollout", "f") == 0)
    changes = [(each["from"], each["to"], each["who"], each["why"]) for each in second("history")]
    assert changes == [(37.5, 0, "", ""), (None, 37.5, "ops", "a trial")]


def test_writers_at_the_same_time_lose_nothing(redis_server, other):
    others = [other(redis_server.url) for _ in range(3)]
    for each in others:
        each.send("set_many", "f", 100)
    assert [each.answer() for each in others] == [100, 100, 100]
    history = others[0]("history")
    assert len(history) == 300
    for newer, older in zip(history, history[1:], strict=False):
        assert newer["from"] == older["to"], "each change starts where the last one ended"


def test_history_is_bounded(redis_server, flags):
    ours = flags(redis_server.url)
    for number in range(1010):
        ours.set_rollout("f", number % 101)
    assert len(ours.history()) == 1000
    assert ours.history(most=1)[0]["to"] == 1009 % 101


def test_all_are_rolled_back_those_of_others_too(redis_server, flags):
    client, ours = redis_server.client(), flags(redis_server.url)
    client.mset({PERCENTAGE.format("a"): 10, PERCENTAGE.format("b"): "garbage", PERCENTAGE.format("c"): "12.5"})
    changes = ours.rollback_all(who="guard")
    assert [(each["feature"], each["from"], each["to"]) for each in changes] == [("a", 10, 0), ("b", 0, 0), ("c", 12.5, 0)]
    assert client.mget([PERCENTAGE.format(name) for name in "abc"]) == ["0", "0", "0"]


def test_an_account_that_may_only_use_the_prefix(redis_server, flags):
    client = redis_server.client()
    commands = "+ping +hello +auth +select +client +scan +mget +exists +watch +unwatch +multi +exec +set +lpush +ltrim +lrange +subscribe +unsubscribe +psubscribe +punsubscribe"
    client.execute_command("ACL", "SETUSER", "sark", "on", ">hunter2", "~feature:*", "&__redis__:invalidate", "-@all", *commands.split())
    client.set("someone:else", 1)
    ours = flags(f"redis://sark:hunter2@127.0.0.1:{redis_server.port}")
    ours.set_rollout("f", 5, who="ops")
    client.set(PERCENTAGE.format("f"), 6)
    wait_for(lambda: ours.rollout("f") == 6)
    assert ours.history()[0]["who"] == "ops"
    assert not ours.status()["problem"]


def test_a_server_that_pushes_nothing_is_asked(redis_server, flags, logger):
    client = redis_server.client()
    client.execute_command("ACL", "SETUSER", "old", "on", "nopass", "~*", "&*", "+@all", "-client|tracking")
    ours = flags(f"redis://old:x@127.0.0.1:{redis_server.port}?poll_ms=50")
    assert logger.has("pushes no changes")
    client.set(PERCENTAGE.format("f"), 6)
    wait_for(lambda: ours.rollout("f") == 6)
    client.delete(PERCENTAGE.format("f"))
    wait_for(lambda: ours.rollout("f") == 0)


def test_no_password_is_ever_shown(redis_server, flags, logger):
    metrics = sark.Metrics()
    url = f"redis://sark:hunter2@127.0.0.1:{redis_server.port}/0"
    ours = flags(url, metrics=metrics)
    with pytest.raises(sark.Unavailable) as failed:
        ours.set_rollout("f", 1)
    wait_for(lambda: ours.status()["problem"])
    shown = [str(failed.value), str(ours.status()), metrics.render(), str(list(logger)), repr(ours)]
    assert logger.has("authentication failed")
    assert not any("hunter2" in text for text in shown)
    for bad in ["redis://:hunter2@host:port", "redis://:hunter2@", "redis:hunter2"]:
        with pytest.raises(sark.Error) as failed:
            sark.Flags(bad)
        assert "hunter2" not in str(failed.value)


def test_a_socket_of_unix(tmp_path, flags):
    server = RedisServer(tmp_path, "--unixsocket", str(tmp_path / "s")).start()
    try:
        ours = flags(f"unix:{tmp_path}/s?db=3")
        ours.set_rollout("f", 12)
        assert server.client(db=3).get(PERCENTAGE.format("f")) == "12"
        server.client(db=3).set(PERCENTAGE.format("f"), 13)
        wait_for(lambda: ours.rollout("f") == 13)
    finally:
        server.stop()


def test_both_sides_of_a_fork_follow(redis_server, flags):
    client, ours = redis_server.client(), flags(redis_server.url)
    ours.set_rollout("f", 1)
    child = os.fork()
    if child == 0:
        # The first check in the child starts its own thread and connections.
        ours.is_enabled("f", "user")
        ours.set_rollout("g", 7, who="child")
        wait_for(lambda: ours.rollout("f") == 2)
        os._exit(0)
    wait_for(lambda: ours.rollout("g") == 7)
    client.set(PERCENTAGE.format("f"), 2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    wait_for(lambda: ours.rollout("f") == 2)
    ours.set_rollout("h", 9)
    assert client.get(PERCENTAGE.format("h")) == "9"


def test_changes_are_logged_as_gateways_did(redis_server, flags, logger):
    ours = flags(redis_server.url)
    ours.set_rollout("rust_opa", 25)
    ours.rollback("rust_opa")
    wait_for(lambda: (logging.INFO, "Updated rust_opa rollout to 25%") in logger)
    wait_for(lambda: (logging.WARNING, "Rolled back rust_opa to 0%") in logger)


def test_the_manager_of_gateways_takes_a_client_or_a_url(redis_server):
    client = redis_server.client()
    for source in (client, redis_server.url):
        manager = sark.FeatureFlagManager(source)
        manager.set_rollout_pct("rust_opa", 25)
        assert client.get(PERCENTAGE.format("rust_opa")) == "25"
        assert manager.get_rollout_pct("rust_opa") == 25 and isinstance(manager.get_rollout_pct("rust_opa"), int)
        users = [f"user{number}" for number in range(1000)]
        local = [user for user in users if manager.should_use_rust("rust_opa", user)]
        assert local == [user for user in users if sark.assign_implementation(user, 25) == "rust"]
        for bad in (-1, 101, float("nan")):
            with pytest.raises(ValueError):
                manager.set_rollout_pct("rust_opa", bad)
            with pytest.raises(ValueError):
                sark.assign_implementation("user", bad)
        assert manager.get_all_rollouts() == {"rust_opa": 25}
        manager.rollback("rust_opa")
        assert manager.get_rollout_pct("rust_opa") == 0
        manager.set_rollout_pct("rust_opa", 5)
        manager.rollback_all()
        assert client.get(PERCENTAGE.format("rust_opa")) == "0"
    manager = sark.FeatureFlagManager()
    assert not manager.should_use_rust("rust_opa", "user")
    with pytest.raises(ValueError):
        sark.FeatureFlagManager(object())


def test_how_soon_another_process_sees_a_change(redis_server, flags, other, capsys):
    print_how_soon_seen("Redis", flags(redis_server.url), other(redis_server.url), capsys)


@pytest.fixture
def certificates(tmp_path):
    """An authority, and what it signed for a server and for a client."""

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=tmp_path)

    (tmp_path / "names").write_text("subjectAltName=DNS:localhost")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "2")
    for name in ("server", "client"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.pem",
                "-days", "2", "-extfile", "names")
    return tmp_path


def test_tls_with_certificates_on_both_sides(certificates, flags):
    port = free_port()
    tls = ["--tls-port", str(port)]
    for option, file in [("cert", "server.pem"), ("key", "server.key"), ("ca-cert", "ca.pem")]:
        tls += [f"--tls-{option}-file", str(certificates / file)]
    server = RedisServer(certificates, *tls).start()
    try:
        both = f"ca_file={certificates}/ca.pem&cert_file={certificates}/client.pem&key_file={certificates}/client.key"
        ours = flags(f"rediss://localhost:{port}?{both}")
        ours.set_rollout("f", 12)
        assert server.client().get(PERCENTAGE.format("f")) == "12"
        server.client().set(PERCENTAGE.format("f"), 13)
        wait_for(lambda: ours.rollout("f") == 13)
        for url in [
            f"rediss://localhost:{port}?cert_file={certificates}/client.pem&key_file={certificates}/client.key",
            f"rediss://localhost:{port}?ca_file={certificates}/ca.pem",
            f"rediss://127.0.0.1:{port}?{both}",
            f"rediss://localhost:{port}?{both}#insecure",
        ]:
            stranger = flags(url)
            assert stranger.status()["problem"] and not stranger.status()["known"], url
    finally:
        server.stop()
    for bad in ["ca_file=/nowhere", f"cert_file={certificates}/client.pem", f"ca_file={certificates}/names"]:
        with pytest.raises(sark.InvalidArgument):
            sark.Flags(f"rediss://localhost:{port}?{bad}")
