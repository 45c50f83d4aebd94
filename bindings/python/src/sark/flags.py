"""Who takes the local path: features rolled out to a percentage of the users."""

import logging
from typing import TYPE_CHECKING, Any, Literal

from sark import _calls, _compiled, _log, _values
from sark._calls import ffi, lib
from sark._handle import Closable

if TYPE_CHECKING:
    from sark.metrics import Metrics


Change = dict[str, Any]
"""A change of a dial: when (RFC 3339), feature, from (None where it was not set), to, who, why."""

Rollouts = list[dict[str, Any]]  # inside the class, `list` is the method
Changes = list[Change]

_SIDES = {None: lib.SARK_FORCE_NONE, "local": lib.SARK_FORCE_LOCAL, "remote": lib.SARK_FORCE_REMOTE}


class Flags(Closable):
    """Rollout percentages of features, from 0 to 100 in steps of 0.01. Threads may share it.

    url        where they are kept: "memory:", "file:PATH", "redis://…", "rediss://…" or "unix:PATH" (docs/flags.md)
    metrics    where assignments, and what goes wrong with the store, are counted
    max_age    seconds; how old the percentages of a store that is away may become before everyone takes the remote path
    logger     gets what happens (changes, a store that is away); by default the logger "sark"; False for nobody:
               take it with `next_event`

    A store that is away is no error: what was kept of it holds, or 0 %. The environment's SARK_FORCE, "local" or "remote", sends
    everyone to one side. Raises InvalidArgument, Unsupported. Users are text or bytes.
    """

    __slots__ = ("_compiled", "_logger")

    def __init__(
        self,
        url: str = "memory:",
        *,
        metrics: "Metrics | None" = None,
        max_age: float | None = None,
        logger: logging.Logger | Literal[False] | None = None,
    ) -> None:
        url_text = _values.text(url)
        options = _calls.options(
            "sark_flags_options",
            metrics=metrics._handle if metrics is not None else None,
            max_age_ns=_values.nanoseconds("max_age", max_age),
        )
        self._logger = _log.logger(logger)
        self._handle = _calls.create(lib.sark_flags_new, "sark_flags", lib.sark_flags_free, url_text, len(url_text), options)
        self._compiled = _compiled.calls("FlagsCalls", self._handle)
        _log.drain(self)
        # What happens to a store that others change too is logged when it happens, by a thread.
        if not url.startswith("memory:"):
            _log.follow(self)

    def close(self) -> None:
        lib.sark_flags_close(self._handle)

    def is_enabled(self, feature: str, user: _values.Octets | None = None) -> bool:
        """Whether the feature is on for the user. Without a user (None or empty) only at 100 %."""
        if self._compiled is not None:
            return bool(self._compiled.is_enabled(feature, user))
        try:
            # No user is the empty user, which the library takes for none.
            octets = user.encode() if type(user) is str else _values.octets(user or b"")
            return _calls.flags_is_enabled(self._handle, feature.encode(), octets)
        except UnicodeEncodeError as error:
            raise _values.InvalidArgument(f"not Unicode text: {error}") from error

    @staticmethod
    def bucket(feature: str, user: _values.Octets) -> int:
        """The user's place in the feature's rollout, 0 to 9,999: on where it is less than the percentage in hundredths."""
        feature_text, user_octets = _values.text(feature), _values.octets(user)
        number = ffi.new("uint32_t *")
        _calls.call(lib.sark_flags_bucket, feature_text, len(feature_text), user_octets, len(user_octets), number)
        return int(number[0])

    def set_rollout(self, feature: str, percentage: float, *, who: str = "", why: str = "") -> Change:
        """Roll the feature out to a percentage of the users. Raises InvalidArgument (a ValueError) outside 0 to 100, and Unavailable
        where the store did not confirm it."""
        feature_text, by = _values.text(feature), (*_text(who), *_text(why))
        change = _calls.fetch(lib.sark_flags_set_rollout_by, self._handle, feature_text, len(feature_text), percentage, *by)
        _log.drain(self)
        return _object(change)

    def rollout(self, feature: str) -> float:
        """The feature's percentage; 0 where it was never set."""
        feature_text = _values.text(feature)
        percentage = ffi.new("double *")
        _calls.call(lib.sark_flags_rollout, self._handle, feature_text, len(feature_text), percentage)
        return float(percentage[0])

    def rollback(self, feature: str, *, who: str = "", why: str = "") -> Change:
        """Back to 0 %. Raises as `set_rollout`."""
        return self._roll_back(_values.text(feature), who, why)[0]

    def rollback_all(self, *, who: str = "", why: str = "") -> Changes:
        """Every feature back to 0 %, at once."""
        return self._roll_back(None, who, why)

    def _roll_back(self, feature: bytes | None, who: str, why: str) -> Changes:
        by = (*_text(who), *_text(why))
        changes = _calls.fetch(lib.sark_flags_rollback_by, self._handle, *_calls.span(feature), *by)
        _log.drain(self)
        return _array(changes)

    def list(self) -> Rollouts:
        """The features, sorted: [{"feature": "rust_opa", "percentage": 25}]."""
        return _array(_calls.fetch(lib.sark_flags_list, self._handle))

    def history(self, feature: str | None = None, *, most: int | None = None) -> Changes:
        """The last changes, the newest first; of one feature, or of all. The store keeps 1,000. Raises Unavailable."""
        name = None if feature is None else _values.text(feature)
        return _array(_calls.fetch(lib.sark_flags_history, self._handle, *_calls.span(name), _values.size("most", most)))

    def status(self) -> dict[str, Any]:
        """How they are: store, known, age_seconds (None for never), too_old, problem, emptied, force."""
        return _object(_calls.fetch(lib.sark_flags_status, self._handle))

    def force(self, side: Literal["local", "remote"] | None) -> None:
        """Send everyone to one side, in this process alone, whatever the percentages say; None lets them decide again."""
        if side not in _SIDES:
            raise _values.InvalidArgument(f'side is {side!r}: "local", "remote" or None wanted')
        _calls.call(lib.sark_flags_force, self._handle, _SIDES[side])
        _log.drain(self)

    def next_event(self, timeout: float = 0.0) -> dict[str, Any] | None:
        """The next thing that happened (when, level, event, message, fields), for one who logs himself; None where nothing did."""
        waiting = _values.nanoseconds("timeout", timeout) if timeout else 0
        event = _calls.fetch(lib.sark_flags_next, self._handle, waiting)
        return None if event is None else _object(event)


def _text(value: str) -> tuple[Any, int]:
    return _calls.span(_values.text(value) if value else None)


def _object(document: bytes | None) -> dict[str, Any]:
    value: dict[str, Any] = _values.from_json(document or b"{}")
    return value


def _array(document: bytes | None) -> list[dict[str, Any]]:
    value: list[dict[str, Any]] = _values.from_json(document or b"[]")
    return value
