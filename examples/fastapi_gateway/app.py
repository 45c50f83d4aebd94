"""A gateway in front of 20 tools: each request is decided by sark, and the dial says who is decided here and who by the remote OPA.

Settings come from the environment: OPA_URL, REDIS_URL, ADMIN_TOKEN, SHADOW_RATE (percent), and BARE=1 for the same application without
decisions. Run it with `uvicorn app:app`.
"""

import asyncio
import os
import pathlib
from typing import Annotated

from data import DATA, TOOLS
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import sark

FEATURE = "rust_opa"
QUESTION = "data.tools.decision"

app = FastAPI(title="20 tools behind a policy")

metrics = sark.Metrics()
engine = sark.Engine(metrics=metrics)
with engine.update() as update:
    update.load_policy("tools", pathlib.Path(__file__).with_name("tools.rego").read_text())
    update.set_data(DATA)
flags = sark.Flags(os.environ.get("REDIS_URL", "memory:"), metrics=metrics)
client = sark.Client(
    engine,
    flags=flags,
    opa_url=os.environ.get("OPA_URL", "http://localhost:8181"),
    timeout=0.5,
    shadow_rate=float(os.environ.get("SHADOW_RATE", "10")),
    guard_window=10.0,
    guard_differing=10,
    metrics=metrics,
)
admin = sark.Admin(
    flags, tokens=[sark.Token("ops", os.environ.get("ADMIN_TOKEN", "an-example-token-of-ops"))], engine=engine, metrics=metrics, client=client
)
app.include_router(sark.admin.router(admin))


class Enforcement:
    """Lets through to the tools what the policy allows. As a middleware of ASGI it costs a few microseconds; a dependency of FastAPI's would cost
    more than the decision, by far."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/tools/"):
            return await self._app(scope, receive, send)
        try:
            decision = await decide(scope)
        except sark.Error:
            # Nobody decided: that is a no, and the gateway's fault rather than the user's.
            return await JSONResponse({"detail": "the request could not be decided"}, 503)(scope, receive, send)
        decided_by = decision.fallback or decision.implementation
        said = [(b"x-decided-by", decided_by.encode()), (b"x-decision-microseconds", b"%.0f" % (decision.duration * 1e6))]
        if not decision.allowed:
            reason = decision.result.get("reason", "denied") if isinstance(decision.result, dict) else "denied"
            refusal = JSONResponse({"detail": reason}, 403)
            refusal.raw_headers += said
            return await refusal(scope, receive, send)

        async def send_with_decision(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *said]
            await send(message)

        await self._app(scope, receive, send_with_decision)


async def decide(scope: Scope) -> sark.Decision:
    user = traceparent = None
    for name, value in scope["headers"]:
        if name == b"x-user":
            user = value.decode("latin-1")
        elif name == b"traceparent":
            traceparent = value.decode("latin-1")
    question = {"user": user or "", "tool": scope["path"].removeprefix("/tools/"), "method": scope["method"]}
    # A local decision takes microseconds; one that may ask the remote must not hold up the event loop.
    if flags.is_enabled(FEATURE, user):
        return client.decide(QUESTION, question, user, None, traceparent)
    return await asyncio.to_thread(client.decide, QUESTION, question, user, None, traceparent)


if not os.environ.get("BARE"):
    app.add_middleware(Enforcement)


@app.api_route("/tools/{tool}", methods=["GET", "POST", "DELETE"])
async def use(request: Request, tool: Annotated[str, "one of 20"]) -> dict[str, str]:
    if tool not in TOOLS:
        raise HTTPException(404, "no such tool")
    return {"tool": tool, "did": request.method}


@app.get("/metrics")
async def scrape() -> Response:
    return Response(metrics.render(), media_type="text/plain; version=0.0.4")
