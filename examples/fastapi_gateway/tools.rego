package tools

default decision := {"allow": false, "reason": "no role grants this tool"}

decision := {"allow": true, "role": role} if {
	role := min(granting_roles)
} else := {"allow": false, "reason": "unknown user"} if {
	not data.users[input.user]
}

granting_roles contains role if {
	some role in data.users[input.user].roles
	input.tool in data.roles[role].tools
	input.method in data.roles[role].methods
}
