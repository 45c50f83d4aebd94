"""The hot paths whose instructions are counted: a policy, data, an input, and the answer."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Path:
    policy: str
    data: Any
    input: Any
    answer: Any
    path: str = "data.p.out"


ROLES = ["admin", "editor", "viewer", "billing", "ops", "dev", "audit", "guest"]

RBAC = Path(
    policy="""package p

default out := false

out if {
	some role in data.users[input.user].roles
	some grant in data.grants[role]
	grant.action == input.action
	grant.type == input.type
}
""",
    data={
        "users": {f"user{i:04}": {"roles": [ROLES[(i * 3 + k * 5) % 8] for k in range(3)], "level": i % 5} for i in range(1000)},
        "grants": {role: [{"action": action, "type": "doc"} for action in ("read", "list", "write")] for role in ROLES},
    },
    input={"user": "user0777", "action": "write", "type": "doc", "ip": "10.1.2.3"},
    answer=True,
)

GATEWAY = Path(
    policy="""package p

default out := {"allow": false, "reason": "default"}

out := {"allow": true, "reason": reason, "limit": limit} if {
	not denied
	role_ok
	startswith(input.request.path, "/api/v1/")
	limit := data.tiers[input.rate.tier]
	input.rate.used < limit
}

denied if data.deny[input.user.id]

denied if {
	input.tool.sensitivity >= 3
	not input.user.mfa
}

role_ok if {
	some r in input.user.roles
	r in data.tools[input.tool.id].allow_roles
}

reason := "own team" if {
	input.user.team == data.tools[input.tool.id].team
} else := "night" if {
	input.time.hour > 20
} else := "other"
""",
    data={
        "tiers": {"standard": 100, "gold": 1000},
        "deny": {f"user{i:04}": True for i in range(0, 1000, 13) if i != 777},
        "tools": {f"t-{i}": {"team": "blue" if i % 2 else "red", "allow_roles": ["developer", "admin"]} for i in range(500)},
    },
    input={
        "request": {"method": "POST", "path": "/api/v1/teams/blue/tools/t-117/run", "headers": {"user-agent": "gateway/2.4.1 (linux; amd64)", "accept": "application/json"}},
        "user": {"id": "user0777", "team": "blue", "roles": ["developer", "oncall"], "mfa": True},
        "tool": {"id": "t-117", "sensitivity": 2, "tags": ["prod", "write"]},
        "time": {"hour": 14, "weekday": 2},
        "rate": {"used": 41, "tier": "standard"},
    },
    answer={"allow": True, "limit": 100, "reason": "own team"},
)


def many(rule: str, default: str = "default out := false", count: int = 1000) -> str:
    return f"package p\n\n{default}\n\n" + "\n".join(rule.format(i=i) for i in range(count)) + "\n"


PATHS = {
    "rbac": RBAC,
    "gateway": GATEWAY,
    "equal-1000": Path(many('out if input.role == "role{i}"'), {}, {"role": "role997", "user": "u"}, True),
    "member-1000": Path(many('out if "role{i}" in input.roles'), {}, {"roles": ["staff", "role997", "guest"]}, True),
    "two-1000": Path(many('out if {{ input.method == "GET"; input.path == "/r/{i}" }}'), {}, {"method": "GET", "path": "/r/997"}, True),
    "prefix-20": Path(
        many('out := "team{i}" if startswith(input.path, "/api/team{i}/")', 'default out := "none"', 20),
        {},
        {"path": "/api/team17/tools/t-117/run"},
        "team17",
    ),
    "glob-20": Path(
        many('out := "team{i}" if glob.match("/api/*/team{i}/**", ["/"], input.path)', 'default out := "none"', 20),
        {},
        {"path": "/api/v3/team17/tools/t-117/run"},
        "team17",
    ),
    "functions": Path(
        """package p

default out := "deny"

out := "allow" if {
	not input.user.name in data.blocked
	may(input.user, input.action)
} else := "review" if input.user.clearance >= level(input.label)

may(user, action) if {
	some role in user.roles
	action in data.permissions[role]
}

level("secret") := 3

level("internal") := 2

level("public") := 1
""",
        {"blocked": [f"user{i}" for i in range(50)], "permissions": {"dev": ["read", "list"], "ops": ["read", "restart"]}},
        {"user": {"name": "user0777", "roles": ["dev", "qa"], "clearance": 3}, "action": "write", "label": "internal"},
        "review",
    ),
    "texts": Path(
        """package p

out := {"key": key, "line": line, "path": path} if {
	key := concat(":", [input.tenant, input.user, lower(input.action)])
	line := sprintf("%s did %s (%d)", [input.user, upper(input.action), input.count])
	path := concat("/", array.concat(["", input.tenant], split(trim(input.resource, "/"), "/")))
}
""",
        {},
        {"tenant": "acme", "user": "user0777", "action": "Write", "resource": "/docs/2026/report", "count": 17},
        {"key": "acme:user0777:write", "line": "user0777 did WRITE (17)", "path": "/acme/docs/2026/report"},
    ),
    "join-100": Path(
        """package p

out := count({it.name |
	some it in data.items
	d := data.depts[it.dept]
	d.active
	it.size > d.limit
	it.size < input.max
})
""",
        {
            "items": [{"name": f"n{i:05}", "dept": f"d{i % 20}", "size": i * 7 % 100} for i in range(100)],
            "depts": {f"d{i}": {"active": i % 2 == 0, "limit": i * 4} for i in range(20)},
        },
        {"max": 50},
        8,
    ),
}
