"""What happens inside the library, given to Python's loggers."""

import logging
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, Literal

from sark.error import Closed

if TYPE_CHECKING:
    from sark.client import Client
    from sark.flags import Flags

    Source = Client | Flags

_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_PATIENCE = 0.5
"""Seconds for which a thread keeps a handle alive that nobody else has."""

_followed: "weakref.WeakSet[Source]" = weakref.WeakSet()


def logger(given: logging.Logger | Literal[False] | None) -> logging.Logger | None:
    """Who gets what happens; None for nobody."""
    if given is None:
        return logging.getLogger("sark")
    return None if given is False else given


def write(logger: logging.Logger, event: dict[str, Any]) -> None:
    """One event as a record: its name and fields are in `extra`, as `sark_event` and `sark_fields`."""
    extra = {"sark_event": event["event"], "sark_fields": event["fields"]}
    logger.log(_LEVELS.get(event["level"], logging.ERROR), "%s", event["message"], extra=extra)


def follow(source: "Source") -> None:
    """Log what happens to flags or a client, for as long as somebody has them."""
    if source._logger is None:
        return
    _followed.add(source)
    threading.Thread(target=_run, args=(weakref.ref(source),), name="sark-log", daemon=True).start()


def drain(source: "Source", timeout: float = 0.0) -> None:
    """Log what happened so far, and wait so many seconds for more."""
    while source._logger is not None and (event := source.next_event(timeout)) is not None:
        write(source._logger, event)


def _run(reference: "weakref.ref[Source]") -> None:
    try:
        while (source := reference()) is not None:
            drain(source, _PATIENCE)
            del source
    except Closed:
        return


def _after_fork() -> None:
    # Threads are not copied; a child logs what happens to it.
    for source in list(_followed):
        follow(source)


os.register_at_fork(after_in_child=_after_fork)
