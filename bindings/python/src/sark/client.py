"""One call for a decision: local, cached or remote, as the flags say."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from sark import _calls, _compiled, _log, _values
from sark._calls import lib
from sark._handle import Closable
from sark.decision import Decision, decision_of
from sark.ticket import Ticket

if TYPE_CHECKING:
    from sark.cache import Cache
    from sark.decision_log import DecisionLog
    from sark.engine import Engine
    from sark.flags import Flags
    from sark.metrics import Metrics

Mode = Literal["dial", "local", "remote", "remote_first"]

_MODES = {
    "dial": lib.SARK_MODE_DIAL,
    "local": lib.SARK_MODE_LOCAL,
    "remote": lib.SARK_MODE_REMOTE,
    "remote_first": lib.SARK_MODE_REMOTE_FIRST,
}


class Client(Closable):
    """Decides by a local engine or a remote OPA. Threads may share it; it keeps what it is made from alive.

    engine                      decides locally
    cache                       keeps local decisions; None for no caching
    flags                       say which users are decided locally; None for everyone (they need an opa_url)
    opa_url                     the remote OPA, such as "http://localhost:8181"; None for local decisions only;
                                "https://opa?ca_file=…&cert_file=…&key_file=…&token_file=…&connect_timeout_ms=…" says how
    feature                     the flags' feature that is asked
    timeout                     seconds for a decision; None for the library's default, math.inf for none
    cache_ttl                   seconds that a decision is kept; None for the cache's default
    max_answer_bytes            the largest answer that is accepted from the remote
    max_concurrent_fallbacks    at most so many decisions at once fall back to the remote
    metrics                     where decisions are counted
    mode                        who decides: the side that the flags say ("dial"), the "local" engine alone, the "remote" alone,
                                or the remote, and the local engine where it is away ("remote_first")
    shadow_rate                 the percentage of local decisions that are compared with the remote's, in steps of 0.01
    shadow_max_waiting          how many may wait to be compared; of more, the new ones are dropped and counted
    shadow_keep_inputs          whether the input of a differing answer is kept, for `status`
    guard_window                seconds; the dial goes back by itself where, within them, a threshold is reached:
    guard_error_rate            so many percent of the local decisions failed
    guard_p95                   the 95th percentile of their time is longer, in seconds
    guard_differing             so many answers differ from the remote's
    guard_min_decisions         with fewer local decisions in the window, error rate and p95 say nothing
    decision_log                where each decision is logged; None for nowhere
    logger                      gets what happens (fallbacks, differing answers, the guard); by default the logger "sark";
                                False for nobody: take it with `next_event`

    Raises InvalidArgument.
    """

    __slots__ = ("_compiled", "_flags", "_logger")

    def __init__(
        self,
        engine: "Engine",
        cache: "Cache | None" = None,
        flags: "Flags | None" = None,
        opa_url: str | None = None,
        feature: str = "rust_opa",
        *,
        timeout: float | None = None,
        cache_ttl: float | None = None,
        max_answer_bytes: int | None = None,
        max_concurrent_fallbacks: int | None = None,
        metrics: "Metrics | None" = None,
        mode: Mode = "dial",
        shadow_rate: float = 0.0,
        shadow_max_waiting: int | None = None,
        shadow_keep_inputs: bool = False,
        guard_window: float | None = None,
        guard_error_rate: float = 0.0,
        guard_p95: float | None = None,
        guard_differing: int | None = None,
        guard_min_decisions: int | None = None,
        decision_log: "DecisionLog | None" = None,
        logger: logging.Logger | Literal[False] | None = None,
    ) -> None:
        if mode not in _MODES:
            raise _values.InvalidArgument(f"mode is {mode!r}: one of {', '.join(map(repr, _MODES))} wanted")
        options = _calls.options(
            "sark_client_options",
            timeout_ns=_values.nanoseconds("timeout", timeout),
            cache_ttl_ns=_values.nanoseconds("cache_ttl", cache_ttl),
            max_answer_bytes=_values.size("max_answer_bytes", max_answer_bytes),
            max_concurrent_fallbacks=_values.size("max_concurrent_fallbacks", max_concurrent_fallbacks),
            metrics=metrics._handle if metrics is not None else None,
            mode=_MODES[mode],
            shadow_rate=_values.hundredths("shadow_rate", shadow_rate),
            shadow_max_waiting=_values.size("shadow_max_waiting", shadow_max_waiting),
            shadow_keep_inputs=bool(shadow_keep_inputs),
            guard_window_ns=_values.nanoseconds("guard_window", guard_window),
            guard_error_rate=_values.hundredths("guard_error_rate", guard_error_rate),
            guard_p95_ns=_values.nanoseconds("guard_p95", guard_p95),
            guard_differing=_values.size("guard_differing", guard_differing),
            guard_min_decisions=_values.size("guard_min_decisions", guard_min_decisions),
            decision_log=decision_log._handle if decision_log is not None else None,
        )
        self._handle = _calls.create(
            lib.sark_client_new,
            "sark_client",
            lib.sark_client_free,
            engine._handle,
            cache._handle if cache is not None else _calls.NULL,
            flags._handle if flags is not None else _calls.NULL,
            *_calls.span(None if opa_url is None else _values.text(opa_url)),
            *_calls.span(_values.text(feature)),
            options,
        )
        self._compiled = _compiled.calls("ClientCalls", self._handle)
        # The library keeps its own; without this one, nobody would log what happens to them.
        self._flags = flags
        self._logger = _log.logger(logger)
        # Without a remote there is nothing to fall back to, nor to compare with: nothing happens.
        if opa_url is not None:
            _log.follow(self)

    def close(self) -> None:
        lib.sark_client_close(self._handle)

    def decide(
        self,
        policy: str,
        input: Any = _values.LEFT_OUT,
        user: _values.Octets | None = None,
        timeout: float | None = None,
        traceparent: str | None = None,
    ) -> Decision:
        """Decide: by a policy's name or a path, on an input (any JSON value; left out: none), for a user (text or bytes).

        timeout        seconds; None for the client's
        traceparent    W3C's header of the request, passed on to the remote; one that is malformed is left out

        Raises PolicyNotFound, and any other Error where the remote cannot answer in the local engine's place.
        """
        if self._compiled is not None:
            bounds = (0, None) if timeout is traceparent is None else _bounds(timeout, traceparent)
            made: Decision = self._compiled.decide(policy, input, user, bounds)
            return made
        return self._decide(policy, _values.input_to_json(input), user, timeout, traceparent)

    def decide_json(
        self,
        policy: str,
        input: _values.Octets | None = None,
        user: _values.Octets | None = None,
        timeout: float | None = None,
        traceparent: str | None = None,
    ) -> Decision:
        """`decide`, on an input in JSON (None for no input)."""
        if self._compiled is not None:
            bounds = (0, None) if timeout is traceparent is None else _bounds(timeout, traceparent)
            made: Decision = self._compiled.decide_json(policy, input, user, bounds)
            return made
        return self._decide(policy, _values.optional_octets(input), user, timeout, traceparent)

    def status(self) -> dict[str, Any]:
        """How it is: the breaker, what shadow and guard found (docs: sark_client_status), and the fallbacks under way."""
        status: dict[str, Any] = _values.from_json(_calls.fetch(lib.sark_client_status, self._handle) or b"{}")
        return status

    def set_mask(self, pointers: Iterable[str]) -> None:
        """Leave places out of whatever is kept of inputs and results: JSON pointers such as "/input/password"."""
        document = _values.to_json(list(pointers))
        _calls.call(lib.sark_client_set_mask, self._handle, document, len(document))

    def replay(self, log: _values.Octets) -> dict[str, Any]:
        """Decide events of a decision log (JSON lines, OPA's format) again, by the engine alone: {"events", "equal", "differing", "skipped":
        {"erased", "nondeterministic", "failed", "unreadable"}, "differences": [{"decision_id", "path", "logged", "local"}]}, of which at
        most 100. `python -m sark.replay` does so for a file."""
        document = _values.octets(log)
        report: dict[str, Any] = _values.from_json(_calls.fetch(lib.sark_client_replay, self._handle, document, len(document)) or b"{}")
        return report

    def next_event(self, timeout: float = 0.0) -> dict[str, Any] | None:
        """The next thing that happened (when, level, event, message, fields), for one who logs himself; None where nothing did."""
        waiting = _values.nanoseconds("timeout", timeout) if timeout else 0
        event = _calls.fetch(lib.sark_client_next, self._handle, waiting)
        return None if event is None else _values.from_json(event)

    def begin(
        self,
        policy: str,
        input: Any = _values.LEFT_OUT,
        user: _values.Octets | None = None,
        timeout: float | None = None,
        traceparent: str | None = None,
    ) -> Decision | Ticket:
        """`decide` without blocking: the decision, where flags, cache and engine come to it within a millisecond; otherwise a ticket for
        the rest."""
        options = _options(timeout, traceparent)
        document, octets = _values.input_to_json(input), _values.optional_octets(user)
        fields, ticket = _calls.client_begin(self._handle, _values.text(policy), document, octets, options)
        return Ticket(ticket) if fields is None else decision_of(fields)

    async def decide_async(
        self,
        policy: str,
        input: Any = _values.LEFT_OUT,
        user: _values.Octets | None = None,
        timeout: float | None = None,
        traceparent: str | None = None,
    ) -> Decision:
        """`decide` for an event loop, which goes on meanwhile: what takes longer than a millisecond, the remote included, is done by a thread of
        the loop's executor. A task that is cancelled does not wait for it."""
        begun = self.begin(policy, input, user, timeout, traceparent)
        if isinstance(begun, Decision):
            return begun
        # Whoever awaits has imported it; nobody else should pay for it.
        import asyncio

        return await asyncio.to_thread(begun.run)

    def _decide(
        self, policy: str, document: bytes | None, user: _values.Octets | None, timeout: float | None, traceparent: str | None
    ) -> Decision:
        options = _options(timeout, traceparent)
        return decision_of(
            _calls.client_decide(self._handle, _values.text(policy), document, _values.optional_octets(user), options)
        )


def _options(timeout: float | None, traceparent: str | None) -> Any:
    trace = {} if traceparent is None else _trace(traceparent)
    return _calls.options("sark_decide_options", timeout_ns=_values.nanoseconds("timeout", timeout), **trace)


def _bounds(timeout: float | None, traceparent: str | None) -> tuple[int, tuple[int, ...] | None]:
    """What goes with a decision, for the compiled module: the time in nanoseconds, and the fields of the trace."""
    trace = None if traceparent is None else tuple(_trace(traceparent).values()) or None
    return 0 if timeout is None else _values.nanoseconds("timeout", timeout), trace


def _trace(traceparent: str) -> dict[str, int]:
    """The fields of a W3C traceparent; none where it is not one."""
    parts = traceparent.strip().split("-")
    if [len(part) for part in parts[:4]] != [2, 32, 16, 2]:
        return {}
    try:
        _, trace, parent, flags = (int(part, 16) for part in parts[:4])
    except ValueError:
        return {}
    return {"trace_id_high": trace >> 64, "trace_id_low": trace & (2**64 - 1), "trace_parent_id": parent, "trace_flags": flags}
