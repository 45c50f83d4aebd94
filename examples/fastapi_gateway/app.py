"""A gateway in front of 20 tools: each request is decided by sark, and the dial says who is decided here and who by the remote OPA.

Settings come from the environment: OPA_URL, REDIS_URL, ADMIN_TOKEN, SHADOW_RATE (percent), and BARE=1 for the same application without
decisions. Run it with `uvicorn app:app`.
"""

import asyncio
import os
import pathlib
from typing import Annotated

from data import DATA, TOOLS
from fastapi import Depends, FastAPI, HTTPException, Request, Response

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


async def decide(request: Request, tool: str) -> sark.Decision:
    user = request.headers.get("x-user", "")
    question = {"user": user, "tool": tool, "method": request.method}
    arguments = (QUESTION, question, user, None, request.headers.get("traceparent"))
    # A local decision takes microseconds; one that may ask the remote must not hold up the event loop.
    if flags.is_enabled(FEATURE, user):
        return client.decide(*arguments)
    return await asyncio.to_thread(client.decide, *arguments)


async def enforce(request: Request, response: Response, tool: str) -> None:
    try:
        decision = await decide(request, tool)
    except sark.Error as error:
        # Nobody decided: that is a no, and the gateway's fault rather than the user's.
        raise HTTPException(503, "the request could not be decided") from error
    response.headers["x-decided-by"] = decision.fallback or decision.implementation
    response.headers["x-decision-microseconds"] = f"{decision.duration * 1e6:.0f}"
    if not decision.allowed:
        reason = decision.result.get("reason", "denied") if isinstance(decision.result, dict) else "denied"
        raise HTTPException(403, reason, headers=dict(response.headers))


guards = [] if os.environ.get("BARE") else [Depends(enforce)]


@app.api_route("/tools/{tool}", methods=["GET", "POST", "DELETE"], dependencies=guards)
async def use(request: Request, tool: Annotated[str, "one of 20"]) -> dict[str, str]:
    if tool not in TOOLS:
        raise HTTPException(404, "no such tool")
    return {"tool": tool, "did": request.method}


@app.get("/metrics")
async def scrape() -> Response:
    return Response(metrics.render(), media_type="text/plain; version=0.0.4")
