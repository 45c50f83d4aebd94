"""What the language-neutral cases cannot say: how the binding behaves as Python."""

import copy
import gc
import math
import pickle
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sark

POLICY = """package authz

default allow := false

allow if input.role == "admin"

echo := input.value
"""


@pytest.fixture
def engine() -> Iterator[sark.Engine]:
    with sark.Engine() as engine:
        engine.load_policy("authz", POLICY)
        yield engine


def test_context_managers_close() -> None:
    with sark.Engine() as engine, sark.Cache() as cache, sark.Flags() as flags, sark.Metrics() as metrics:
        engine.load_policy("authz", POLICY)
        with engine.prepare("authz") as query, sark.Input(engine, {}) as parsed, sark.Client(engine) as client:
            assert query.evaluate(parsed) == {"allow": False}
    for call in (
        lambda: engine.evaluate("authz", {}),
        lambda: query.evaluate({}),
        lambda: query.allows({}),
        lambda: query.evaluate_batch([{}]),
        lambda: cache.get("key"),
        lambda: len(cache),
        lambda: flags.is_enabled("feature", "user"),
        lambda: client.decide("authz", {}),
        lambda: metrics.render(),
    ):
        with pytest.raises(sark.Closed):
            call()
    engine.close()


def test_a_closed_input_is_refused(engine: sark.Engine) -> None:
    query, parsed = engine.prepare("authz"), sark.Input(engine, {"role": "admin"})
    assert query.allows({"role": "admin"}) is False  # the package, not the rule
    parsed.close()
    with pytest.raises(sark.Closed):
        query.evaluate(parsed)


def test_handles_outlive_what_they_were_made_from() -> None:
    engine = sark.Engine()
    engine.load_policy("authz", POLICY)
    query = engine.prepare("data.authz.allow")
    client = sark.Client(engine, sark.Cache(), metrics=sark.Metrics())
    gone = weakref.ref(engine)
    del engine
    gc.collect()
    assert gone() is None
    assert query.allows({"role": "admin"})
    assert client.decide("authz", {"role": "admin"}).allowed


def test_undefined() -> None:
    assert not sark.UNDEFINED
    assert sark.UNDEFINED is not None
    assert repr(sark.UNDEFINED) == str(sark.UNDEFINED) == "sark.UNDEFINED"
    assert pickle.loads(pickle.dumps(sark.UNDEFINED)) is sark.UNDEFINED
    assert copy.deepcopy(sark.UNDEFINED) is sark.UNDEFINED


def test_null_false_and_undefined_are_three_answers(engine: sark.Engine) -> None:
    assert engine.evaluate("data.authz.echo", {"value": None}) is None
    assert engine.evaluate("data.authz.echo", {"value": False}) is False
    assert engine.evaluate("data.authz.echo", {}) is sark.UNDEFINED
    assert engine.evaluate("data.authz.echo") is sark.UNDEFINED


def test_no_input_is_not_null(engine: sark.Engine) -> None:
    engine.load_policy("whole", "package whole\n\nvalue := input")
    assert engine.evaluate("data.whole.value", None) is None
    assert engine.evaluate("data.whole.value") is sark.UNDEFINED
    assert engine.evaluate_json("data.whole.value", b"null") == b"null"
    assert engine.evaluate_json("data.whole.value") is sark.UNDEFINED


def test_error_attributes(engine: sark.Engine) -> None:
    with pytest.raises(sark.CompilationError) as caught:
        engine.load_policy("broken", "package broken\n\nallow if {")
    error = caught.value
    assert error.status == "COMPILATION_ERROR"
    assert error.code == "rego_parse_error"
    assert error.message and str(error) == error.message
    assert error.locations and error.locations[0].row >= 3
    assert isinstance(error, sark.Error)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.message, again.code, again.locations) == (type(error), error.message, error.code, error.locations)


def test_errors_are_pythons_kinds_too(engine: sark.Engine) -> None:
    with pytest.raises(LookupError) as missing:
        engine.evaluate("nowhere", {})
    assert type(missing.value) is sark.PolicyNotFound
    with pytest.raises(ValueError) as malformed:
        engine.evaluate_json("authz", b'{"role": ')
    assert type(malformed.value) is sark.SerializationError
    assert malformed.value.offset is not None
    with pytest.raises(ValueError) as out_of_range:
        sark.Flags().set_rollout("feature", 100.01)
    assert type(out_of_range.value) is sark.InvalidArgument


@pytest.mark.parametrize("value", [{1, 2}, object(), math.nan, math.inf, b"bytes", {("tuple",): 1}])
def test_what_json_cannot_say_is_refused(engine: sark.Engine, value: Any) -> None:
    with pytest.raises(sark.SerializationError):
        engine.evaluate("authz", {"value": value})


def test_endless_values_are_refused(engine: sark.Engine) -> None:
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(sark.SerializationError):
        engine.evaluate("authz", circle)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(sark.SerializationError):
        engine.evaluate("authz", deep)


def test_numbers_stay_as_written_in_json(engine: sark.Engine) -> None:
    number = b"123456789012345678901234567890"
    assert engine.evaluate_json("data.authz.echo", b'{"value":' + number + b"}") == number
    assert engine.evaluate("data.authz.echo", {"value": 2**70}) == 2**70


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_of_every_kind(engine: sark.Engine, kind: Any) -> None:
    cache = sark.Cache()
    cache.set(kind(b"\xff\x00"), kind(b"\x00value"))
    assert cache.get(kind(b"\xff\x00")) == b"\x00value"
    assert engine.evaluate_json("data.authz.allow", kind(b'{"role":"admin"}')) == b"true"


def test_text_stands_for_its_utf8() -> None:
    cache = sark.Cache()
    cache.set("ключ", "")
    assert cache.get("ключ".encode()) == b""
    with pytest.raises(TypeError):
        cache.get(5)  # type: ignore[arg-type]
    with pytest.raises(sark.InvalidArgument):
        cache.get("\ud800")


@pytest.mark.parametrize("limits", [{"timeout": -1.0}, {"timeout": math.nan}, {"max_input_bytes": 0}, {"rego_version": "v9"}, {"evaluator": "opa"}])
def test_arguments_out_of_range(limits: dict[str, Any]) -> None:
    with pytest.raises(sark.InvalidArgument):
        sark.Engine(**limits)


def test_a_query_gives_a_list_of_dicts(engine: sark.Engine) -> None:
    engine.set_data({"roles": {"ada": ["admin", "dev"]}})
    assert engine.query("role := data.roles[user][_]") == [{"role": "admin", "user": "ada"}, {"role": "dev", "user": "ada"}]
    assert engine.query("data.authz.allow", {"role": "admin"}) == [{}]
    assert engine.query("data.authz.allow == true", {"role": "guest"}) == []
    assert engine.query("input == null", None) == [{}]
    assert engine.query("input == null") == []
    assert engine.query_json("x := input.n", b'{"n":1.0}') == b'[{"x":1.0}]'
    assert engine.query("1 == 1 or 1 == 2", rego_version="v2") == [{}]
    with pytest.raises(sark.CompilationError) as caught:
        engine.query("x := 1;\n y > 3")
    assert [(place.row, place.col) for place in caught.value.locations] == [(2, 2)]
    with pytest.raises(sark.InvalidArgument, match="'v0', 'v1', 'v2'"):
        engine.query("x := 1", rego_version="v9")  # type: ignore[arg-type]


def test_infinite_durations() -> None:
    cache = sark.Cache(default_ttl=math.inf)
    cache.set("key", "value", ttl=math.inf)
    assert cache.get("key") == b"value"
    with sark.Engine(timeout=math.inf) as engine:
        engine.load_policy("authz", POLICY)
        assert engine.evaluate("data.authz.allow", {"role": "admin"}, timeout=math.inf) is True


def test_an_update_commits_on_a_clean_exit_only(engine: sark.Engine) -> None:
    before = engine.revision
    with pytest.raises(RuntimeError, match="on purpose"), engine.update() as update:
        update.load_policy("other", "package other")
        raise RuntimeError("on purpose")
    assert engine.revision == before
    assert "other" not in engine
    with engine.update() as update:
        update.load_policy("other", "package other\n\nname := data.name")
        update.set_data({"name": "Ada"})
    assert engine.evaluate("other") == {"name": "Ada"}
    with pytest.raises(sark.Closed):
        update.set_data({})


def test_an_update_that_expects_another_revision(engine: sark.Engine) -> None:
    update = engine.update()
    update.set_data({"a": 1})
    expected = engine.revision
    engine.set_data({"b": 2})
    with pytest.raises(sark.Conflict):
        update.commit(expected)
    assert update.commit() == engine.revision


def test_load_policies_is_all_or_nothing(engine: sark.Engine) -> None:
    names = engine.policy_names()
    with pytest.raises(sark.CompilationError):
        engine.load_policies({"good": "package good", "bad": "package bad\n\nx if {"})
    assert engine.policy_names() == names == ["authz"]
    assert engine.load_policies({"b": "package b", "a": "package a"}) == engine.revision
    assert engine.policy_names() == ["a", "authz", "b"]
    assert 5 not in engine


def test_batch_gives_errors_as_values() -> None:
    with sark.Engine() as engine:
        engine.load_policy("p", "package p\n\nq := input.n\n\nq := 2 if input.n == 1")
        answers = engine.prepare("data.p.q").evaluate_batch([{"n": 5}, {}, {"n": 1}, {"n": None}])
        assert answers[0] == 5
        assert answers[1] is sark.UNDEFINED
        assert isinstance(answers[2], sark.EvaluationError)
        assert answers[3] is None
        assert engine.prepare("p").evaluate_batch([]) == []


def test_a_decision_is_true_where_it_allows(engine: sark.Engine) -> None:
    client = sark.Client(engine, cache=sark.Cache())
    allowed, denied = client.decide("authz", {"role": "admin"}), client.decide("authz", {"role": "guest"})
    assert allowed and allowed.allowed and allowed.result == {"allow": True}
    assert not denied and not denied.allowed
    assert (allowed.implementation, allowed.fallback, allowed.revision) == ("rust", "", engine.revision)
    assert allowed.duration > 0 and all(phase >= 0 for phase in allowed.phases)
    assert client.decide("data.authz.nothing", {}).result is sark.UNDEFINED
    with pytest.raises(AttributeError):
        denied.allowed = True  # type: ignore[misc]


def test_close_in_another_thread(engine: sark.Engine) -> None:
    query, cache = engine.prepare("data.authz.allow"), sark.Cache()
    started, outcomes = threading.Barrier(4), []

    def work() -> None:
        started.wait()
        try:
            while True:
                assert query.allows({"role": "admin"}) is True
                cache.set("key", "value")
        except sark.Closed as error:
            outcomes.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    started.wait()
    query.close()
    cache.close()
    for thread in threads:
        thread.join(timeout=30)
    assert len(outcomes) == 3


def test_a_signal_handler_may_call_in_the_middle_of_a_call(engine: sark.Engine) -> None:
    """Answers are kept apart although both calls run on one thread."""
    query, inner = engine.prepare("data.authz.echo"), []

    def handler(*_: Any) -> None:
        inner.append(query.evaluate({"value": "from the handler, and longer"}))

    previous = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        for number in range(20_000):
            assert query.evaluate({"value": number}) == number
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert inner and set(inner) == {"from the handler, and longer"}


def test_threads_share_an_engine_that_changes(engine: sark.Engine) -> None:
    """Each answer is that of one of the two states, never a mixture."""
    states = [{"left": number, "right": number} for number in (1, 2)]
    engine.load_policy("pair", "package pair\n\npair := [data.left, data.right]")
    engine.set_data(states[0])
    query, wrong, done = engine.prepare("data.pair.pair"), [], threading.Event()

    def work() -> None:
        while not done.is_set():
            answer = query.evaluate({})
            if answer not in ([1, 1], [2, 2]):
                wrong.append(answer)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(200):
        engine.set_data(states[number % 2])
    done.set()
    for thread in threads:
        thread.join(timeout=30)
    assert not wrong


def test_collected_objects_are_freed_once() -> None:
    """Also in a process that ends with objects alive, in a cycle, or half made: nothing on stderr, status 0."""
    program = """if True:
        import sark
        class Holder: pass
        for _ in range(50):
            holder = Holder()
            holder.engine = sark.Engine()
            holder.me = holder
            holder.engine.load_policy("p", "package p")
            holder.query = holder.engine.prepare("p")
            holder.update = holder.engine.update()
        alive = holder, sark.Cache(), sark.Flags(), sark.Metrics(), sark.Client(holder.engine)
        holder.update.close()
        holder.update.close()
        try:
            sark.Engine(timeout=-1.0)
        except sark.InvalidArgument:
            pass
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_is_cheap() -> None:
    """No event loop, no sockets, no package metadata: `import sark` costs little in every short-lived process."""
    heavy = ["asyncio", "socket", "ssl", "urllib.request", "importlib.metadata"]
    program = f"import sys, sark; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
    timed = "import json, threading, dataclasses, time; start = time.perf_counter(); import sark; print(time.perf_counter() - start)"
    seconds = [float(subprocess.run([sys.executable, "-c", timed], capture_output=True, check=True).stdout) for _ in range(5)]
    assert min(seconds) < 0.1


def test_installed_as_typed_package() -> None:
    package = Path(sark.__file__).parent
    assert (package / "py.typed").exists()
    # Under the one name or the other: two of them would be two cores.
    assert [(package / name).exists() for name in ("libsark.so.0", "_rust.abi3.so")].count(True) == 1
    assert sark.__version__.count(".") == 2
    assert all(hasattr(sark, name) for name in sark.__all__)


def test_metrics_are_counted(engine: sark.Engine) -> None:
    metrics = sark.Metrics()
    with sark.Cache(metrics=metrics) as cache:
        cache.set("key", "value")
        assert "cache_operations_total" in metrics.render()
