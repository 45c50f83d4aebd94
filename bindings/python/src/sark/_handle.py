"""What every object that the library makes has in common."""

from types import TracebackType
from typing import Any, Self


class Closable:
    """An object with `close`, usable with `with`. Closing twice is harmless."""

    __slots__ = ("__weakref__", "_handle")

    _handle: Any

    def close(self) -> None:
        """Close: from now on every call raises `Closed`, on every thread, also those that are under way where they can still stop.

        The memory goes with the last reference to the object; `close` is for when that is not soon enough, or not certain.
        """
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
