module github.com/sark-policy/sark/benches/client/load_go

go 1.26.0
