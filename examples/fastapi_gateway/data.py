"""The data of the example: 1,000 users, three roles, 20 tools. The same on every machine."""

TOOLS = [f"tool-{number:02}" for number in range(20)]

DATA = {
    "roles": {
        "viewer": {"tools": TOOLS, "methods": ["GET"]},
        "operator": {"tools": TOOLS[:12], "methods": ["GET", "POST"]},
        "admin": {"tools": TOOLS, "methods": ["GET", "POST", "DELETE"]},
    },
    "users": {f"user-{number}": {"roles": ["viewer", "operator", "admin"][: number % 4]} for number in range(1000)},
}
