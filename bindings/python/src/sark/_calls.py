"""The one module that calls the library.

Every call of the C ABI that this package makes goes through a function here. They take handles, bytes and options, and give
bytes, None or an exception. The hot ones (bottom half) have names and plain arguments, so that a compiled module can stand
in for them, on the same handles, and no other module would notice.

Handles are cffi pointers with a destructor. Whoever calls holds a reference to the handle for as long as the call lasts,
as an argument of the functions below: the destructor runs exactly once, after the last call has returned, on any thread.
"""

from collections.abc import Callable
from typing import Any

from sark import error as errors
from sark._native import ffi as ffi
from sark._native import lib as lib

if lib.sark_abi_version() != lib.SARK_ABI_VERSION:
    raise ImportError("sark: the extension and the library beside it are of different versions")

Handle = Any
NULL = ffi.NULL

_KEPT_BUFFER_BYTES = 1 << 20
"""A buffer that grew beyond this is given back to the allocator instead of being kept for the next call."""


class _Scratch:
    """The memory that a call writes to, reused from call to call."""

    __slots__ = ("buffer", "decide_info", "decision", "error")

    def __init__(self) -> None:
        buffer = lib.sark_buffer_new()
        if buffer == NULL:
            raise MemoryError("sark: no memory for a buffer")
        self.buffer = ffi.gc(buffer, lib.sark_buffer_free)
        self.error = ffi.new("sark_error *[1]")
        self.decision = ffi.new("sark_decision *[1]")
        self.decide_info = new("sark_decide_info")


# Taken from and given back to a list (atomic operations), rather than kept in a thread-local variable: a signal handler or a
# destructor may call sark in the middle of another call of the same thread, and must not write over that one's answer.
_pool: list[_Scratch] = []


def _take() -> _Scratch:
    try:
        return _pool.pop()
    except IndexError:
        return _Scratch()


def _give_back(scratch: _Scratch) -> None:
    if scratch.buffer.capacity <= _KEPT_BUFFER_BYTES:
        _pool.append(scratch)


def new(name: str, **fields: Any) -> Any:
    """A zeroed struct of options or information, with its size and some fields filled in."""
    struct = ffi.new(name + " *")
    struct.struct_size = ffi.sizeof(name)
    for field, value in fields.items():
        setattr(struct, field, value)
    return struct


def options(name: str, **fields: Any) -> Any:
    """A struct of options, or NULL where every field has its default."""
    given = {field: value for field, value in fields.items() if value}
    return new(name, **given) if given else NULL


def _octets(text: Any) -> bytes:
    return ffi.buffer(text.data, text.length)[:] if text.length else b""


def _text(text: Any) -> str:
    return _octets(text).decode()


def version() -> str:
    """The library's version."""
    return _text(lib.sark_version())


def _take_error(pointer: Any) -> errors.Error:
    """The exception for an error that the library gave, which is freed."""
    try:
        return errors.make(
            _text(lib.sark_status_name(lib.sark_error_status(pointer))),
            _text(lib.sark_error_code(pointer)),
            _text(lib.sark_error_message(pointer)),
            _octets(lib.sark_error_json(pointer)),
        )
    finally:
        lib.sark_error_free(pointer)


def call(function: Callable[..., int], *arguments: Any) -> int:
    """Call a fallible function; its status, which is not negative."""
    error = ffi.new("sark_error *[1]")
    status = function(*arguments, error)
    if status < 0:
        raise _take_error(error[0])
    return status


def create(function: Callable[..., int], kind: str, free: Callable[[Any], None], *arguments: Any) -> Handle:
    """Call a function that makes an object; its handle, freed with the last reference to it."""
    slot = ffi.new(kind + " *[1]")
    call(function, *arguments, slot)
    return ffi.gc(slot[0], free)


def revise(function: Callable[..., int], *arguments: Any) -> str:
    """Call a function that changes an engine; the new revision."""
    info = new("sark_revision_info")
    call(function, *arguments, info)
    return str(ffi.string(info.revision), "utf-8")


def count(function: Callable[..., int], handle: Handle) -> int:
    """Call a function that answers a number."""
    number = ffi.new("uint64_t *")
    call(function, handle, number)
    return int(number[0])


def fetch(function: Callable[..., int], *arguments: Any) -> bytes | None:
    """Call a function that fills a buffer; a copy of what it holds, or None for "undefined" and "no such entry"."""
    scratch = _take()
    buffer = scratch.buffer
    status = function(*arguments, buffer, scratch.error)
    if status < 0:
        error = _take_error(scratch.error[0])
        _give_back(scratch)
        raise error
    length = buffer.length
    answer = None if status else ffi.buffer(buffer.data, length)[:] if length else b""
    _give_back(scratch)
    return answer


def predicate(function: Callable[..., bool], *arguments: Any) -> bool:
    """Call a function that answers yes or no, and says an error beside it."""
    scratch = _take()
    answer = function(*arguments, scratch.error)
    pointer = scratch.error[0]
    _give_back(scratch)
    if pointer != NULL:
        raise _take_error(pointer)
    return answer


def span(octets: bytes | None) -> tuple[Any, int]:
    """The pointer and length of bytes that may be left out."""
    return (NULL, 0) if octets is None else (octets, len(octets))


def admin_handle(admin: Handle, method: bytes, target: bytes, headers: bytes, body: bytes) -> tuple[int, dict[str, str], bytes]:
    """Answer a request; status, headers and body."""
    scratch, second = _take(), _take()
    number = ffi.new("uint32_t *")
    request = (method, len(method), target, len(target), headers, len(headers), body, len(body))
    status = lib.sark_admin_handle(admin, *request, number, scratch.buffer, second.buffer, scratch.error)
    error = _take_error(scratch.error[0]) if status < 0 else None
    fields = ffi.buffer(scratch.buffer.data, scratch.buffer.length)[:] if scratch.buffer.length else b""
    content = ffi.buffer(second.buffer.data, second.buffer.length)[:] if second.buffer.length else b""
    _give_back(scratch)
    _give_back(second)
    if error is not None:
        raise error
    lines = (line.split(": ", 1) for line in fields.decode("latin-1").splitlines())
    return int(number[0]), {name: value for name, value in lines}, content


# The hot calls.


def engine_evaluate(engine: Handle, policy: bytes, json: bytes | None, options: Any) -> bytes | None:
    return fetch(lib.sark_engine_evaluate, engine, policy, len(policy), *span(json), options, NULL)


def engine_explain(engine: Handle, policy: bytes, json: bytes | None, options: Any) -> bytes:
    return fetch(lib.sark_engine_explain, engine, policy, len(policy), *span(json), options, NULL) or b"{}"


def engine_query(engine: Handle, text: bytes, json: bytes | None, options: Any) -> bytes:
    return fetch(lib.sark_engine_query, engine, text, len(text), *span(json), options, NULL) or b"[]"


def query_evaluate(query: Handle, json: bytes | None, options: Any) -> bytes | None:
    return fetch(lib.sark_query_evaluate, query, *span(json), options, NULL)


def query_evaluate_input(query: Handle, parsed: Handle, options: Any) -> bytes | None:
    return fetch(lib.sark_query_evaluate_input, query, parsed, options, NULL)


def query_allows(query: Handle, json: bytes | None, options: Any) -> bool:
    return predicate(lib.sark_query_allows, query, *span(json), options, NULL)


def query_evaluate_batch(query: Handle, inputs: list[bytes], options: Any) -> list[bytes | None | errors.Error]:
    """Evaluate many inputs; for each its answer, None for undefined, or its error."""
    offsets, end = [0], 0
    for each in inputs:
        end += len(each)
        offsets.append(end)
    results = ffi.new("sark_batch_result[]", max(1, len(inputs)))
    packed = b"".join(inputs)
    answers = fetch(
        lib.sark_query_evaluate_batch, query, packed, len(packed), ffi.new("uint64_t[]", offsets), len(inputs), options, NULL, results
    )
    return [_batch_answer(results[number], answers or b"") for number in range(len(inputs))]


def _batch_answer(result: Any, answers: bytes) -> bytes | None | errors.Error:
    answer = answers[result.offset : result.offset + result.length]
    if result.status < 0:
        return errors.from_json(answer)
    return None if result.status else answer


def cache_get(cache: Handle, key: bytes) -> bytes | None:
    return fetch(lib.sark_cache_get, cache, key, len(key))


def cache_set(cache: Handle, key: bytes, value: bytes, options: Any) -> None:
    call(lib.sark_cache_set, cache, key, len(key), value, len(value), options, NULL)


_is_enabled = lib.sark_flags_is_enabled
_error_slots: list[Any] = []


def flags_is_enabled(flags: Handle, feature: bytes, user: bytes) -> bool:
    # `predicate` by hand, with a slot for the error alone: this call is made on each request and takes a third of what that one takes.
    try:
        slot = _error_slots.pop()
    except IndexError:
        slot = ffi.new("sark_error *[1]")
    answer: bool = _is_enabled(flags, feature, len(feature), user, len(user), slot)
    if not answer and slot[0]:
        raise _take_error(slot[0])
    _error_slots.append(slot)
    return answer


DecisionFields = tuple[bytes | None, bool, str, bool, str, int, str, tuple[int, int, int, int, int], str]
"""JSON or None for undefined, allowed, implementation, cached, fallback, duration, revision, (flags, cache, evaluate, remote); in ns."""


def client_decide(client: Handle, policy: bytes, json: bytes | None, user: bytes | None, options: Any) -> DecisionFields:
    scratch = _take()
    status = lib.sark_client_decide(
        client, policy, len(policy), *span(json), *span(user), options, scratch.decide_info, scratch.decision, scratch.error
    )
    return _decided(status, scratch)


def client_begin(
    client: Handle, policy: bytes, json: bytes | None, user: bytes | None, options: Any
) -> tuple[DecisionFields | None, Handle]:
    """The decision, or a ticket."""
    scratch, ticket = _take(), ffi.new("sark_ticket *[1]")
    question = (policy, len(policy), *span(json), *span(user), options)
    status = lib.sark_client_begin(client, *question, scratch.decide_info, scratch.decision, ticket, scratch.error)
    if status == lib.SARK_PENDING:
        _give_back(scratch)
        return None, ffi.gc(ticket[0], lib.sark_ticket_free)
    return _decided(status, scratch), None


def ticket_request(ticket: Handle) -> tuple[str, str, bytes]:
    """URL, header lines and body."""
    return _text(lib.sark_ticket_url(ticket)), _text(lib.sark_ticket_headers(ticket)), _octets(lib.sark_ticket_body(ticket))


def ticket_timeout(ticket: Handle) -> float:
    """Seconds."""
    left = lib.sark_ticket_timeout_ns(ticket)
    return float("inf") if left == lib.SARK_NO_TIMEOUT else left / 1e9


def ticket_decide(function: Callable[..., int], *arguments: Any) -> DecisionFields:
    scratch = _take()
    return _decided(function(*arguments, scratch.decide_info, scratch.decision, scratch.error), scratch)


def _decided(status: int, scratch: _Scratch) -> DecisionFields:
    """What a call that decides wrote to the scratch, which is given back."""
    if status < 0:
        error = _take_error(scratch.error[0])
        _give_back(scratch)
        raise error
    info, decision = scratch.decide_info, scratch.decision[0]
    try:
        is_undefined = lib.sark_decision_status(decision) == lib.SARK_UNDEFINED
        fields = (
            None if is_undefined else _octets(lib.sark_decision_result(decision)),
            lib.sark_decision_allowed(decision),
            _text(lib.sark_decision_implementation(decision)),
            lib.sark_decision_cached(decision),
            _text(lib.sark_decision_fallback(decision)),
            lib.sark_decision_duration_ns(decision),
            _text(lib.sark_decision_revision(decision)),
            (info.flag_ns, info.cache_ns, info.read_ns, info.evaluate_ns, info.remote_ns),
            _text(lib.sark_decision_id(decision)),
        )
    finally:
        lib.sark_decision_free(decision)
    _give_back(scratch)
    return fields
