"""The engine and the cache by the names of the first sark's users: `RustOPAEngine`, `RustCache`.

New code uses `sark.Engine` and `sark.Cache`, which can more. Where the library was built as a module of CPython (`_rust.abi3.so` beside this
file), Python imports that one instead.
"""

from typing import Any

from sark.cache import Cache
from sark.engine import Engine
from sark.error import CompilationError as OPACompilationError
from sark.error import EvaluationError as OPAEvaluationError
from sark.error import InvalidArgument

__all__ = ["OPACompilationError", "OPAEvaluationError", "RustCache", "RustOPAEngine"]


class RustOPAEngine:
    """Policies by name. Threads may share it."""

    def __init__(self) -> None:
        self._engine = Engine()

    def load_policy(self, name: str, rego: str) -> None:
        """Load or replace a policy. Raises OPACompilationError, and the old one stays in force."""
        self._engine.load_policy(name, rego)

    def evaluate(self, policy: str, input: Any) -> Any:
        """The document of a policy's package, or of a path that starts with `data.`; `sark.UNDEFINED`, which is falsy, where nothing defines it.

        Raises PolicyNotFound (a LookupError), OPAEvaluationError.
        """
        return self._engine.evaluate(policy, input)

    def loaded_policies(self) -> list[str]:
        """The names, sorted."""
        return self._engine.policy_names()

    def has_policy(self, name: str) -> bool:
        return self._engine.has_policy(name)

    def remove_policy(self, name: str) -> None:
        """Raises PolicyNotFound."""
        self._engine.remove_policy(name)

    def clear_policies(self) -> None:
        self._engine.clear_policies()


class RustCache:
    """Texts by text, each for so many seconds. Threads may share it. Raises ValueError for a size or a time of 0."""

    def __init__(self, max_size: int, ttl_secs: float) -> None:
        if max_size <= 0 or ttl_secs <= 0:
            raise InvalidArgument(f"max_size is {max_size}, ttl_secs {ttl_secs}: more than 0 wanted")
        self._cache = Cache(max_entries=max_size, default_ttl=ttl_secs)

    def get(self, key: str) -> str | None:
        value = self._cache.get(key)
        return None if value is None else value.decode()

    def set(self, key: str, value: str, ttl: float | None = None) -> None:
        """Keep a value for `ttl` seconds; None for the cache's time."""
        if ttl is not None and ttl <= 0:
            raise InvalidArgument(f"ttl is {ttl}: more than 0 wanted")
        self._cache.set(key, value, ttl)

    def delete(self, key: str) -> bool:
        """Says whether it was there."""
        return self._cache.remove(key)

    def clear(self) -> None:
        self._cache.clear()

    def size(self) -> int:
        return len(self._cache)

    def cleanup_expired(self) -> int:
        """Remove what has expired; says how many."""
        return self._cache.cleanup_expired()
