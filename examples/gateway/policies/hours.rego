# Time windows, from the request's own time. A window is some days and a span of minutes, from <= minute < to; one whose
# end is before its beginning goes on past midnight, and belongs to the day on which it began.
package gateway.hours

window_name := data.tools[input.resource.id].window

window := data.windows[window_name]

minute := input.time.minute

default open := false

open if {
	window.from < window.to
	input.time.weekday in window.days
	minute >= window.from
	minute < window.to
}

open if {
	window.from > window.to
	input.time.weekday in window.days
	minute >= window.from
}

open if {
	window.from > window.to
	yesterday in window.days
	minute < window.to
}

# Who is on call does not wait for the window.
open if {
	data.users[input.user.id].on_call == true
	input.action in {"read", "invoke"}
}

yesterday := ((input.time.weekday + 5) % 7) + 1
