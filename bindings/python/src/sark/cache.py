"""A bounded cache with expiry."""

from typing import TYPE_CHECKING

from sark import _calls, _compiled, _values
from sark._calls import lib
from sark._handle import Closable

if TYPE_CHECKING:
    from sark.metrics import Metrics


Value = bytes  # inside the class, `bytes` is the property


class Cache(Closable):
    """Bytes by keys, bounded in entries and in bytes. Threads may share it. Keys and values are bytes, or text for its UTF-8.

    max_entries       at most this many entries
    max_bytes         at most this many bytes of keys, values and bookkeeping
    default_ttl       seconds that an entry is kept where `set` does not say; math.inf for ever
    sweep_interval    seconds between two sweeps of expired entries; None for the library's default, math.inf for no sweeps
    metrics           where this cache's calls are counted

    Raises InvalidArgument.
    """

    __slots__ = ("_compiled",)

    def __init__(
        self,
        max_entries: int = 10_000,
        max_bytes: int = 64 << 20,
        default_ttl: float = 300.0,
        *,
        sweep_interval: float | None = None,
        metrics: "Metrics | None" = None,
    ) -> None:
        options = _calls.options(
            "sark_cache_options",
            max_entries=_values.size("max_entries", max_entries),
            max_bytes=_values.size("max_bytes", max_bytes),
            default_ttl_ns=_values.nanoseconds("default_ttl", default_ttl),
            sweep_interval_ns=_values.nanoseconds("sweep_interval", sweep_interval),
            metrics=metrics._handle if metrics is not None else None,
        )
        self._handle = _calls.create(lib.sark_cache_new, "sark_cache", lib.sark_cache_free, options)
        self._compiled = _compiled.calls("CacheCalls", self._handle)

    def close(self) -> None:
        lib.sark_cache_close(self._handle)

    def get(self, key: _values.Octets) -> Value | None:
        """The value, or None where there is none, or none any more."""
        if self._compiled is not None:
            value: Value | None = self._compiled.get(key)
            return value
        return _calls.cache_get(self._handle, _values.octets(key))

    def set(self, key: _values.Octets, value: _values.Octets, ttl: float | None = None) -> None:
        """Keep a value for `ttl` seconds (None for the cache's default, math.inf for ever). Raises TooLarge."""
        options = _calls.NULL if ttl is None else _calls.new("sark_cache_set_options", ttl_ns=_values.nanoseconds("ttl", ttl))
        _calls.cache_set(self._handle, _values.octets(key), _values.octets(value), options)

    def remove(self, key: _values.Octets) -> bool:
        """Remove an entry; whether it was there."""
        octets = _values.octets(key)
        return _calls.call(lib.sark_cache_remove, self._handle, octets, len(octets)) == 0

    def clear(self) -> None:
        """Remove every entry."""
        _calls.call(lib.sark_cache_clear, self._handle)

    def __len__(self) -> int:
        return _calls.count(lib.sark_cache_len, self._handle)

    def __bool__(self) -> bool:
        """An empty cache is still a cache: `if cache:` asks whether there is one."""
        return True

    @property
    def bytes(self) -> int:
        """The bytes that the entries take."""
        return _calls.count(lib.sark_cache_bytes, self._handle)

    def cleanup_expired(self) -> int:
        """Remove the expired entries now; how many they were."""
        return _calls.count(lib.sark_cache_cleanup_expired, self._handle)

    def stats(self) -> dict[str, int]:
        """Hits, misses, sets, removals, evictions, expirations since the beginning; entries and bytes now."""
        stats: dict[str, int] = _values.from_json(_calls.fetch(lib.sark_cache_stats, self._handle) or b"{}")
        return stats
