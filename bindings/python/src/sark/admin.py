"""The admin API and its page, for the server that a program has already: a FastAPI router, an ASGI application, or a function.

    admin = sark.Admin(flags, tokens=[sark.Token("ops", os.environ["ADMIN_TOKEN"])], engine=engine, cache=cache, metrics=metrics)
    app.include_router(sark.admin.router(admin))        # FastAPI: /admin/, /admin/rollout, …
    app.mount("/admin", sark.admin.asgi(admin))         # or any ASGI framework

docs/admin.md has the routes.
"""

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sark import _calls, _log, _values
from sark._calls import ffi, lib
from sark._handle import Closable
from sark.error import Closed
from sark.flags import Flags

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from sark.cache import Cache
    from sark.client import Client
    from sark.engine import Engine
    from sark.metrics import Metrics

MAX_BODY = 64 << 10
"""The library refuses larger bodies; what mounts it need not read further."""

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

_WAITING = 2
"""So many requests wait for the store at once. It takes one change after the other anyway."""

_DRAINED = 16 * MAX_BODY
"""So much of a body that is too large is read all the same: who is still sending would not see the answer."""

Headers = Mapping[str, str] | Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Token:
    """Whoever bears it may "read" or "write"; the name stands in the history. A secret has at least 16 visible ASCII characters."""

    name: str
    secret: str
    role: Literal["read", "write"] = "write"

    def __repr__(self) -> str:
        return f"Token({self.name!r}, role={self.role!r})"


@dataclass(frozen=True, slots=True)
class Response:
    """What to send back."""

    status: int
    headers: dict[str, str]
    body: bytes


_CLOSED = Response(
    503,
    {"Content-Type": "application/problem+json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    b'{"detail":"the admin was closed","status":503,"title":"Service Unavailable","type":"about:blank"}',
)


class Admin(Closable):
    """Answers requests that turn the dial, or ask how everything is. Threads may share it.

    flags              the dial
    tokens             who may read and write; without any, `allow_anonymous` must be said
    engine, cache, metrics, client    what is shown of them, where they are given (of the client, its breaker)

    Raises InvalidArgument.
    """

    __slots__ = ("_flags", "_threads")

    def __init__(
        self,
        flags: Flags,
        *,
        tokens: Iterable[Token] = (),
        engine: "Engine | None" = None,
        cache: "Cache | None" = None,
        metrics: "Metrics | None" = None,
        client: "Client | None" = None,
        allow_anonymous: bool = False,
    ) -> None:
        self._flags = flags
        self._threads: tuple[int, ThreadPoolExecutor] | None = None
        listed = _values.to_json([{"name": each.name, "token": each.secret, "role": each.role} for each in tokens])
        shown = {"engine": engine, "cache": cache, "metrics": metrics, "client": client}
        handles = {name: each._handle for name, each in shown.items() if each is not None}
        options = _calls.new("sark_admin_options", flags=flags._handle, allow_anonymous=int(allow_anonymous), **handles)
        self._handle = _calls.create(lib.sark_admin_new, "sark_admin", lib.sark_admin_free, listed, len(listed), options)

    def close(self) -> None:
        lib.sark_admin_close(self._handle)

    def handle(self, method: str, target: str, headers: Headers = (), body: bytes = b"") -> Response:
        """Answer a request: `target` is its path, under /admin, and query. Blocks while the flags' store confirms a change."""
        fields = headers.items() if isinstance(headers, Mapping) else headers
        head = "".join(f"{name}: {value}\r\n" for name, value in fields).encode("latin-1", "replace")
        response = Response(*_calls.admin_handle(self._handle, method.encode(), target.encode(), head, body))
        _log.drain(self._flags)
        return response

    def _pool(self) -> "ThreadPoolExecutor":
        """Threads that wait for the store: of its own, so that a store that is away takes none from the program."""
        from concurrent.futures import ThreadPoolExecutor

        # A forked child has none of them.
        if self._threads is None or self._threads[0] != os.getpid():
            self._threads = (os.getpid(), ThreadPoolExecutor(_WAITING, thread_name_prefix="sark-admin"))
        return self._threads[1]


def router(admin: Admin, prefix: str = "/admin") -> Any:
    """A router for FastAPI with all routes of the admin."""
    from fastapi import APIRouter, Request
    from fastapi import Response as Answer

    async def answer(request: Request) -> Answer:
        below = request.path_params.get("path")
        rest = "" if below is None else f"/{below}"
        response = await _answer(admin, request.scope, rest, request.receive)
        answer = Answer(response.body, response.status, response.headers)
        if not _has_length(request.method, response):
            answer.raw_headers = [each for each in answer.raw_headers if each[0] != b"content-length"]
        return answer

    routes = APIRouter()
    for path in (prefix, prefix + "/{path:path}"):
        routes.add_api_route(path, answer, methods=_METHODS, include_in_schema=False)
    return routes


Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def asgi(admin: Admin) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """An ASGI application, to be mounted under any path, or to be served alone under /admin."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await _live(receive, send)
        if scope["type"] != "http":
            raise ValueError(f"the admin answers http, not {scope['type']}")
        rest = scope["path"].removeprefix(scope.get("root_path", ""))
        response = await _answer(admin, scope, rest.removeprefix("/admin"), receive)
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.headers.items()]
        if _has_length(scope["method"], response):
            headers.append((b"content-length", str(len(response.body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    return application


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _answer(admin: Admin, scope: Scope, rest: str, receive: Receive) -> Response:
    """The answer to a request for `rest`, the path below where the admin is mounted."""
    # Whoever mounts nothing does not pay for them.
    import asyncio
    from urllib.parse import quote

    method, path, query = scope["method"], "/admin" + quote(rest), scope["query_string"].decode("latin-1")
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    body = await _body(receive)
    if body is None:
        # Nobody is there any more.
        return Response(400, {}, b"")
    request = (method, f"{path}?{query}" if query else path, headers, body)
    try:
        if not _waits(method, path):
            return _moved(scope["path"] or scope.get("root_path", ""), admin.handle(*request))
        return await asyncio.get_running_loop().run_in_executor(admin._pool(), admin.handle, *request)
    except Closed:
        return _CLOSED


def _waits(method: str, path: str) -> bool:
    """Whether the answer may have to wait for the store. The rest is told from memory, also when others wait."""
    return method == "POST" or path.endswith("/history")


def _moved(path: str, response: Response) -> Response:
    """The page is below where the admin is mounted, whatever the name of that."""
    from urllib.parse import quote

    if "Location" in response.headers:
        response.headers["Location"] = quote(path.rpartition("/")[2]) + "/"
    return response


def _has_length(method: str, response: Response) -> bool:
    """Not where there is no body: 204, and HEAD, whose length would be that of the body of GET."""
    return method != "HEAD" and response.status != 204


async def _body(receive: Receive) -> bytes | None:
    """The body; of one that is too large, enough to see that; None where it did not arrive."""
    body, length = b"", 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        length += len(part)
        if len(body) <= MAX_BODY:
            body += part
        if length > _DRAINED or not message.get("more_body"):
            return body
