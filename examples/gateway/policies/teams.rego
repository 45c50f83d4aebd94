# Which teams may use a resource: its owner, those that the owner shares it with and, for what is public, everyone.
package gateway.teams

tool := data.tools[input.resource.id]

team := data.users[input.user.id].team

default permitted := false

permitted if tool.sensitivity == "public"

permitted if tool.owner == team

permitted if {
	team in tool.shared_with
	not contractor
}

# Auditors look everywhere, and only look.
permitted if {
	"auditor" in data.users[input.user.id].roles
	input.action == "read"
}

# Sharing among teams does not extend to contractors: they see what is public and what is their own team's.
contractor if data.users[input.user.id].employment == "contractor"
