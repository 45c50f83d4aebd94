"""What happens inside the library, given to Python's loggers."""

import logging
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any

from sark.error import Closed

if TYPE_CHECKING:
    from sark.flags import Flags

_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_PATIENCE = 0.5
"""Seconds for which a thread keeps flags alive that nobody else has."""

_followed: "weakref.WeakSet[Flags]" = weakref.WeakSet()


def write(logger: logging.Logger, event: dict[str, Any]) -> None:
    """One event as a record: its name and fields are in `extra`, as `sark_event` and `sark_fields`."""
    extra = {"sark_event": event["event"], "sark_fields": event["fields"]}
    logger.log(_LEVELS.get(event["level"], logging.ERROR), "%s", event["message"], extra=extra)


def follow(flags: "Flags") -> None:
    """Log what happens to the flags, for as long as somebody has them."""
    _followed.add(flags)
    threading.Thread(target=_run, args=(weakref.ref(flags),), name="sark-log", daemon=True).start()


def _run(reference: "weakref.ref[Flags]") -> None:
    try:
        while (flags := reference()) is not None:
            flags._log(_PATIENCE)
            del flags
    except Closed:
        return


def _after_fork() -> None:
    # Threads are not copied; a child logs what happens to it.
    for flags in list(_followed):
        follow(flags)


os.register_at_fork(after_in_child=_after_fork)
