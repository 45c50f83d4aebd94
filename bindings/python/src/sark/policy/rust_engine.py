"""One client of OPA: inside this process where the native library is there, over HTTP where it is not, or where the engine fails.

New code uses `sark.Client`, which has the dial, the cache, the breaker and the metrics too.
"""

import asyncio
import contextlib
import http.client
import json
import logging
import os
import threading
from typing import Any
from urllib.parse import quote, urlsplit

try:
    from sark._rust import RustOPAEngine
except ImportError as _problem:
    RUST_AVAILABLE = False
    logging.getLogger("sark").warning("the native library is not available, decisions go to OPA over HTTP: %s", _problem)
else:
    RUST_AVAILABLE = True

logger = logging.getLogger("sark")

DEFAULT_URL = "http://localhost:8181"
"""Where OPA is asked, unless the environment's OPA_URL or a parameter says otherwise."""


class OPAError(Exception):
    """OPA did not answer, or answered an error."""


class HTTPOPAClient:
    """A remote OPA, by its data API, with a kept-alive connection for each thread that asks.

    url        None for the environment's OPA_URL, or http://localhost:8181
    timeout    seconds
    """

    MAX_ANSWER = 16 << 20

    def __init__(self, url: str | None = None, timeout: float = 5.0) -> None:
        self.url = url or os.environ.get("OPA_URL") or DEFAULT_URL
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{self.url!r} is not the URL of an OPA; write it like {DEFAULT_URL}")
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._address, self._prefix, self._timeout = (parts.hostname, parts.port), parts.path.rstrip("/"), timeout
        self._kept = threading.local()

    async def evaluate(self, policy: str, input_data: Any) -> Any:
        """The document of `data.<policy>`, or of a path that starts with `data.`; None where it is undefined. Raises OPAError."""
        return await asyncio.to_thread(self.ask, policy, input_data)

    def ask(self, policy: str, input_data: Any) -> Any:
        """`evaluate`, blocking."""
        if "[" in policy or not (keys := policy.removeprefix("data.").split(".")) or "" in keys:
            raise ValueError(f"{policy!r} is neither a policy's name nor a path like data.authz.allow")
        path = self._prefix + "/v1/data/" + "/".join(quote(key, safe="") for key in keys)
        body = json.dumps({"input": input_data}, allow_nan=False).encode()
        try:
            status, text = self._exchange(path, body)
            answer = json.loads(text)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise OPAError(f"OPA did not answer: {error}") from error
        if status != 200 or not isinstance(answer, dict):
            code = answer.get("code") if isinstance(answer, dict) else "no object"
            raise OPAError(f"OPA answered {status} {code}")
        return answer.get("result")

    def _exchange(self, path: str, body: bytes) -> tuple[int, bytes]:
        kept = getattr(self._kept, "connection", None)
        if kept is not None:
            # One that OPA closed meanwhile fails before an answer, and is tried once more on a new one.
            with contextlib.suppress(http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                return self._post(kept, path, body)
        return self._post(self._kind(*self._address, timeout=self._timeout), path, body)

    def _post(self, connection: http.client.HTTPConnection, path: str, body: bytes) -> tuple[int, bytes]:
        self._kept.connection = None
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read(self.MAX_ANSWER + 1)
        except BaseException:
            connection.close()
            raise
        if len(text) > self.MAX_ANSWER:
            connection.close()
            raise OPAError(f"OPA's answer is larger than {self.MAX_ANSWER} bytes")
        self._kept.connection = connection
        return answer.status, text


class OPAClient:
    """Decides by the native engine ("rust"), or over HTTP ("python"); where the engine fails, over HTTP.

    use_rust    False for HTTP alone; without the native library, it is HTTP alone anyway
    opa_url     the remote OPA; None for the environment's OPA_URL, or http://localhost:8181

    `backend` says which it is, and `engine` is it: policies are loaded by `client.engine.load_policy(name, rego)`.
    """

    def __init__(self, use_rust: bool = True, opa_url: str | None = None) -> None:
        self.use_rust = use_rust and RUST_AVAILABLE
        self.backend = "rust" if self.use_rust else "python"
        self._remote = HTTPOPAClient(opa_url)
        self.engine: Any = RustOPAEngine() if self.use_rust else self._remote

    async def evaluate(self, policy: str, input_data: Any) -> Any:
        """The document; a falsy value where it is undefined. Raises PolicyNotFound for a name that is not loaded, OPAError."""
        if not self.use_rust:
            return await self._remote.evaluate(policy, input_data)
        try:
            return self.engine.evaluate(policy, input_data)
        except Exception as error:
            # A name that nobody loaded, or what is no path, is the caller's to mend.
            if isinstance(error, (LookupError, ValueError)) and not _may_be_answered(error):
                raise
            # An error's text may quote the input.
            problem = type(error).__name__
            logger.warning("%s fell back to OPA over HTTP: %s", policy, problem, extra={"policy": policy, "fallback": "python"})
            try:
                return await self._remote.evaluate(policy, input_data)
            except OPAError as remote_error:
                raise error from remote_error


def _may_be_answered(error: Exception) -> bool:
    """Whether OPA may know what the engine could not read or write."""
    return getattr(error, "status", None) == "SERIALIZATION_ERROR"
