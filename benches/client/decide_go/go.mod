module github.com/sark-policy/sark/benches/client/decide_go

go 1.26.0

require github.com/sark-policy/sark/bindings/go v0.0.0

replace github.com/sark-policy/sark/bindings/go => ../../../bindings/go
