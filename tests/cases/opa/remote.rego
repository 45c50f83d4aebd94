# What the remote OPA decides in the cases and fault tests. Where a case loads the same package locally with another answer, the
# answer tells which side decided.
package remote

side := "http"

echo := input.id

allow if input.user == "alice"

# Fails in OPA, too.
broken := 1

broken := 2 if input.conflict

# Locally, the same rule conflicts.
conflicting := {"allow": true, "side": "http"}

# Locally, the same rule outlasts its deadline.
slow := 1
