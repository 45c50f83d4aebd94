package echo

id := input.id
