# Rate tiers. The gateway counts; the policy says how much is too much.
package gateway.limits

default tier := "anonymous"

tier := "platinum" if {
	user.on_call == true
} else := user.tier

user := data.users[input.user.id]

# Agents chain calls, so a tier has a rate of its own for them where it needs one.
per_minute := rate if {
	rate := data.tiers[tier].per_kind[input.resource.kind]
} else := data.tiers[tier].per_minute

default within := false

within if input.usage.last_minute < per_minute
