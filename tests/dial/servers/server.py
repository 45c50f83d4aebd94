"""A server of Python with an admin, mounted in every way that its documentation says. Prints its port; ends when its input does.

Usage: server.py fastapi|asgi URL-OF-THE-FLAGS [PORT]      SARK_TOKENS: [{"name": …, "secret": …, "role": …}]
"""

import json
import logging
import os
import socket
import sys
import threading

import sark
import uvicorn
from fastapi import FastAPI

POLICY = 'package authz\n\nallow if input.user == "alice"'


def fastapi(admin, client):
    app = FastAPI(title="an app of the tests")

    @app.get("/decide")
    async def decide(user: str):
        return {"allowed": client.decide("data.authz.allow", {"user": user}).allowed}

    @app.post("/close")
    async def close():
        admin.close()

    app.include_router(sark.admin.router(admin))
    app.include_router(sark.admin.router(admin, prefix="/dial"), prefix="/v1")
    app.mount("/ops/dial", sark.admin.asgi(admin))
    return app


def main(kind, url, port="0"):
    logging.basicConfig(level=logging.INFO)
    metrics = sark.Metrics()
    engine, cache = sark.Engine(metrics=metrics), sark.Cache()
    engine.load_policy("authz", POLICY)
    client = sark.Client(engine, cache=cache, metrics=metrics)
    tokens = [sark.Token(**each) for each in json.loads(os.environ["SARK_TOKENS"])]
    admin = sark.Admin(sark.Flags(url, metrics=metrics), tokens=tokens, engine=engine, cache=cache, metrics=metrics)
    app = sark.admin.asgi(admin) if kind == "asgi" else fastapi(admin, client)
    # The protocol is named since asyncio sets TCP_NODELAY only where it is.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(port)))
    listener.listen()
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


main(*sys.argv[1:])
