"""Decisions about requests: by the engine or by a remote OPA, as the dial says. Whatever goes wrong denies."""

import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import parse_qs

from sark.policy.rust_engine import OPAClient

logger = logging.getLogger("sark")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

FEATURE = "rust_opa"


class FeatureFlags(Protocol):
    """What is asked who takes the local path: `sark.FeatureFlagManager`, or anything with this method."""

    def should_use_rust(self, feature: str, user_id: str) -> bool: ...


def is_allowed(result: Any) -> bool:
    """Exactly true, or an object whose `allow` (or, without one, `allowed`) is exactly true: everything else is a no."""
    if isinstance(result, dict):
        result = result["allow"] if "allow" in result else result.get("allowed")
    return result is True


def _user_of_request(request: Any) -> str:
    return str(request.user.id)


def _input_of_request(request: Any) -> Any:
    return request.to_dict()


class PolicyEnforcementMiddleware:
    """Decides whether a request may pass.

    feature_flags    the dial: `sark.FeatureFlagManager`
    policy           what is asked: a policy's name, or a path that starts with `data.`
    opa_url          the remote OPA; None for the environment's OPA_URL, or http://localhost:8181
    user_of          the request's user; by default `request.user.id`
    input_of         the policy's input; by default `request.to_dict()`

    Policies for the local path are loaded by `middleware.rust_client.engine.load_policy(name, rego)`.
    """

    def __init__(
        self,
        feature_flags: FeatureFlags,
        *,
        policy: str = "authz",
        opa_url: str | None = None,
        user_of: Callable[[Any], str] = _user_of_request,
        input_of: Callable[[Any], Any] = _input_of_request,
    ) -> None:
        self.feature_flags, self.policy = feature_flags, policy
        self.rust_client, self.python_client = OPAClient(use_rust=True, opa_url=opa_url), OPAClient(use_rust=False, opa_url=opa_url)
        self._user_of, self._input_of = user_of, input_of

    async def enforce_policy(self, request: Any) -> bool:
        """Whether the request may pass. Never raises: what cannot be decided is denied, and logged without the input."""
        try:
            use_rust = self.feature_flags.should_use_rust(FEATURE, self._user_of(request))
            client = self.rust_client if use_rust else self.python_client
            return is_allowed(await client.evaluate(self.policy, self._input_of(request)))
        except Exception as error:
            logger.error("denied, since %s could not be decided: %s", self.policy, type(error).__name__, extra={"policy": self.policy})
            return False


def user_of_scope(scope: Scope) -> str:
    """The id of the user that an authentication put into the scope (Starlette's AuthenticationMiddleware and its like); else empty."""
    user = scope.get("user")
    for name in ("id", "identity", "username"):
        try:
            if value := getattr(user, name, None):
                return str(value)
        except NotImplementedError:
            continue
    return ""


def input_of_scope(scope: Scope) -> dict[str, Any]:
    """Method, path, its parts, query and user. No headers: they hold secrets."""
    path = scope.get("path", "")
    return {
        "method": scope.get("method", "GET" if scope["type"] == "websocket" else ""),
        "path": path,
        "parts": [part for part in path.split("/") if part],
        "query": parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True),
        "user": user_of_scope(scope),
    }


class PolicyEnforcementASGIMiddleware:
    """Lets through what the policy allows, and answers 403 with a problem document (RFC 9457) to everything else.

        app.add_middleware(PolicyEnforcementASGIMiddleware, feature_flags=FeatureFlagManager("redis://…"))

    app              the ASGI application behind it
    feature_flags    the dial
    enforcement      instead of `feature_flags` and the options: one that was made before, whose functions take a scope
    options          as of PolicyEnforcementMiddleware; `user_of` and `input_of` take the ASGI scope
    """

    def __init__(
        self,
        app: App,
        feature_flags: FeatureFlags | None = None,
        *,
        enforcement: PolicyEnforcementMiddleware | None = None,
        **options: Any,
    ) -> None:
        if (feature_flags is None) == (enforcement is None):
            raise ValueError("either feature_flags or enforcement wanted")
        self._app = app
        if enforcement is None and feature_flags is not None:
            enforcement = PolicyEnforcementMiddleware(feature_flags, **{"user_of": user_of_scope, "input_of": input_of_scope} | options)
        self._enforcement: PolicyEnforcementMiddleware | None = enforcement

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        if self._enforcement is not None and await self._enforcement.enforce_policy(scope):
            return await self._app(scope, receive, send)
        if scope["type"] == "websocket":
            await receive()
            return await send({"type": "websocket.close", "code": 1008})
        return await _deny(send)


async def _deny(send: Send) -> None:
    body = json.dumps({"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "the policy does not allow this request"}).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
