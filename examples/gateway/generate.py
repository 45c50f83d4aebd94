#!/usr/bin/env python3
"""Generate the gateway's data (1,000 users, 500 resources) and 10,000 requests to decide.

Usage: generate.py OUTPUT_DIR        writes OUTPUT_DIR/data.json and OUTPUT_DIR/requests.jsonl

The same bytes on every machine and with every Python: everything comes from random.Random(SEED).random(), the one
method whose sequence Python promises to keep.
"""

import json
import pathlib
import random
import sys

SEED = 20260101
USERS, RESOURCES, REQUESTS = 1_000, 500, 10_000

TEAMS = [
    "payments", "search", "identity", "logistics", "catalog", "fraud", "support", "mobile",
    "data-platform", "machine-learning", "infrastructure", "security", "finance", "legal", "marketing", "research",
]
FIRST_NAMES = ["Ada", "Björn", "Chloé", "Dmitri", "Esra", "Fatima", "Günther", "Hana", "İpek", "José", "Kwame", "Łucja"]
LAST_NAMES = ["Ångström", "Brown", "Çelik", "Dvořák", "Endō", "Fischer", "García", "Haddad", "Ivanova", "Jensen", "Kim"]
KINDS = [("api", 45), ("function", 25), ("database", 15), ("agent", 15)]
LEVELS = ["public", "internal", "confidential", "restricted"]
ACTIONS = ["read", "invoke", "write", "admin"]
DAY = 24 * 60

ROLES = {
    "viewer": {"grants": {"api": ["read"], "database": ["read"], "function": ["read"]}},
    "developer": {"grants": {"agent": ["invoke", "read"], "api": ["invoke", "read", "write"], "database": ["read"],
                             "function": ["invoke", "read"]}},
    "operator": {"grants": {"agent": ["invoke", "read"], "api": ["invoke", "read"], "database": ["read", "write"],
                            "function": ["invoke", "read", "write"]}},
    "analyst": {"grants": {"agent": ["invoke"], "api": ["read"], "database": ["invoke", "read"]}},
    "auditor": {"grants": {"agent": ["read"], "api": ["read"], "database": ["read"], "function": ["read"]}},
    "admin": {"grants": {kind: ACTIONS for kind, _ in KINDS}},
}
WINDOWS = {
    "always": {"days": [1, 2, 3, 4, 5, 6, 7], "from": 0, "to": DAY},
    "business": {"days": [1, 2, 3, 4, 5], "from": 7 * 60, "to": 19 * 60},
    "extended": {"days": [1, 2, 3, 4, 5, 6], "from": 5 * 60, "to": 23 * 60},
    "maintenance": {"days": [2, 4, 6], "from": 22 * 60, "to": 4 * 60},
}
TIERS = {
    "anonymous": {"per_minute": 0},
    "bronze": {"per_kind": {"agent": 5}, "per_minute": 30},
    "silver": {"per_kind": {"agent": 20}, "per_minute": 120},
    "gold": {"per_kind": {"agent": 100}, "per_minute": 600},
    "platinum": {"per_minute": 3_000},
}


class Dice:
    """Choices made from `random()` alone."""

    def __init__(self, seed):
        self.random = random.Random(seed).random

    def below(self, limit):
        return int(self.random() * limit)

    def one_of(self, items):
        return items[self.below(len(items))]

    def some_of(self, items, count):
        rest, taken = list(items), []
        for _ in range(count):
            taken.append(rest.pop(self.below(len(rest))))
        return sorted(taken)

    def weighted(self, pairs):
        mark = self.below(sum(weight for _, weight in pairs))
        for item, weight in pairs:
            mark -= weight
            if mark < 0:
                return item
        raise AssertionError("the weights add up")

    def chance(self, probability):
        return self.random() < probability

    def hex(self, digits):
        return "".join("0123456789abcdef"[self.below(16)] for _ in range(digits))


def make_user(dice):
    roles = {dice.weighted([("viewer", 20), ("developer", 40), ("operator", 15), ("analyst", 15), ("auditor", 5), ("admin", 5)])}
    if dice.chance(0.25):
        roles.add(dice.one_of(["viewer", "developer", "operator", "analyst"]))
    return {
        "clearance": dice.weighted([("public", 3), ("internal", 32), ("confidential", 45), ("restricted", 20)]),
        "employment": dice.weighted([("employee", 88), ("contractor", 12)]),
        "name": f"{dice.one_of(FIRST_NAMES)} {dice.one_of(LAST_NAMES)}",
        "on_call": dice.chance(0.04),
        "roles": sorted(roles),
        "status": dice.weighted([("active", 97), ("suspended", 3)]),
        "team": dice.one_of(TEAMS),
        "tier": dice.weighted([("bronze", 30), ("silver", 45), ("gold", 25)]),
    }


def make_resource(dice):
    owner = dice.one_of(TEAMS)
    return {
        "actions": dice.weighted([(["read"], 15), (["invoke", "read"], 40), (["invoke", "read", "write"], 30), (ACTIONS, 15)]),
        "kind": dice.weighted(KINDS),
        "owner": owner,
        "sensitivity": dice.weighted([("public", 25), ("internal", 40), ("confidential", 25), ("restricted", 10)]),
        "shared_with": dice.some_of([team for team in TEAMS if team != owner], dice.below(5)),
        "window": dice.weighted([("always", 55), ("business", 25), ("extended", 15), ("maintenance", 5)]),
    }


def make_pairs(dice, users, tools):
    """Some users, and for each of them some resources that are not for them."""
    return {
        user: {tool: dice.one_of(["conflict of interest", "legal hold"]) for tool in dice.some_of(tools, 25)}
        for user in dice.some_of(users, 40)
    }


def make_data(dice):
    users = {f"user-{number:04}": make_user(dice) for number in range(USERS)}
    tools = {f"tool-{number:03}": make_resource(dice) for number in range(RESOURCES)}
    denied = {
        "networks": ["203.0.113.0/24", "198.51.100.128/25", "192.0.2.77/32"],
        "pairs": make_pairs(dice, users, tools),
        "resources": {name: dice.one_of(["withdrawn", "incident 4711"]) for name in dice.some_of(tools, 6)},
        "users": {name: dice.one_of(["leaked key", "under review", "left the company"]) for name in dice.some_of(users, 15)},
    }
    levels = {level: rank for rank, level in enumerate(LEVELS)}
    return {"denied": denied, "levels": levels, "roles": ROLES, "tiers": TIERS, "tools": tools, "users": users, "windows": WINDOWS}


def reachable_by_team(data):
    """For each team, the resources that it may use: most traffic goes where it belongs."""
    reachable = {team: [] for team in TEAMS}
    for name, tool in data["tools"].items():
        everyone = tool["sensitivity"] == "public"
        for team in TEAMS if everyone else [tool["owner"], *tool["shared_with"]]:
            reachable[team].append(name)
    return reachable


def make_action(dice, user, tool):
    """Mostly an action that the tool offers and a role of the user grants, where there is one."""
    usable = [action for action in tool["actions"] if any(action in ROLES[role]["grants"].get(tool["kind"], []) for role in user["roles"])]
    return dice.one_of(usable if usable and dice.chance(0.85) else ACTIONS)


def make_time(dice):
    weekday = dice.weighted([(1, 18), (2, 18), (3, 18), (4, 18), (5, 16), (6, 7), (7, 5)])
    minute = 8 * 60 + dice.below(10 * 60) if dice.chance(0.75) else dice.below(DAY)
    return {"minute": minute, "weekday": weekday}


def make_address(dice):
    return dice.weighted([
        (f"10.{dice.below(256)}.{dice.below(256)}.{dice.below(256)}", 90),
        (f"203.0.113.{dice.below(256)}", 2),
        (f"198.51.100.{dice.below(256)}", 3),
        (f"192.0.2.{dice.below(256)}", 5),
    ])


def make_usage(dice, tier):
    limit = TIERS[tier]["per_minute"]
    return dice.below(limit // 2) if dice.chance(0.9) else dice.below(limit * 2)


def make_request(dice, data, reachable):
    user_id = f"user-{min(dice.below(USERS), dice.below(USERS)):04}"
    user = data["users"][user_id]
    tool_id = dice.one_of(reachable[user["team"]]) if dice.chance(0.85) else f"tool-{dice.below(RESOURCES):03}"
    tool = data["tools"][tool_id]
    address = make_address(dice)
    return {
        "action": make_action(dice, user, tool),
        "context": {
            "agent": dice.one_of(["gateway-sdk/3.2 (python)", "gateway-sdk/3.2 (go)", "Mozilla/5.0 (X11; Linux x86_64)"]),
            "path": f"/v2/{tool['owner']}/{tool['kind']}/{tool_id}/{dice.hex(12)}",
            "region": dice.one_of(["eu-central", "eu-west", "us-east", "ap-south"]),
            "request_id": f"{dice.hex(8)}-{dice.hex(4)}-4{dice.hex(3)}-a{dice.hex(3)}-{dice.hex(12)}",
            "trace_id": dice.hex(32),
        },
        "resource": {"id": tool_id, "kind": tool["kind"]},
        "session": {"age_seconds": dice.below(28_800), "mfa": dice.chance(0.88)},
        "source": {"ip": address, "network": dice.weighted([("office", 50), ("vpn", 35), ("internet", 15)])},
        "time": make_time(dice),
        "usage": {"last_minute": make_usage(dice, user["tier"])},
        "user": {"id": user_id},
    }


# Every field that a policy reads, and what holds several of them.
READ = [
    ["action"], ["resource"], ["resource", "id"], ["resource", "kind"], ["session"], ["session", "mfa"], ["source"],
    ["source", "ip"], ["source", "network"], ["time"], ["time", "minute"], ["time", "weekday"], ["usage"],
    ["usage", "last_minute"], ["user"], ["user", "id"],
]


def lack(request, path):
    """Leave a field out, or what holds it."""
    *above, field = path
    for key in above:
        request = request[key]
    del request[field]


def spoil(dice, request):
    """What arrives at a gateway besides good requests: wrong kinds, unknown names, unreadable fields; a tenth lack one."""
    case = dice.below(1_000)
    if case < 100:
        lack(request, dice.one_of(READ))
    elif case < 130:
        request["resource"]["kind"] = dice.one_of(["browser", "spreadsheet", "robot"])
    elif case < 140:
        request["resource"]["id"] = "tool-" + dice.hex(6)
    elif case < 145:
        request["resource"]["kind"] = dice.one_of([kind for kind, _ in KINDS])
    elif case < 157:
        request["user"]["id"] = "user-" + dice.hex(6)
    elif case < 161:
        request["source"]["ip"] = dice.one_of(["unknown", "10.0.0", "300.1.1.1", ""])
    elif case < 165:
        request["session"]["mfa"] = None


def write(path, values):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for value in values:
            file.write(json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    output = pathlib.Path(sys.argv[1])
    output.mkdir(parents=True, exist_ok=True)
    dice = Dice(SEED)
    data = make_data(dice)
    reachable = reachable_by_team(data)
    requests = []
    for _ in range(REQUESTS):
        request = make_request(dice, data, reachable)
        spoil(dice, request)
        requests.append(request)
    write(output / "data.json", [data])
    write(output / "requests.jsonl", requests)


if __name__ == "__main__":
    main()
