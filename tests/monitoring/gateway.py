"""A gateway for gunicorn, loaded before its workers are forked: each request is one decision and one look-up in a cache, counted in a
directory that the workers share. METRICS names it. `/metrics` is of all workers, whichever answers."""

import os

import sark

metrics = sark.Metrics(os.environ["METRICS"])
engine = sark.Engine(metrics=metrics)
engine.load_policy("authz", "package authz\n\nallow if input.n >= 0")
cache = sark.Cache(metrics=metrics)
cache.set(b"kept", b"before the fork")


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/metrics":
        is_open = "openmetrics" in environ.get("HTTP_ACCEPT", "")
        body = metrics.render_openmetrics() if is_open else metrics.render()
        kind = sark.metrics.OPENMETRICS if is_open else sark.metrics.TEXT
    else:
        allowed = engine.evaluate("data.authz.allow", {"n": int(path.rpartition("/")[2])})
        cache.get(b"kept" if allowed else b"none")
        body, kind = f"{os.getpid()} {allowed}", "text/plain"
    start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(body.encode())))])
    return [body.encode()]
