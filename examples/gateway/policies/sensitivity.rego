# Sensitivity levels: a user's clearance has to reach the resource's level, and the upper levels want more than that.
package gateway.sensitivity

# data.levels gives each level its rank: {"public": 0, "internal": 1, "confidential": 2, "restricted": 3}.
required := data.levels[data.tools[input.resource.id].sensitivity]

clearance := data.levels[data.users[input.user.id].clearance]

default permitted := false

permitted if {
	cleared
	authenticated
	network_trusted
}

cleared if clearance >= required

# From "confidential" on: a second factor.
authenticated if required < 2

authenticated if input.session.mfa == true

# "restricted": from the company's own networks only.
network_trusted if required < 3

network_trusted if input.source.network in {"office", "vpn"}

reasons contains "sensitivity: the user's clearance is too low" if not cleared

reasons contains "sensitivity: a second factor is needed" if not authenticated

reasons contains "sensitivity: restricted resources are not reached from this network" if not network_trusted

# Of an address alone: where there is none, nothing can be said of it, and an unreadable one is not the company's.
reasons contains "sensitivity: the second factor came from outside" if {
	input.session.mfa == true
	required >= 3
	not net.cidr_contains("10.0.0.0/8", input.source.ip)
}
