# The explicit deny list (data.denied): it beats whatever else is permitted.
#
#   users      {id: why}                 networks   [cidr, …]
#   resources  {id: why}                 pairs      {user: {resource: why}}
package gateway.denylist

reasons contains sprintf("denied: user, %s", [why]) if {
	why := data.denied.users[input.user.id]
}

reasons contains sprintf("denied: resource, %s", [why]) if {
	why := data.denied.resources[input.resource.id]
}

reasons contains sprintf("denied: network %s", [network]) if {
	some network in data.denied.networks
	net.cidr_contains(network, input.source.ip)
}

reasons contains sprintf("denied: this user on this resource, %s", [why]) if {
	why := data.denied.pairs[input.user.id][input.resource.id]
}

# An address that cannot be read cannot be looked up in the list either.
reasons contains "denied: no readable source address" if not address_readable

address_readable if net.cidr_is_valid(concat("/", [input.source.ip, "32"]))

listed if some _ in reasons
