"""Policies and data, and decisions from them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from sark import _calls, _compiled, _values, tester
from sark._calls import lib
from sark._handle import Closable
from sark.explain import Explain, Explanation, Trace
from sark.query import Query, evaluate_options, timeout_ns
from sark.source import Source
from sark.tester import TestReport, TestResult
from sark.undefined import UNDEFINED, Undefined
from sark.update import Update

if TYPE_CHECKING:
    import logging

    from sark.metrics import Metrics

RegoVersion = Literal["v0", "v1", "v2"]
Evaluator = Literal["sark", "regorus"]


class Engine(Closable):
    """Named policies and one document of data. Threads may share it; a reader sees one consistent state, and is never blocked.

    rego_version       "v1" (the default), "v0" or "v2": the language of policies and queries that do not say
    timeout            seconds for an evaluation; None for the library's default, math.inf for none
    max_input_bytes    the largest input, policy and document of data, in bytes; None for the library's defaults
    max_policy_bytes
    max_data_bytes
    metrics            where this engine's calls are counted
    evaluator          "sark" (the default) decides as OPA decides; "regorus" is a second opinion, where the library has it
    strict             OPA's strict mode: what is unused, shadows or is deprecated does not compile
    schema_annotations whether types are checked by the schemas that annotations hold, and by those that they name (`set_schema`)
    print_statements   whether `print` in policies is compiled: each line is an event, which `next_event` gives

    Raises InvalidArgument; Unsupported where the library lacks the evaluator.
    """

    __slots__ = ("_compiled",)

    def __init__(
        self,
        rego_version: RegoVersion = "v1",
        *,
        timeout: float | None = None,
        max_input_bytes: int | None = None,
        max_policy_bytes: int | None = None,
        max_data_bytes: int | None = None,
        metrics: "Metrics | None" = None,
        evaluator: Evaluator | None = None,
        strict: bool = False,
        print_statements: bool = False,
        schema_annotations: bool = False,
    ) -> None:
        options = _calls.options(
            "sark_engine_options",
            rego_version=_values.rego(rego_version),
            timeout_ns=_values.nanoseconds("timeout", timeout),
            max_input_bytes=_values.size("max_input_bytes", max_input_bytes),
            max_policy_bytes=_values.size("max_policy_bytes", max_policy_bytes),
            max_data_bytes=_values.size("max_data_bytes", max_data_bytes),
            metrics=metrics._handle if metrics is not None else None,
            evaluator=_values.evaluator(evaluator),
            strict=int(strict),
            print_statements=int(print_statements),
            schema_annotations=int(schema_annotations),
        )
        self._handle = _calls.create(lib.sark_engine_new, "sark_engine", lib.sark_engine_free, options)
        self._compiled = _compiled.calls("EngineCalls", self._handle)

    def close(self) -> None:
        lib.sark_engine_close(self._handle)

    def load_policy(self, name: str, rego: str, rego_version: RegoVersion | None = None) -> str:
        """Load a policy, or replace the one of this name; the new revision.

        Raises CompilationError (the engine stays as it was), InvalidArgument (the name), LimitExceeded.
        """
        name_text, rego_text = _values.text(name), _values.text(rego)
        options = _calls.options("sark_load_options", rego_version=_values.rego(rego_version))
        return _calls.revise(lib.sark_engine_load_policy, self._handle, name_text, len(name_text), rego_text, len(rego_text), options)

    def load_policies(self, policies: Mapping[str, str], rego_version: RegoVersion | None = None) -> str:
        """Load policies, {name: Rego}, all or none of them; the new revision. They may refer to one another.

        Raises as `load_policy`.
        """
        with self.update() as update:
            for name, rego in policies.items():
                update.load_policy(name, rego, rego_version)
            return update.commit()

    def remove_policy(self, name: str) -> None:
        """Remove a policy. Raises PolicyNotFound; CompilationError where others need it."""
        name_text = _values.text(name)
        _calls.call(lib.sark_engine_remove_policy, self._handle, name_text, len(name_text))

    def clear_policies(self) -> None:
        """Remove every policy."""
        _calls.call(lib.sark_engine_clear_policies, self._handle)

    def has_policy(self, name: str) -> bool:
        """Whether a policy of this name is loaded; `name in engine` says the same."""
        name_text = _values.text(name)
        return _calls.predicate(lib.sark_engine_has_policy, self._handle, name_text, len(name_text))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.has_policy(name)

    def policy_names(self) -> list[str]:
        """The names of the loaded policies, sorted."""
        names: list[str] = _values.from_json(_calls.fetch(lib.sark_engine_policy_names, self._handle) or b"[]")
        return names

    def set_data(self, data: Any) -> str:
        """Replace the whole document of data by an object; the new revision.

        Raises SerializationError, InvalidArgument (not an object), Conflict (a rule is in the way), LimitExceeded.
        """
        return self.set_data_json(_values.to_json(data))

    def set_data_json(self, json: _values.Octets) -> str:
        """`set_data`, from JSON."""
        document = _values.octets(json)
        return _calls.revise(lib.sark_engine_set_data, self._handle, document, len(document), _calls.NULL)

    def patch_data(self, path: str, data: Any) -> str:
        """Put a value at a path of the data, such as "/users/alice", making its parents; the new revision.

        Raises as `set_data`; Conflict also where a parent is not an object.
        """
        return self.patch_data_json(path, _values.to_json(data))

    def patch_data_json(self, path: str, json: _values.Octets) -> str:
        """`patch_data`, from JSON."""
        path_text, document = _values.text(path), _values.octets(json)
        return _calls.revise(
            lib.sark_engine_patch_data, self._handle, path_text, len(path_text), document, len(document), _calls.NULL
        )

    def set_schema(self, path: str, schema: Any | None) -> str:
        """Put a JSON schema at a path such as "schema.user", or with None take away what is there; the new revision.

        All policies are checked by it: their input by the one at "schema", and what annotations name with `schema_annotations`. Raises
        InvalidArgument (no path of a schema, or no schema), CompilationError (the policies contradict it), Unsupported.
        """
        return self.set_schema_json(path, None if schema is None else _values.to_json(schema))

    def set_schema_json(self, path: str, json: _values.Octets | None) -> str:
        """`set_schema`, from JSON."""
        path_text, schema = _values.text(path), _values.optional_octets(json)
        length = 0 if schema is None else len(schema)
        given = _calls.NULL if schema is None else schema
        return _calls.revise(lib.sark_engine_set_schema, self._handle, path_text, len(path_text), given, length)

    def allow_net(
        self,
        hosts: Iterable[str],
        *,
        ca_file: str | None = None,
        timeout: float | None = None,
        max_response_bytes: int | None = None,
        max_cache_bytes: int | None = None,
    ) -> None:
        """Let `http.send` and `net.lookup_ip_addr` reach hosts, from the next evaluation on.

        hosts                 names, addresses, networks ("10.0.0.0/8"), and "*" for every name; private addresses are reached where they
                              are listed themselves. An empty list closes the engine for good.
        ca_file               a PEM file of certificates to trust; None for whom the machine trusts
        timeout               seconds that one request takes at most; None for 5
        max_response_bytes    the largest answer, after decompressing; None for 16 MiB
        max_cache_bytes       the most that answers take which one evaluation leaves to later ones; None for 64 MiB

        Until it is called, a client's remote OPA decides what would reach outside. Raises InvalidArgument, Unsupported.
        """
        listed = _values.to_json(list(hosts))
        file = None if ca_file is None else _values.text(ca_file)
        options = _calls.options(
            "sark_network_options",
            timeout_ns=_values.nanoseconds("timeout", timeout),
            max_response_bytes=_values.size("max_response_bytes", max_response_bytes),
            max_cache_bytes=_values.size("max_cache_bytes", max_cache_bytes),
        )
        given, length = (_calls.NULL, 0) if file is None else (file, len(file))
        _calls.call(lib.sark_engine_allow_net, self._handle, listed, len(listed), given, length, options)

    def set_runtime(self, runtime: Any) -> None:
        """Say what `opa.runtime()` gives: an object, such as {"env": {"REGION": "eu"}}. Without it that is an empty one.

        Raises InvalidArgument, SerializationError, LimitExceeded.
        """
        document = _values.to_json(runtime)
        _calls.call(lib.sark_engine_set_runtime, self._handle, document, len(document))

    def follow(self, url: str, *, logger: "logging.Logger | Literal[False] | None" = None, **config: Any) -> Source:
        """Follow a source of policies and data: what is new there comes into force, whole or not at all.

        url       "dir:PATH", "bundle:PATH", "https://…" (a bundle that a server has) or "opa:http://…" (what a running OPA has)
        config    settings with the names of OPA's configuration: name, keys, signing, polling, credentials, tls, headers,
                  size_limit_bytes, persistence_directory, rego_version, roots, ignore, max_staleness_seconds, when_stale (docs/sources.md)
        logger    gets what happens while the source is iterated; by default the logger "sark"; False for nobody

        Waits up to 3 s for the first answer. A source that is away, or has what is refused, is no error: `wait` raises it, and
        `status` says it. Raises InvalidArgument, Unsupported, Conflict (a name that another source of the engine has).
        """
        return Source(self, url, config, logger=logger)

    def sources(self) -> list[dict[str, Any]]:
        """How the sources are that the engine follows, as `Source.status` has it."""
        sources: list[dict[str, Any]] = _values.from_json(_calls.fetch(lib.sark_engine_sources, self._handle) or b"[]")
        return sources

    def inspect(self) -> dict[str, Any]:
        """What the policies offer: {"policies": [...], "documents": [...], "entrypoints": [...], "annotations": [...]}: each document with
        its path, whether it is deterministic, what of OPA's builtins it needs that sark lacks, and what finding its rules costs; the paths
        that annotations call entrypoints; and what "# METADATA" says, as `opa inspect --annotations --format=json` has it."""
        found: dict[str, Any] = _values.from_json(_calls.fetch(lib.sark_engine_inspect, self._handle) or b"{}")
        return found

    def capabilities(self) -> dict[str, Any]:
        """The builtins that policies may call, with their types and which are nondeterministic, and the features of the language, in the
        shape of `opa capabilities --current`: `opa build` and `opa check` can be held to it (`--capabilities`)."""
        found: dict[str, Any] = _values.from_json(_calls.fetch(lib.sark_engine_capabilities, self._handle) or b"{}")
        return found

    def run_tests(self, run: str | None = None, *, timeout: float | None = None) -> list[TestResult]:
        """Run the tests among the policies, the rules whose names begin with `test_`, over the present policies and data, in the order of
        the policies' names.

        run        a regular expression in Go's syntax: only tests run in whose name with its package, "data.a.test_b", it matches
        timeout    seconds for one test; None for 5, math.inf for none

        What goes wrong in a test is in its result, which is true where it passed:

            @pytest.mark.parametrize("result", engine.run_tests(), ids=lambda result: result.id)
            def test_policies(result):
                assert result, str(result)

        Raises InvalidArgument (`run`); CompilationError where `print` has an operand that nothing declares.
        """
        return tester.results(self._run_tests(run, timeout))

    def cover_tests(self, run: str | None = None, *, timeout: float | None = None) -> TestReport:
        """`run_tests`, and what of the policies the tests covered, as `opa test --coverage` has it. Each test is run three times, as OPA runs it, to
        tell why something was not covered."""
        found = self._run_tests(run, timeout, coverage=1)
        return TestReport(tester.results(found["results"]), found["coverage"])

    def _run_tests(self, run: str | None, timeout: float | None, **more: int) -> Any:
        pattern = None if run is None else _values.text(run)
        options = _calls.options("sark_test_options", timeout_ns=_values.nanoseconds("timeout", timeout), **more)
        return _values.from_json(_calls.fetch(lib.sark_engine_run_tests, self._handle, *_calls.span(pattern), options) or b"[]")

    def explain(
        self,
        policy_or_path: str,
        input: Any = _values.LEFT_OUT,
        *,
        explain: Explain = "full",
        timeout: float | None = None,
        strict: bool = False,
    ) -> Explanation:
        """`evaluate`, and the lines that OPA prints of how the decision came about.

        explain    "notes" (the calls of `trace`) and "fails" (the expressions without a solution), each with what led there; "full" (every
                   step); "debug" (which terms were made equal as well)

        It is for people, not for traffic, and is not counted. Where the document is undefined, the lines are there all the same. Raises as
        `evaluate`; LimitExceeded where there is too much to tell.
        """
        found = self._explain(policy_or_path, input, explain, timeout, strict, pretty=1)
        return Explanation(found.get("result", UNDEFINED), found["explanation"])

    def trace(
        self,
        policy_or_path: str,
        input: Any = _values.LEFT_OUT,
        *,
        explain: Explain = "full",
        timeout: float | None = None,
        strict: bool = False,
    ) -> Trace:
        """`explain`, with an event for each step."""
        found = self._explain(policy_or_path, input, explain, timeout, strict, pretty=0)
        return Trace(found.get("result", UNDEFINED), found["explanation"])

    def _explain(
        self, policy_or_path: str, input: Any, explain: Explain, timeout: float | None, strict: bool, *, pretty: int
    ) -> dict[str, Any]:
        options = _calls.options(
            "sark_explain_options",
            explain=_values.explain(explain),
            pretty=pretty,
            strict_builtin_errors=int(strict),
            timeout_ns=_values.nanoseconds("timeout", timeout),
        )
        found: dict[str, Any] = _values.from_json(
            _calls.engine_explain(self._handle, _values.text(policy_or_path), _values.input_to_json(input), options)
        )
        return found

    def next_event(self, timeout: float = 0.0) -> dict[str, Any] | None:
        """The next line that a policy printed: {"when", "level", "event": "print", "message", "fields": {"policy", "row", "col"}}; None
        where none was within so many seconds. There are none without `print_statements`. 256 wait."""
        waiting = _values.nanoseconds("timeout", timeout) if timeout else 0
        event = _calls.fetch(lib.sark_engine_next, self._handle, waiting)
        return None if event is None else _values.from_json(event)

    @property
    def revision(self) -> str:
        """The revision of policies and data: opaque text, different after every change, and in every process."""
        return (_calls.fetch(lib.sark_engine_revision, self._handle) or b"").decode()

    def evaluate(
        self, policy_or_path: str, input: Any = _values.LEFT_OUT, *, timeout: float | None = None, strict: bool = False, time_ns: int = 0, seed: int = 0
    ) -> Any | Undefined:
        """The document of a policy (its package), by its name, or any document, by a path such as "data.authz.allow".

        input      any JSON value; left out, policies see no input, which is not the same as None
        timeout    seconds; None for the engine's, math.inf for none
        strict     errors of builtins are errors, instead of making their expression undefined
        time_ns    what `time.now_ns` gives, in nanoseconds since 1970; 0 for the time that it is
        seed       what `rand.intn` and `uuid.rfc4122` draw from: equal seeds draw the same; 0 for the system's randomness

        `UNDEFINED` where nothing defines the document. Raises PolicyNotFound, EvaluationError, SerializationError, LimitExceeded.
        """
        if self._compiled is not None and not (time_ns or seed):
            return self._compiled.evaluate(policy_or_path, input, timeout_ns(timeout), strict)
        document = _values.input_to_json(input)
        options = evaluate_options(timeout, strict, time_ns, seed)
        return _values.answer(_calls.engine_evaluate(self._handle, _values.text(policy_or_path), document, options))

    def evaluate_json(
        self, policy_or_path: str, input: _values.Octets | None = None, *, timeout: float | None = None, strict: bool = False, time_ns: int = 0, seed: int = 0
    ) -> bytes | Undefined:
        """`evaluate`, from JSON (None for no input) to JSON: faster, and numbers stay as they are written."""
        if self._compiled is not None and not (time_ns or seed):
            answer: bytes | Undefined = self._compiled.evaluate_json(policy_or_path, input, timeout_ns(timeout), strict)
            return answer
        document = _values.optional_octets(input)
        options = evaluate_options(timeout, strict, time_ns, seed)
        found = _calls.engine_evaluate(self._handle, _values.text(policy_or_path), document, options)
        return UNDEFINED if found is None else found

    def query(
        self,
        text: str,
        input: Any = _values.LEFT_OUT,
        *,
        timeout: float | None = None,
        strict: bool = False,
        time_ns: int = 0,
        seed: int = 0,
        rego_version: RegoVersion | None = None,
    ) -> list[dict[str, Any]]:
        """Answer a query in Rego, such as "x := data.roles[input.user]": for each result, its variables and their values.

        [] where nothing satisfies it; [{}] where something does, and it has no variables. It is compiled at each call: `prepare`
        what is asked often. `rego_version` is the language of the text, None for the engine's; the rest is as for `evaluate`.

        Raises as `evaluate`, and CompilationError for the text.
        """
        document = _values.input_to_json(input)
        options = evaluate_options(timeout, strict, time_ns, seed, rego_version)
        results: list[dict[str, Any]] = _values.from_json(_calls.engine_query(self._handle, _values.text(text), document, options))
        return results

    def query_json(
        self,
        text: str,
        input: _values.Octets | None = None,
        *,
        timeout: float | None = None,
        strict: bool = False,
        time_ns: int = 0,
        seed: int = 0,
        rego_version: RegoVersion | None = None,
    ) -> bytes:
        """`query`, from JSON (None for no input) to JSON: a list of objects."""
        document = _values.optional_octets(input)
        return _calls.engine_query(self._handle, _values.text(text), document, evaluate_options(timeout, strict, time_ns, seed, rego_version))

    def prepare(self, policy_or_path: str) -> Query:
        """A query that is resolved once and evaluated often. It follows later changes of policies and data."""
        return Query(self, policy_or_path)

    def update(self) -> Update:
        """A set of changes that come into force together, or not at all:

        with engine.update() as update:
            update.load_policy("authz", rego)
            update.set_data(data)
        """
        return Update(self)
