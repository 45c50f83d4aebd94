"""One call for a decision: local, cached or remote, as the flags say."""

from typing import TYPE_CHECKING, Any

from sark import _calls, _values
from sark._calls import lib
from sark._handle import Closable
from sark.decision import Decision, Phases

if TYPE_CHECKING:
    from sark.cache import Cache
    from sark.engine import Engine
    from sark.flags import Flags
    from sark.metrics import Metrics


class Client(Closable):
    """Decides by a local engine or a remote OPA. Threads may share it; it keeps what it is made from alive.

    engine                      decides locally
    cache                       keeps local decisions; None for no caching
    flags                       say which users are decided locally; None for everyone (they need an opa_url)
    opa_url                     the remote OPA, such as "http://localhost:8181"; None for local decisions only
    feature                     the flags' feature that is asked
    timeout                     seconds for a decision; None for the library's default, math.inf for none
    cache_ttl                   seconds that a decision is kept; None for the cache's default
    max_answer_bytes            the largest answer that is accepted from the remote
    max_concurrent_fallbacks    at most so many decisions at once fall back to the remote
    metrics                     where decisions are counted

    Raises InvalidArgument.
    """

    __slots__ = ("_flags",)

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
    ) -> None:
        options = _calls.options(
            "sark_client_options",
            timeout_ns=_values.nanoseconds("timeout", timeout),
            cache_ttl_ns=_values.nanoseconds("cache_ttl", cache_ttl),
            max_answer_bytes=_values.size("max_answer_bytes", max_answer_bytes),
            max_concurrent_fallbacks=_values.size("max_concurrent_fallbacks", max_concurrent_fallbacks),
            metrics=metrics._handle if metrics is not None else None,
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
        # The library keeps its own; without this one, nobody would log what happens to them.
        self._flags = flags

    def close(self) -> None:
        lib.sark_client_close(self._handle)

    def decide(
        self, policy: str, input: Any = _values.LEFT_OUT, user: _values.Octets | None = None, timeout: float | None = None
    ) -> Decision:
        """Decide: by a policy's name or a path, on an input (any JSON value; left out: none), for a user (text or bytes).

        timeout    seconds; None for the client's

        Raises PolicyNotFound, and any other Error where the remote cannot answer in the local engine's place.
        """
        return self._decide(policy, _values.input_to_json(input), user, timeout)

    def decide_json(
        self, policy: str, input: _values.Octets | None = None, user: _values.Octets | None = None, timeout: float | None = None
    ) -> Decision:
        """`decide`, on an input in JSON (None for no input)."""
        return self._decide(policy, _values.optional_octets(input), user, timeout)

    def _decide(self, policy: str, document: bytes | None, user: _values.Octets | None, timeout: float | None) -> Decision:
        options = _calls.options("sark_decide_options", timeout_ns=_values.nanoseconds("timeout", timeout))
        result, allowed, implementation, cached, fallback, duration, revision, phases = _calls.client_decide(
            self._handle, _values.text(policy), document, _values.optional_octets(user), options
        )
        return Decision(
            result=_values.answer(result),
            allowed=allowed,
            implementation=implementation,
            cached=cached,
            fallback=fallback,
            duration=duration / 1e9,
            revision=revision,
            phases=Phases(*(phase / 1e9 for phase in phases)),
        )
