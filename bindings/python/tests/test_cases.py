"""Runs the language-neutral cases of tests/cases through the public API."""

import base64
import json
import math
import os
import time
from pathlib import Path
from typing import Any

import pytest

import sark

DIRECTORY = Path(__file__).resolve().parents[3] / "tests" / "cases"
DOCUMENTS = [(path.stem, json.loads(path.read_bytes())) for path in sorted(DIRECTORY.glob("*.json"))]
CASES = [pytest.param(case, id=f"{stem}: {case['name']}") for stem, document in DOCUMENTS for case in document["cases"]]
MISS = object()


def same(left: Any, right: Any) -> bool:
    """Equal as JSON: 1 and 1.0 are, 1 and true are not."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return (type(left) is type(right) or are_numbers(left, right)) and left == right


def are_numbers(left: Any, right: Any) -> bool:
    return isinstance(left, int | float) and isinstance(right, int | float)


def json_or_text(octets: bytes) -> Any:
    try:
        return json.loads(octets)
    except ValueError:
        return octets.decode()


def alike(value: Any, model: Any) -> Any:
    """The value, its objects without the members that the model lacks."""
    if isinstance(value, dict) and isinstance(model, dict):
        return {name: alike(value[name], model[name]) for name in value if name in model}
    if isinstance(value, list) and isinstance(model, list) and len(value) == len(model):
        return [alike(each, other) for each, other in zip(value, model, strict=True)]
    return value


def octets(text: Any) -> Any:
    return bytes.fromhex(text["hex"]) if isinstance(text, dict) else text


def seconds(args: dict[str, Any], name: str) -> float | None:
    return args[name] / 1000 if name in args else None


def only(args: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: args[name] for name in names if name in args}


def document(args: dict[str, Any]) -> str | None:
    """The input as JSON text; None where there is none."""
    return args.get("json", json.dumps(args["input"]) if "input" in args else None)


def test_json(result: sark.TestResult) -> dict[str, Any]:
    """A test's result as the library writes it."""
    whole = {
        "location": vars_of(result.location), "package": result.package, "name": result.name, "duration": result.duration,
        "fail": result.fail, "skip": result.skip, "failure": failure_json(result.failure), "output_dropped": result.output_dropped,
        "output": base64.b64encode(result.output.encode()).decode(), "sub_results": sub_results_json(result.sub_results),
        "error": None if result.error is None else said({"code": result.error.code, "message": result.error.message, "location": vars_of(result.error.location)}),
    }  # fmt: skip
    return said(whole)


test_json.__test__ = False  # type: ignore[attr-defined]


def said(whole: dict[str, Any]) -> dict[str, Any]:
    """Without what is not there."""
    return {name: value for name, value in whole.items() if value}


def vars_of(place: sark.TestPlace | None) -> dict[str, Any]:
    return {} if place is None else {"file": place.file, "row": place.row, "col": place.col}


def failure_json(failure: sark.TestFailure | None) -> dict[str, Any]:
    return {} if failure is None else {"location": vars_of(failure.location), "text": failure.text}


def sub_results_json(cases: dict[str, sark.SubResult]) -> dict[str, Any]:
    return {
        key: said({"name": case.name, "fail": case.fail, "failure": failure_json(case.failure), "sub_results": sub_results_json(case.sub_results)})
        for key, case in cases.items()
    }


class Case:
    """One case's objects, and a method for each call: `engine_new` for `engine.new`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.objects: dict[str, Any] = {}
        self.revision: str | None = None

    def close(self) -> None:
        for thing in self.objects.values():
            thing.close()

    def run(self, call: str, args: dict[str, Any]) -> Any:
        return getattr(self, call.replace(".", "_"))(args)

    def __getattr__(self, noun: str) -> Any:
        try:
            return self.objects[noun]
        except KeyError:
            raise AttributeError(noun) from None

    @property
    def reporting(self) -> dict[str, Any]:
        return {"metrics": self.objects.get("metrics")}

    def sleep(self, args: dict[str, Any]) -> None:
        time.sleep(args["ms"] / 1000)

    def files_write(self, texts: dict[str, str]) -> None:
        for name, text in texts.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # Renamed into its place: whoever watches it never sees a half of it.
            partial = self.directory / ".partial"
            partial.write_text(text)
            partial.rename(path)

    def metrics_new(self, _: dict[str, Any]) -> None:
        self.objects["metrics"] = sark.Metrics()

    def metrics_render(self, _: dict[str, Any]) -> str:
        return self.metrics.render()

    def metrics_render_openmetrics(self, _: dict[str, Any]) -> str:
        return self.metrics.render_openmetrics()

    def engine_new(self, args: dict[str, Any]) -> None:
        limits = only(args, "rego_version", "evaluator", "strict", "max_input_bytes", "max_policy_bytes", "max_data_bytes", "print_statements", "schema_annotations")
        self.objects["engine"] = sark.Engine(timeout=seconds(args, "timeout_ms"), **limits, **self.reporting)

    def engine_load_policy(self, args: dict[str, Any]) -> None:
        self.engine.load_policy(args["name"], args["rego"], **only(args, "rego_version"))

    def engine_remove_policy(self, args: dict[str, Any]) -> None:
        self.engine.remove_policy(args["name"])

    def engine_has_policy(self, args: dict[str, Any]) -> bool:
        assert (args["name"] in self.engine) == self.engine.has_policy(args["name"])
        return self.engine.has_policy(args["name"])

    def engine_clear_policies(self, _: dict[str, Any]) -> None:
        self.engine.clear_policies()

    def engine_sources(self, _: dict[str, Any]) -> Any:
        return self.engine.sources()

    def engine_capabilities(self, _: dict[str, Any]) -> Any:
        return self.engine.capabilities()

    def engine_inspect(self, _: dict[str, Any]) -> Any:
        return self.engine.inspect()

    def engine_run_tests(self, args: dict[str, Any]) -> Any:
        options = only(args, "run") | {"timeout": seconds(args, "timeout_ms")}
        if args.get("coverage"):
            report = self.engine.cover_tests(**options)
            return {"results": [test_json(result) for result in report.results], "coverage": report.coverage}
        results = self.engine.run_tests(**options)
        return [test_json(result) for result in results]

    def engine_next(self, args: dict[str, Any]) -> dict[str, Any] | None:
        return self.engine.next_event(args.get("timeout_ms", 0) / 1000)

    def engine_policy_names(self, _: dict[str, Any]) -> list[str]:
        return self.engine.policy_names()

    def engine_revision(self, _: dict[str, Any]) -> str:
        return self.engine.revision

    def engine_close(self, _: dict[str, Any]) -> None:
        self.engine.close()

    def engine_set_data(self, args: dict[str, Any]) -> None:
        self.set_data(self.engine, args)

    def engine_set_schema(self, args: dict[str, Any]) -> None:
        if "json" in args:
            self.engine.set_schema_json(args["path"], args["json"])
        else:
            self.engine.set_schema(args["path"], args.get("schema"))

    def engine_allow_net(self, args: dict[str, Any]) -> None:
        self.engine.allow_net(args["hosts"], **only(args, "ca_file"), timeout=seconds(args, "timeout_ms"))

    def engine_set_runtime(self, args: dict[str, Any]) -> None:
        self.engine.set_runtime(args["runtime"])

    def engine_patch_data(self, args: dict[str, Any]) -> None:
        self.patch_data(self.engine, args)

    @staticmethod
    def set_data(target: Any, args: dict[str, Any]) -> None:
        target.set_data_json(args["json"]) if "json" in args else target.set_data(args["data"])

    @staticmethod
    def patch_data(target: Any, args: dict[str, Any]) -> None:
        path = args["path"]
        target.patch_data_json(path, args["json"]) if "json" in args else target.patch_data(path, args["data"])

    def engine_evaluate(self, args: dict[str, Any]) -> Any:
        options = only(args, "strict", "time_ns", "seed") | {"timeout": seconds(args, "timeout_ms")}
        if "json" in args:
            answer = self.engine.evaluate_json(args["policy"], args["json"], **options)
            return answer if answer is sark.UNDEFINED else json.loads(answer)
        return self.engine.evaluate(args["policy"], **only(args, "input"), **options)

    def engine_evaluate_json(self, args: dict[str, Any]) -> Any:
        answer = self.engine.evaluate_json(args["policy"], document(args), **only(args, "strict"), timeout=seconds(args, "timeout_ms"))
        return answer if answer is sark.UNDEFINED else answer.decode()

    def engine_explain(self, args: dict[str, Any]) -> Any:
        options = only(args, "explain", "strict") | {"timeout": seconds(args, "timeout_ms")}
        given = {"input": json.loads(args["json"])} if "json" in args else only(args, "input")
        if args.get("events"):
            trace = self.engine.trace(args["policy"], **given, **options)
            told, result = trace.events, trace.result
        else:
            explanation = self.engine.explain(args["policy"], **given, **options)
            told, result = explanation.lines, explanation.result
        return {"explanation": told} | ({} if result is sark.UNDEFINED else {"result": result})

    def engine_query(self, args: dict[str, Any]) -> list[dict[str, Any]]:
        options = only(args, "strict", "rego_version") | {"timeout": seconds(args, "timeout_ms")}
        if "json" in args:
            answer: list[dict[str, Any]] = json.loads(self.engine.query_json(args["query"], args["json"], **options))
            return answer
        return self.engine.query(args["query"], **only(args, "input"), **options)

    def engine_query_json(self, args: dict[str, Any]) -> str:
        options = only(args, "strict", "rego_version") | {"timeout": seconds(args, "timeout_ms")}
        return self.engine.query_json(args["query"], document(args), **options).decode()

    def engine_prepare(self, args: dict[str, Any]) -> None:
        self.objects["query"] = self.engine.prepare(args["policy"])

    def query_evaluate(self, args: dict[str, Any]) -> Any:
        if "json" in args:
            answer = self.query.evaluate_json(args["json"])
            return answer if answer is sark.UNDEFINED else json.loads(answer)
        return self.query.evaluate(**only(args, "input"))

    def query_allows(self, args: dict[str, Any]) -> bool:
        return self.query.allows_json(args["json"]) if "json" in args else self.query.allows(**only(args, "input"))

    def query_evaluate_input(self, _: dict[str, Any]) -> Any:
        return self.query.evaluate(self.input)

    def query_evaluate_batch(self, args: dict[str, Any]) -> list[Any]:
        return self.query.evaluate_batch(args["inputs"])

    def query_close(self, _: dict[str, Any]) -> None:
        self.query.close()

    def input_parse(self, args: dict[str, Any]) -> None:
        self.objects["input"] = (
            sark.Input.from_json(self.engine, args["json"]) if "json" in args else sark.Input(self.engine, args["input"])
        )

    def input_close(self, _: dict[str, Any]) -> None:
        self.input.close()

    def update_new(self, _: dict[str, Any]) -> None:
        self.objects["update"] = self.engine.update()

    def update_load_policy(self, args: dict[str, Any]) -> None:
        self.update.load_policy(args["name"], args["rego"], **only(args, "rego_version"))

    def update_remove_policy(self, args: dict[str, Any]) -> None:
        self.update.remove_policy(args["name"])

    def update_clear_policies(self, _: dict[str, Any]) -> None:
        self.update.clear_policies()

    def update_set_data(self, args: dict[str, Any]) -> None:
        self.set_data(self.update, args)

    def update_patch_data(self, args: dict[str, Any]) -> None:
        self.patch_data(self.update, args)

    def update_commit(self, args: dict[str, Any]) -> None:
        self.update.commit(self.revision if args.get("expected") == "last" else None)

    def cache_new(self, args: dict[str, Any]) -> None:
        ttl = {"default_ttl": args["default_ttl_ms"] / 1000} if "default_ttl_ms" in args else {}
        self.objects["cache"] = sark.Cache(**only(args, "max_entries", "max_bytes"), **ttl, **self.reporting)

    def cache_get(self, args: dict[str, Any]) -> Any:
        value = self.cache.get(octets(args["key"]))
        return MISS if value is None else value

    def cache_set(self, args: dict[str, Any]) -> None:
        self.cache.set(octets(args["key"]), octets(args["value"]), ttl=seconds(args, "ttl_ms"))

    def cache_remove(self, args: dict[str, Any]) -> bool:
        return self.cache.remove(octets(args["key"]))

    def cache_clear(self, _: dict[str, Any]) -> None:
        self.cache.clear()

    def cache_len(self, _: dict[str, Any]) -> int:
        return len(self.cache)

    def cache_bytes(self, _: dict[str, Any]) -> int:
        return self.cache.bytes

    def cache_cleanup_expired(self, _: dict[str, Any]) -> int:
        return self.cache.cleanup_expired()

    def cache_stats(self, _: dict[str, Any]) -> dict[str, int]:
        return self.cache.stats()

    def cache_close(self, _: dict[str, Any]) -> None:
        self.cache.close()

    def flags_new(self, args: dict[str, Any]) -> None:
        self.objects["flags"] = sark.Flags(**only(args, "url"), **self.reporting)

    def flags_bucket(self, args: dict[str, Any]) -> int:
        return sark.Flags.bucket(args["feature"], octets(args.get("user", b"")))

    def flags_is_enabled(self, args: dict[str, Any]) -> bool:
        return self.flags.is_enabled(args["feature"], octets(args.get("user")) if "user" in args else None)

    def flags_set_rollout(self, args: dict[str, Any]) -> dict[str, Any]:
        percentage = math.nan if args["percentage"] == "NaN" else args["percentage"]
        return self.flags.set_rollout(args["feature"], percentage, **only(args, "who", "why"))

    def flags_rollout(self, args: dict[str, Any]) -> float:
        return self.flags.rollout(args["feature"])

    def flags_rollback(self, args: dict[str, Any]) -> dict[str, Any]:
        return self.flags.rollback(args["feature"], **only(args, "who", "why"))

    def flags_rollback_all(self, args: dict[str, Any]) -> list[Any]:
        return self.flags.rollback_all(**only(args, "who", "why"))

    def flags_history(self, args: dict[str, Any]) -> list[Any]:
        return self.flags.history(**only(args, "feature", "most"))

    def flags_status(self, _: dict[str, Any]) -> dict[str, Any]:
        return self.flags.status()

    def flags_force(self, args: dict[str, Any]) -> None:
        self.flags.force(args.get("side"))

    def flags_list(self, _: dict[str, Any]) -> list[Any]:
        return self.flags.list()

    def flags_close(self, _: dict[str, Any]) -> None:
        self.flags.close()

    def admin_new(self, args: dict[str, Any]) -> None:
        tokens = [sark.Token(each["name"], each["token"], each["role"]) for each in args.get("tokens", [])]
        shown = {name: self.objects[name] for name in ("engine", "cache", "client") if name in self.objects}
        self.objects["admin"] = sark.Admin(self.flags, tokens=tokens, **only(args, "allow_anonymous"), **shown, **self.reporting)

    def admin_handle(self, args: dict[str, Any]) -> dict[str, Any]:
        lines = (line.split(": ", 1) for line in args.get("headers", "").splitlines())
        answer = self.admin.handle(args["method"], args["target"], dict(lines), args.get("body", "").encode())
        return {"status": answer.status, "headers": answer.headers, "body": json_or_text(answer.body)}

    def admin_close(self, _: dict[str, Any]) -> None:
        self.admin.close()

    def client_new(self, args: dict[str, Any]) -> None:
        options = only(args, "opa_url", "feature", "mode")
        options["shadow_rate"] = args.get("shadow_rate", 0) / 100
        if options.get("opa_url") == "$OPA":
            options["opa_url"] = os.environ.get("SARK_TEST_OPA_URL") or pytest.skip("SARK_TEST_OPA_URL is not set")
        cache = self.cache if args.get("cache") else None
        flags = self.flags if args.get("flags") else None
        log = self.decision_log if args.get("decision_log") else None
        self.objects["client"] = sark.Client(self.engine, cache, flags, **options, decision_log=log, logger=False, **self.reporting)

    def client_replay(self, args: dict[str, Any]) -> dict[str, Any]:
        return self.client.replay(args["log"])

    def client_status(self, _: dict[str, Any]) -> dict[str, Any]:
        return self.client.status()

    def client_set_mask(self, args: dict[str, Any]) -> None:
        self.client.set_mask(args["pointers"])

    def client_next(self, _: dict[str, Any]) -> dict[str, Any] | None:
        return self.client.next_event()

    def client_decide(self, args: dict[str, Any]) -> sark.Decision:
        user = {"user": octets(args["user"])} if "user" in args else {}
        if "json" in args:
            return self.client.decide_json(args["policy"], args["json"], **user)
        return self.client.decide(args["policy"], **only(args, "input"), **user)

    def client_begin(self, args: dict[str, Any]) -> sark.Decision:
        begun = self.client.begin(args["policy"], **only(args, "input"))
        if isinstance(begun, sark.Decision):
            return begun
        if "fail" in args:
            return begun.fail(args["fail"])
        if "status" in args:
            return begun.complete(args["status"], args.get("body", "").encode())
        return begun.run()

    def client_close(self, _: dict[str, Any]) -> None:
        self.client.close()

    def decision_log_new(self, args: dict[str, Any]) -> None:
        self.objects["decision_log"] = sark.DecisionLog(args["location"], **only(args, "max_waiting"), **self.reporting)

    def decision_log_next(self, args: dict[str, Any]) -> dict[str, Any] | None:
        return self.decision_log.next(args.get("timeout_ms", 0) / 1000)

    def decision_log_flush(self, args: dict[str, Any]) -> bool:
        return self.decision_log.flush(args.get("timeout_ms", 0) / 1000)

    def decision_log_status(self, _: dict[str, Any]) -> dict[str, Any]:
        return self.decision_log.status()

    def decision_log_close(self, _: dict[str, Any]) -> None:
        self.decision_log.close()

    def source_new(self, args: dict[str, Any]) -> None:
        url = args["url"].replace("${dir}", str(self.directory))
        self.objects["source"] = self.engine.follow(url, logger=False, **args.get("config", {}))

    def source_wait(self, args: dict[str, Any]) -> None:
        self.source.wait(args["timeout_ms"] / 1000)

    def source_trigger(self, _: dict[str, Any]) -> None:
        self.source.trigger()

    def source_next(self, args: dict[str, Any]) -> dict[str, Any] | None:
        return self.source.next_event(args.get("timeout_ms", 0) / 1000)

    def source_status(self, _: dict[str, Any]) -> dict[str, Any]:
        return self.source.status()

    def source_close(self, _: dict[str, Any]) -> None:
        self.source.close()

    def check(self, expect: dict[str, Any], actual: Any) -> None:
        """Compare what a call gave (an exception, too) with what is expected of it."""
        if "error" in expect:
            return check_error(expect, actual)
        if isinstance(actual, sark.Error):
            raise actual
        for kind, expected in expect.items():
            getattr(self, "check_" + kind)(expected, actual)

    def check_value(self, expected: Any, actual: Any) -> None:
        if isinstance(actual, bytes):
            actual, expected = actual, octets(expected) if isinstance(expected, dict) else expected.encode()
            assert actual == expected
        else:
            assert same(actual, expected), f"{actual!r} is not {expected!r}"

    def check_like(self, expected: Any, actual: Any) -> None:
        assert same(alike(actual, expected), expected), f"{actual!r} is not like {expected!r}"

    def check_undefined(self, _: bool, actual: Any) -> None:
        assert actual is sark.UNDEFINED

    def check_miss(self, _: bool, actual: Any) -> None:
        assert actual is MISS

    def check_values(self, expected: list[dict[str, Any]], actual: list[Any]) -> None:
        assert len(actual) == len(expected)
        for each, answer in zip(expected, actual, strict=True):
            self.check(each, answer)

    def check_changed(self, expected: bool, actual: str) -> None:
        assert (actual != self.revision) is expected

    def check_contains(self, expected: list[str], actual: str) -> None:
        missing = set(expected) - set(actual.splitlines())
        assert not missing, actual

    def check_decision(self, expected: dict[str, Any], actual: sark.Decision) -> None:
        for field, value in expected.items():
            if field == "undefined":
                assert (actual.result is sark.UNDEFINED) is value
            else:
                assert same(getattr(actual, field), value), f"{field} of {actual} is not {value!r}"
        assert bool(actual) is actual.allowed


def check_error(expect: dict[str, Any], error: Any) -> None:
    assert isinstance(error, sark.Error), f"{error!r} instead of {expect['error']}"
    assert error.status == expect["error"], error
    if "code" in expect:
        assert error.code == expect["code"]
    if "message" in expect:
        assert expect["message"] in error.message
    if "row" in expect:
        assert error.locations[0].row == expect["row"]
    if "col" in expect:
        assert error.locations[0].col == expect["col"]
    if "offset" in expect:
        assert error.offset == expect["offset"]


def attempt(case: Case, step: dict[str, Any]) -> Any:
    try:
        return case.run(step["call"], step.get("args", {}))
    except sark.Error as error:
        return error


@pytest.mark.parametrize("document", CASES)
def test_case(document: dict[str, Any], tmp_path: Path) -> None:
    case = Case(tmp_path)
    try:
        for number, step in enumerate(document["steps"], 1):
            actual = attempt(case, step)
            try:
                case.check(step.get("expect", {}), actual)
            except AssertionError as error:
                raise AssertionError(f"step {number}, {step}: {error}") from error
            if step["call"] == "engine.revision" and isinstance(actual, str):
                case.revision = actual
    finally:
        case.close()


def test_there_are_cases() -> None:
    assert len(CASES) >= 20, "tests/cases is empty: nothing above was tested"
