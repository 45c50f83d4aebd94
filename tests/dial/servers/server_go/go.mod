module github.com/sark-policy/sark/tests/dial/servers/server_go

go 1.24.0

require github.com/sark-policy/sark/bindings/go v0.0.0

replace github.com/sark-policy/sark/bindings/go => ../../../../bindings/go
