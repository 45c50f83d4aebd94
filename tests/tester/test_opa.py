"""Tests that are drawn at random come to the same results in sark and in `opa test`, field by field.

What differs, and is told apart here: durations; `stack_trace` of an error, which sark does not say; what OPA lists after the first line of a
conflict's message; the error of a query for a function, which OPA writes as a list, with types.
"""

import collections
import os
import pathlib

import pytest
import sark
from conftest import load, opa_test, write
from draw import Draw

SEED = int(os.environ.get("SEED", "1"))
TESTS = int(os.environ.get("SARK_TESTS", "1000"))


def raw(engine):
    """The results as the library writes them."""
    return engine._run_tests(None, None)


def key(result):
    return result["location"]["file"], result["location"]["row"], result["package"], result["name"]


def comparable(result):
    """Of a result what both say."""
    left = {name: value for name, value in result.items() if name not in ("duration", "failure")}
    error = left.get("error")
    if isinstance(error, list):
        error = error[0]
    if error is not None:
        error = {name: value for name, value in error.items() if name not in ("stack_trace", "details")}
        error["message"] = error["message"].split(":\n")[0]
        left["error"] = error
    if "sub_results" in left:
        left["sub_results"] = cases(left["sub_results"])
    return left


def cases(found):
    return {
        name: {field: cases(value) if field == "sub_results" else value for field, value in one.items() if field != "failure"}
        for name, one in found.items()
    }


def compared(tmp_path, files):
    """The results of sark, each of which is that of `opa test`."""
    write(tmp_path, files)
    theirs = {key(result): comparable(result) for result in opa_test(tmp_path)}
    found = raw(load(files))
    ours = {key(result): comparable(result) for result in found}
    differing = [name for name in sorted(theirs.keys() | ours.keys()) if theirs.get(name) != ours.get(name)]
    said = "\n".join(f"{name}\n  OPA  {theirs.get(name)}\n  sark {ours.get(name)}" for name in differing[:10])
    assert not differing, f"{len(differing)} of {len(theirs)} differ (SEED={SEED}):\n{said}"
    assert len(found) == len(ours), "a result twice"
    return found


def test_drawn_tests_come_to_the_same_results(tmp_path):
    found = compared(tmp_path, Draw(SEED, TESTS).files())
    assert len(found) >= TESTS
    # In the order of the policies' names, and as the rules stand there.
    assert [key(result)[:2] for result in found] == sorted(key(result)[:2] for result in found)
    outcomes = collections.Counter(outcome(result) for result in found)
    print(f"\n{len(found)} results, {dict(outcomes)}, none differs from opa test")
    assert all(outcomes[kind] >= TESTS / 100 for kind in ("pass", "fail", "error", "skip", "output", "cases", "duplicate"))


def test_tests_of_every_shape_come_to_the_same_results(tmp_path):
    name = "shapes_test.rego"
    assert len(compared(tmp_path, {name: pathlib.Path(__file__).with_name(name).read_text()})) > 15


def outcome(result):
    if result.get("skip"):
        return "skip"
    if "error" in result:
        return "error"
    if "sub_results" in result:
        return "cases"
    if "#" in result["name"]:
        return "duplicate"
    if "output" in result:
        return "output"
    return "fail" if result.get("fail") else "pass"


def test_what_fails_is_named(tmp_path):
    """Each test that is undefined has an expression that failed; it stands in the test's own file."""
    files = Draw(SEED + 1, TESTS).files()
    undefined = 0
    for result in raw(load(files)):
        if not result.get("fail") or "sub_results" in result:
            continue
        failure = result.get("failure")
        undefined += failure is not None
        if failure is not None:
            line = files[failure["location"]["file"]].splitlines()[failure["location"]["row"] - 1]
            assert failure["text"].splitlines()[0] in line, failure
    assert undefined > TESTS / 10


def test_python_converts_all_of_it(tmp_path):
    files = Draw(SEED + 2, TESTS).files()
    engine = load(files)
    written, converted = raw(engine), engine.run_tests()
    assert len(written) == len(converted)
    for one, other in zip(written, converted, strict=True):
        assert (one["package"], one["name"], one.get("fail", False), one.get("skip", False)) == (other.package, other.name, other.fail, other.skip)
        assert other.passed == bool(other) == (not other.fail and not other.skip and other.error is None)
        assert one.get("sub_results", {}).keys() == other.sub_results.keys()
        assert str(other).startswith(f"{other.package}.{other.name}: ")


def test_a_filter_is_opas(tmp_path):
    files = Draw(SEED + 3, 200).files()
    write(tmp_path, files)
    for pattern in ["deep", r"_test[.]test_.*_1$", r"^data[.]p\d", "#01", "(?i)TEST_P", "nothing"]:
        theirs = {key(result) for result in opa_test(tmp_path, "--run", pattern) or []}
        assert {key(result) for result in load(files)._run_tests(pattern, None)} == theirs, pattern


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(sark.InvalidArgument, match="missing argument to repetition operator"):
        sark.Engine().run_tests("*")


def test_coverage_is_opas(tmp_path):
    """Of tests that pass: of others, `opa test --coverage` says no more than that."""
    files = Draw(SEED + 4, TESTS).files()
    write(tmp_path, files)
    engine = load(files)
    passed = [result for result in engine.run_tests() if result.passed and result.id.replace(".", "_").isidentifier()]
    assert len(passed) > TESTS / 20
    pattern = "^(" + "|".join(result.id.replace(".", "[.]") for result in passed) + ")$"
    theirs = opa_test(tmp_path, "--coverage", "--run", pattern)
    ours = engine.cover_tests(pattern)
    assert {result.id for result in ours.results} == {result.id for result in passed}
    assert ours.coverage["files"].keys() == theirs["files"].keys()
    differing = [name for name, file in theirs["files"].items() if file != ours.coverage["files"][name]]
    assert not differing, [difference(theirs["files"][name], ours.coverage["files"][name]) for name in differing[:5]]
    assert ours.coverage == theirs


def difference(theirs, ours):
    return {
        field: ([one for one in theirs.get(field, []) if one not in ours.get(field, [])], [one for one in ours.get(field, []) if one not in theirs.get(field, [])])
        for field in ("covered", "not_covered")
    }


def test_an_engine_that_prints_prints_what_its_tests_print():
    files = Draw(SEED + 5, TESTS).files()
    engine = load(files, print_statements=True)
    results, compared = engine.run_tests(), 0
    # Where it decides, the second rule of a name is one rule with the first.
    twice = {result.id.split("#")[0] for result in results if "#" in result.id}
    for result in results:
        path = result.id
        if path in twice or not path.replace(".", "_").isidentifier() or result.skip or result.sub_results or result.output.count("\n") > 200:
            continue
        try:
            engine.evaluate(path)
        except sark.EvaluationError:
            assert result.error is not None
        lines = []
        while (event := engine.next_event()) is not None:
            assert event["event"] == "print"
            lines.append(event["message"] + "\n")
        assert "".join(lines) == result.output, path
        compared += bool(lines)
    assert compared > TESTS / 5


def test_what_is_printed_is_bounded():
    policy = """package t

test_long if {
	some n in numbers.range(1, 100000)
	print("a line of some length", n)
	n == 100000
}

v := 1 + 0

v := x if {
	some n in numbers.range(1, 5000)
	print("the rest", n)
	x := 1
}

test_rest if v == 1
"""
    engine = load({"t.rego": policy}, print_statements=True)
    long, rest = engine.run_tests(timeout=120)
    assert long.passed and rest.passed
    assert len(long.output) <= 1 << 20 and long.output_dropped == sum(len(f"a line of some length {n}\n") for n in range(1, 100_001)) - len(long.output)
    # Beyond what waits, lines are out of order; none is lost.
    assert sorted(rest.output.splitlines()) == sorted(f"the rest {n}" for n in range(1, 5_001))
    assert engine.evaluate("data.t.test_long", timeout=120) is True
    dropped = engine.next_event()
    assert dropped is not None and dropped["event"] == "events_dropped" and dropped["fields"] == {"dropped": 100_000 - 256}
    assert engine.next_event()["message"] == f"a line of some length {100_000 - 255}"
