"""Several changes of an engine, all or nothing."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sark import _calls, _values
from sark._calls import ffi, lib
from sark._handle import Closable
from sark.error import Closed

if TYPE_CHECKING:
    from sark.engine import Engine, RegoVersion


class Update(Closable):
    """Changes that come into force together, at `commit`. Made by `Engine.update`.

    As a context manager it commits when the block ends, and drops the changes when an exception ends it.
    """

    __slots__ = ("_changed", "_lock")

    def __init__(self, engine: "Engine") -> None:
        self._handle = _calls.create(lib.sark_update_new, "sark_update", lib.sark_update_free, engine._handle)
        self._changed = False
        # The library's updates belong to one thread at a time.
        self._lock = threading.Lock()

    def close(self) -> None:
        """Drop the changes that are not committed; later calls raise `Closed`."""
        with self._lock:
            if self._handle is not None:
                ffi.release(self._handle)
                self._handle = None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None and self._changed:
                self.commit()
        finally:
            self.close()

    def load_policy(self, name: str, rego: str, rego_version: "RegoVersion | None" = None) -> None:
        """As `Engine.load_policy`; whether policies compile together is found at `commit`."""
        name_text, rego_text = _values.text(name), _values.text(rego)
        options = _calls.options("sark_load_options", rego_version=_values.rego(rego_version))
        self._change(lib.sark_update_load_policy, name_text, len(name_text), rego_text, len(rego_text), options)

    def remove_policy(self, name: str) -> None:
        """As `Engine.remove_policy`."""
        name_text = _values.text(name)
        self._change(lib.sark_update_remove_policy, name_text, len(name_text))

    def clear_policies(self) -> None:
        """As `Engine.clear_policies`."""
        self._change(lib.sark_update_clear_policies)

    def set_data(self, data: Any) -> None:
        """As `Engine.set_data`."""
        self.set_data_json(_values.to_json(data))

    def set_data_json(self, json: _values.Octets) -> None:
        """As `Engine.set_data_json`."""
        document = _values.octets(json)
        self._change(lib.sark_update_set_data, document, len(document), _calls.NULL)

    def patch_data(self, path: str, data: Any) -> None:
        """As `Engine.patch_data`."""
        self.patch_data_json(path, _values.to_json(data))

    def patch_data_json(self, path: str, json: _values.Octets) -> None:
        """As `Engine.patch_data_json`."""
        path_text, document = _values.text(path), _values.octets(json)
        self._change(lib.sark_update_patch_data, path_text, len(path_text), document, len(document), _calls.NULL)

    def commit(self, expected_revision: str | None = None) -> str:
        """Bring the changes into force; the new revision. The update is empty then, and may be used again.

        expected_revision    commit only if the engine's revision is still this one, else raise Conflict

        Raises Conflict, CompilationError: the engine is as before, and so are the changes.
        """
        expected = _calls.span(None if expected_revision is None else _values.text(expected_revision))
        with self._lock:
            revision = _calls.revise(lib.sark_update_commit, self._open(), *expected)
            self._changed = False
        return revision

    def _change(self, function: Callable[..., int], *arguments: Any) -> None:
        with self._lock:
            _calls.call(function, self._open(), *arguments)
            self._changed = True

    def _open(self) -> Any:
        if self._handle is None:
            raise Closed("the update is closed")
        return self._handle
