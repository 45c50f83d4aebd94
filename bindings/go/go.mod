module github.com/sark-policy/sark/bindings/go

go 1.24.0
