# What roles permit. A role grants actions on kinds of resources (data.roles), and a user has some roles.
package gateway.roles

granted contains action if {
	some role in data.users[input.user.id].roles
	some action in data.roles[role].grants[input.resource.kind]
}

default permitted := false

# The resource has to offer the action, too: nobody writes to a read-only API, whatever his roles are.
permitted if {
	input.action in granted
	input.action in data.tools[input.resource.id].actions
}
