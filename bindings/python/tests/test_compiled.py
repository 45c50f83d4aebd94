"""The compiled module beside Python's own `json`, and the interpreter's lock."""

import enum
import importlib.util
import json
import math
import pickle
import random
import socket
import sys
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

import sark
from sark import _compiled, _values

rust = _compiled.rust
compiled = pytest.mark.skipif(rust is None, reason="the library is not a module of Python")

CHARACTERS = "abcXYZ019 \"\\/\b\f\n\r\t\x00\x1f\x7f<>&'\u00e4\u20ac\u2028\ufffd\U0001f600"


class Number(enum.IntEnum):
    SEVEN = 7


class Word(str, enum.Enum):
    SEVEN = "seven"


class Subclass(dict):
    pass


def text(draw: random.Random) -> str:
    return "".join(draw.choice(CHARACTERS) for _ in range(draw.randrange(8)))


def scalar(draw: random.Random, is_odd: bool) -> Any:
    plain: list[Any] = [None, True, False, 0, -1, draw.randrange(-(2**63), 2**63), draw.random(), -0.0, 1.0, 1e16, 1e-7, 5e-324, text(draw), ""]
    odd: list[Any] = [2**63, -(2**63) - 1, 2**200, Number.SEVEN, Word.SEVEN, "\ud800", "a\udfffb", math.nan, math.inf, -math.inf, {1}, b"x", object()]
    return draw.choice(odd) if is_odd and draw.random() < 0.1 else draw.choice(plain)


def value(draw: random.Random, depth: int, is_odd: bool) -> Any:
    kind = draw.randrange(6 if depth else 3)
    if kind < 3:
        return scalar(draw, is_odd)
    count = draw.randrange(5)
    if kind == 3:
        return [value(draw, depth - 1, is_odd) for _ in range(count)]
    if kind == 4:
        return tuple(value(draw, depth - 1, is_odd) for _ in range(count))
    keys: list[Any] = [text(draw) for _ in range(count)]
    if is_odd and draw.random() < 0.2:
        keys = [draw.choice([1, 1.5, None, True, Number.SEVEN, Word.SEVEN, (1,), "\ud800", *keys]) for _ in range(count)]
    entries = {key: value(draw, depth - 1, is_odd) for key in keys}
    return draw.choice([OrderedDict, Subclass])(entries) if is_odd and draw.random() < 0.1 else entries


def outcome(function: Any, argument: Any) -> Any:
    """What it gives, as texts, so that 1, 1.0 and True differ; or the class and the text of what it raises."""
    try:
        return repr(function(argument))
    except sark.Error as error:
        return type(error), str(error)


@compiled
def test_values_become_the_json_that_python_makes_of_them() -> None:
    refused = 0
    for seed in range(6000):
        drawn = value(random.Random(seed), 5, is_odd=seed % 2 == 1)
        expected = outcome(lambda value: json.loads(_values.to_json(value)), drawn)
        assert outcome(lambda value: json.loads(rust.to_json(value)), drawn) == expected, seed
        refused += isinstance(expected, tuple)
    assert 100 < refused < 3000


@compiled
def test_json_becomes_the_values_that_python_makes_of_it() -> None:
    for seed in range(6000):
        # The library sorts keys.
        drawn = value(random.Random(seed), 5, is_odd=False)
        document = json.dumps(drawn, ensure_ascii=seed % 2 == 0, sort_keys=True).encode()
        assert outcome(rust.from_json, document) == outcome(_values.from_json, document), seed
    numbers = ["0", "-0", "1", "1.0", "-0.0", "1e2", "1E-2", "1e400", "-1e400", "1e-400", "4.9e-324", "0.1", "9223372036854775807",
               "9223372036854775808", "-9223372036854775809", "1" * 400, "123456789.123456789123456789"]  # fmt: skip
    for number in [*numbers, "[" * 70 + "]" * 70, '{"a":1,"a":2}', '"\\ud83d\\ude00\\n"', "1" * 5000]:
        assert outcome(rust.from_json, number.encode()) == outcome(_values.from_json, number.encode()), number


@compiled
def test_what_nests_too_deep_for_the_stack_is_left_to_python() -> None:
    for depth in (1, 63, 64, 65, 200):
        deep: Any = 1
        for number in range(depth):
            deep = [deep] if number % 2 else {"a": deep}
        assert rust.to_json(deep) == _values.to_json(deep)
        assert rust.from_json(_values.to_json(deep)) == deep


@compiled
def test_both_ways_answer_alike() -> None:
    with sark.Engine() as engine:
        engine.load_policy("echo", "package echo\n\nvalue := input")
        query = engine.prepare("data.echo.value")
        for seed in range(500):
            drawn = value(random.Random(seed), 4, is_odd=True)
            fast = outcome(lambda value: query.evaluate(value), drawn), outcome(lambda value: engine.evaluate("echo", value), drawn)
            engine._compiled, query._compiled, kept = None, None, (engine._compiled, query._compiled)
            slow = outcome(lambda value: query.evaluate(value), drawn), outcome(lambda value: engine.evaluate("echo", value), drawn)
            engine._compiled, query._compiled = kept
            assert fast == slow, seed


@compiled
def test_arguments_are_refused_alike() -> None:
    engine, cache, flags = sark.Engine(), sark.Cache(), sark.Flags()
    client = sark.Client(engine)
    engine.load_policy("p", "package p\n\nallow := true")
    calls = [
        lambda: engine.evaluate("\ud800", {}), lambda: engine.evaluate(5, {}), lambda: engine.evaluate_json("p", 5),  # type: ignore[arg-type]
        lambda: engine.evaluate("p", {}, timeout=-1.0), lambda: engine.evaluate("", {}), lambda: cache.get(5), lambda: cache.get("\ud800"),  # type: ignore[arg-type]
        lambda: flags.is_enabled("f", 5), lambda: flags.is_enabled("\ud800", "u"), lambda: client.decide("p", {}, user=5),  # type: ignore[arg-type]
        lambda: client.decide("p", {1}), lambda: client.decide("nobody", {}), lambda: client.decide_json("p", b"{"),
        lambda: client.decide("p", {}, timeout=-1.0),
    ]  # fmt: skip
    objects = (engine, cache, flags, client)
    for number, call in enumerate(calls):
        outcomes = []
        for kept in ([each._compiled for each in objects], [None] * 4):
            was = [each._compiled for each in objects]
            for each, calls_of in zip(objects, kept, strict=True):
                each._compiled = calls_of
            with pytest.raises(Exception) as caught:
                call()
            outcomes.append((caught.type, str(caught.value)))
            for each, calls_of in zip(objects, was, strict=True):
                each._compiled = calls_of
        assert outcomes[0] == outcomes[1], number


def test_a_decision_is_a_value() -> None:
    with sark.Engine() as engine:
        engine.load_policy("p", "package p\n\nallow := true")
        decision = sark.Client(engine).decide("p", {}, user="ada")
        again = pickle.loads(pickle.dumps(decision))
        assert (again == decision, hash(again.id) == hash(decision.id), again != decision) == (True, True, False)
        assert decision != sark.Client(engine).decide("p", {}, user="ada") and decision != 5
        assert repr(decision).startswith("Decision(result={'allow': True}, allowed=True, implementation='rust', cached=False, fallback='', ")
        fields = dict(zip(sark.Decision.__match_args__, (getattr(decision, name) for name in sark.Decision.__match_args__), strict=True))
        assert sark.Decision(**fields) == decision and list(fields)[-1] == "id"
        assert isinstance(decision, sark.Decision) and isinstance(decision.phases, sark.Phases)
        traced = sark.Client(engine).decide("p", {}, None, 1.0, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        assert traced.allowed


def test_who_waits_for_the_remote_does_not_hold_the_lock() -> None:
    """A remote that never answers; meanwhile this thread counts, which it could not if the other one held the lock."""
    with socket.create_server(("127.0.0.1", 0)) as server, sark.Engine() as engine:
        client = sark.Client(engine, opa_url=f"http://127.0.0.1:{server.getsockname()[1]}", mode="remote", timeout=30.0)
        errors: list[sark.Error] = []

        def wait() -> None:
            try:
                client.decide("p", {})
            except sark.Error as error:
                errors.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        connection, _ = server.accept()  # gives up the lock itself, and comes back: the other thread waits in the network by now
        counted = sum(1 for _ in range(100_000))
        assert counted == 100_000 and thread.is_alive() and not errors
        connection.close()
        server.close()
        thread.join()
        assert len(errors) == 1


def test_who_evaluates_for_long_does_not_hold_the_lock() -> None:
    """An evaluation that its deadline ends, after two seconds; meanwhile this thread runs, again and again."""
    with sark.Engine(timeout=math.inf) as engine:
        engine.load_policy("p", "package p\n\nlong if {\n\tsome a in numbers.range(1, 100000)\n\tsome b in numbers.range(1, 100000)\n\ta * b < 0\n}")
        outcomes: list[Any] = []
        thread = threading.Thread(target=lambda: outcomes.append(outcome(lambda _: engine.evaluate("data.p.long", {}, timeout=2.0), None)))
        thread.start()
        switches = sys.getswitchinterval()
        counted = 0
        while thread.is_alive():
            counted += 1
            thread.join(switches)
        assert outcomes[0][0] is sark.LimitExceeded and counted > 10


def in_python() -> Any:
    """`sark._rust` as it is without the compiled module."""
    spec = importlib.util.spec_from_file_location("sark._rust_in_python", Path(sark.__file__).with_name("_rust.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def seed_outcomes(module: Any) -> list[Any]:
    cache, engine = module.RustCache(2, 60), module.RustOPAEngine()
    calls = [
        lambda: module.RustCache(0, 1), lambda: module.RustCache(-1, 1), lambda: module.RustCache(1, 0), lambda: module.RustCache(1, -1.5),
        lambda: cache.set("a", "1"), lambda: cache.set("b", "\u00fc", ttl=math.inf), lambda: cache.set("c", "3", 0), lambda: cache.set("c", "3", ttl=-2.5),
        lambda: (cache.get("a"), cache.get("b"), cache.get("nothing"), cache.size()), lambda: cache.get(5), lambda: cache.get("\ud800"),
        lambda: (cache.delete("a"), cache.delete("a"), cache.cleanup_expired(), cache.clear(), cache.size()), lambda: cache.set("big", "x" * (65 << 20)),
        lambda: engine.load_policy("p", "package p\n\nallow := input.n == 1"), lambda: engine.load_policy("p", "package p\n\nx := "),
        lambda: engine.load_policy("data", "package p"), lambda: engine.evaluate("p", {"n": 1}), lambda: engine.evaluate("data.p.nothing", {}),
        lambda: engine.evaluate("nobody", {}), lambda: engine.evaluate("p", {1}), lambda: engine.evaluate("p", None), lambda: engine.loaded_policies(),
        lambda: (engine.has_policy("p"), engine.has_policy("q")), lambda: engine.remove_policy("q"), lambda: engine.remove_policy("p"),
        lambda: (engine.clear_policies(), engine.loaded_policies()),
    ]  # fmt: skip
    outcomes: list[Any] = []
    for call in calls:
        try:
            outcomes.append(repr(call()))
        except Exception as error:
            outcomes.append((type(error), str(error)))
    return outcomes


@compiled
def test_the_first_names_are_the_same_in_both() -> None:
    assert seed_outcomes(rust) == seed_outcomes(in_python())
    assert (rust.OPACompilationError, rust.OPAEvaluationError) == (sark.CompilationError, sark.EvaluationError)
    assert sys.modules["sark._rust"] is rust and rust.__file__.endswith("_rust.abi3.so")
