# The decision about one request that passes the gateway: an HTTP call of an API, or an agent's use of a tool.
#
#   input.user        {"id"}                        who asks, as the gateway authenticated it
#   input.session     {"mfa"}                       how
#   input.source      {"network", "ip"}             from where
#   input.resource    {"kind", "id"}                what is asked for: an entry of data.tools
#   input.action      "read" | "invoke" | "write" | "admin"
#   input.time        {"weekday", "minute"}         when, in UTC: 1 is Monday; 0 to 1439. Never read from a clock here, so
#                                                   that the same request always gets the same decision
#   input.usage       {"last_minute"}               the user's requests in the minute before this one
#
# The answer is {"allow", "reasons", "tier"}. It is undefined where the resource is of a kind that this gateway does not
# serve: such a request is somebody else's to decide, and the caller has to treat it as not allowed.
package gateway

import data.gateway.denylist
import data.gateway.hours
import data.gateway.limits
import data.gateway.roles
import data.gateway.sensitivity
import data.gateway.teams

kinds := {"api", "function", "database", "agent"}

decision := {
	"allow": allow,
	"reasons": reasons,
	"tier": limits.tier,
} if {
	input.resource.kind in kinds
}

default allow := false

# Every check has to say yes by itself. A request that lacks a field fails the check that needs the field; nothing is allowed
# because a reason against it could not be worked out.
allow if {
	known
	roles.permitted
	teams.permitted
	sensitivity.permitted
	hours.open
	limits.within
	not denylist.listed
}

# Both the user and the resource exist, and the resource is of the kind that the request says.
known if {
	user_active
	data.tools[input.resource.id].kind == input.resource.kind
}

user_active if data.users[input.user.id].status == "active"

# The reasons explain a denial; they do not decide it.
reasons contains "user: unknown or not active" if not user_active

reasons contains "resource: unknown, or of another kind" if {
	user_active
	not known
}

reasons contains "role: no role of the user permits this action on this kind of resource" if {
	known
	not roles.permitted
}

reasons contains "team: the resource belongs to other teams" if {
	known
	not teams.permitted
}

reasons contains reason if {
	known
	some reason in sensitivity.reasons
}

reasons contains reason if {
	known
	not hours.open
	reason := sprintf("hours: outside the %s window", [hours.window_name])
}

reasons contains reason if {
	known
	not limits.within
	reason := sprintf("limit: over %d requests a minute, tier %s", [limits.per_minute, limits.tier])
}

reasons contains reason if some reason in denylist.reasons

reasons contains sprintf("request: lacks %s", [field]) if {
	some field in ["action", "session", "source", "time", "usage", "user"]
	not input[field]
}
