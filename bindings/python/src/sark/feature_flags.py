"""The dial by the names of gateways that were written for Redis: `FeatureFlagManager`, `assign_implementation`.

New code uses `sark.Flags`.
"""

from typing import Any
from urllib.parse import quote

from sark.error import InvalidArgument
from sark.flags import Flags

FEATURE = "rust_opa"
"""The feature of `assign_implementation`, and the default one of `sark.Client`."""


class FeatureFlagManager:
    """Percentages in Redis, answered from memory: a check never asks the server.

    redis_client    a client of redis-py, whose server is used (its connections are not); or a store's URL; None keeps them in memory
    """

    def __init__(self, redis_client: Any = None, **options: Any) -> None:
        self.flags = Flags(_url(redis_client), **options)

    def should_use_rust(self, feature: str, user_id: str) -> bool:
        """Whether the user takes the local path of the feature."""
        return self.flags.is_enabled(feature, user_id)

    def get_rollout_pct(self, feature: str) -> float:
        """The feature's percentage; 0 where it was never set. Whole ones are ints."""
        return _number(self.flags.rollout(feature))

    def set_rollout_pct(self, feature: str, percentage: float) -> None:
        """Raises ValueError outside 0 to 100."""
        self.flags.set_rollout(feature, percentage)

    def get_all_rollouts(self) -> dict[str, float]:
        """All features and their percentages."""
        return {each["feature"]: each["percentage"] for each in self.flags.list()}

    def rollback(self, feature: str) -> None:
        """Back to 0 %."""
        self.flags.rollback(feature)

    def rollback_all(self) -> None:
        """Every feature back to 0 %."""
        self.flags.rollback_all()


def assign_implementation(user_id: str, rollout_pct: float) -> str:
    """ "rust" for a user on the local path at this percentage, otherwise "python". The same user always gets the same answer, in every
    process; raising the percentage takes nobody off the local path. Raises ValueError outside 0 to 100."""
    if not 0 <= rollout_pct <= 100:
        raise InvalidArgument(f"rollout_pct is {rollout_pct}: a number from 0 to 100 wanted")
    if not user_id:
        return "rust" if rollout_pct == 100 else "python"
    return "rust" if Flags.bucket(FEATURE, user_id) < round(rollout_pct * 100) else "python"


def _number(percentage: float) -> float:
    return int(percentage) if percentage == int(percentage) else percentage


def _url(client: Any) -> str:
    if client is None:
        return "memory:"
    if isinstance(client, str):
        return client
    pool = getattr(client, "connection_pool", None)
    arguments = getattr(pool, "connection_kwargs", None)
    if not isinstance(arguments, dict):
        raise InvalidArgument(f"a client of redis-py or a URL wanted, not {type(client).__name__}")
    user, password, db = (str(arguments.get(name) or "") for name in ("username", "password", "db"))
    if arguments.get("path"):
        login = "".join(f"&{name}={quote(value, safe='')}" for name, value in (("user", user), ("pass", password)) if value)
        return f"unix:{quote(arguments['path'])}?db={db or 0}{login}"
    scheme = "rediss" if "SSL" in getattr(pool, "connection_class", type(None)).__name__ else "redis"
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if password else ""
    host = arguments.get("host") or "localhost"
    return f"{scheme}://{login}{f'[{host}]' if ':' in host else host}:{arguments.get('port') or 6379}/{db or 0}"
