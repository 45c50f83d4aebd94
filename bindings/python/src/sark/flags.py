"""Who takes the local path: features rolled out to a percentage of the users."""

from typing import TYPE_CHECKING, Any

from sark import _calls, _values
from sark._calls import ffi, lib
from sark._handle import Closable

if TYPE_CHECKING:
    from sark.metrics import Metrics


Rollouts = list[dict[str, Any]]  # inside the class, `list` is the method


class Flags(Closable):
    """Rollout percentages of features, from 0 to 100 in steps of 0.01. Threads may share it.

    url        where they are kept: "memory:"
    metrics    where assignments are counted

    Raises InvalidArgument, Unsupported. Users are text or bytes.
    """

    __slots__ = ()

    def __init__(self, url: str = "memory:", *, metrics: "Metrics | None" = None) -> None:
        url_text = _values.text(url)
        options = _calls.options("sark_flags_options", metrics=metrics._handle if metrics is not None else None)
        self._handle = _calls.create(lib.sark_flags_new, "sark_flags", lib.sark_flags_free, url_text, len(url_text), options)

    def close(self) -> None:
        lib.sark_flags_close(self._handle)

    def is_enabled(self, feature: str, user: _values.Octets | None = None) -> bool:
        """Whether the feature is on for the user. Without a user (None or empty) only at 100 %."""
        return _calls.flags_is_enabled(self._handle, _values.text(feature), _values.optional_octets(user))

    @staticmethod
    def bucket(feature: str, user: _values.Octets) -> int:
        """The user's place in the feature's rollout, 0 to 9,999: on where it is less than the percentage in hundredths."""
        feature_text, user_octets = _values.text(feature), _values.octets(user)
        number = ffi.new("uint32_t *")
        _calls.call(lib.sark_flags_bucket, feature_text, len(feature_text), user_octets, len(user_octets), number)
        return int(number[0])

    def set_rollout(self, feature: str, percentage: float) -> None:
        """Roll the feature out to a percentage of the users. Raises InvalidArgument outside 0 to 100."""
        feature_text = _values.text(feature)
        _calls.call(lib.sark_flags_set_rollout, self._handle, feature_text, len(feature_text), percentage)

    def rollout(self, feature: str) -> float:
        """The feature's percentage; 0 where it was never set."""
        feature_text = _values.text(feature)
        percentage = ffi.new("double *")
        _calls.call(lib.sark_flags_rollout, self._handle, feature_text, len(feature_text), percentage)
        return float(percentage[0])

    def rollback(self, feature: str) -> None:
        """Back to 0 %."""
        feature_text = _values.text(feature)
        _calls.call(lib.sark_flags_rollback, self._handle, feature_text, len(feature_text))

    def rollback_all(self) -> None:
        """Every feature back to 0 %."""
        _calls.call(lib.sark_flags_rollback_all, self._handle)

    def list(self) -> Rollouts:
        """The features, sorted: [{"feature": "rust_opa", "percentage": 25}]."""
        features: Rollouts = _values.from_json(_calls.fetch(lib.sark_flags_list, self._handle) or b"[]")
        return features
