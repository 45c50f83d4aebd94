module github.com/sark-policy/sark/benches/flags/check_go

go 1.26.0

require (
	github.com/growthbook/growthbook-golang v0.7.0
	github.com/open-feature/go-sdk v1.20.0
	github.com/sark-policy/sark/bindings/go v0.0.0
	github.com/twmb/murmur3 v1.2.2
)

require (
	github.com/tmaxmax/go-sse v0.10.0 // indirect
	go.uber.org/mock v0.6.0 // indirect
)

replace github.com/sark-policy/sark/bindings/go => ../../../bindings/go
