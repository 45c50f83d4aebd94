# sark's two commands are `make demo` and `make test`; both set up what they need under target/.
#
#   make lib        the shared and the static library, target/lib/
#   make demo       five languages decide 10,000 requests of a gateway, and agree
#   make rollout-demo  a FastAPI gateway goes from a remote OPA to sark and back, under load
#   make test       everything; each of its parts (make help) can be run alone
#   make bless      rewrites the generated header and declarations; make bless-instructions the counts of the hot paths
#   make format     rustfmt, gofmt
#   make bench-engine  sark beside OPA and regorus, with ratios
#   make bench-flags   a check of the dial in each language, beside the SDKs of others
#   make bench-client  a decision in each language, beside an OPA on this machine
#   make bench-source  activating a large bundle, beside an OPA that does
#   make bench-lock    a decision in Python beside threads that compute
#   make bench-gateway a FastAPI gateway that decides, beside one that does not
#   make differential  N drawn policies and inputs, DEFECTS modules with a mistake, EXPLAINED explanations, CALLS of each builtin, OPA beside sark
#                   (N=200000 DEFECTS=100000 EXPLAINED=50000 CALLS=1000 for a long run)
#   make deny       licenses, sources and duplicates of the dependencies (installs cargo-deny)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:

ROOT := $(CURDIR)
OUT := $(ROOT)/target
LIB := $(OUT)/lib
PREFIX := $(OUT)/prefix
VENV := $(OUT)/venv
export CARGO_TARGET_DIR := $(OUT)
export GOFLAGS := -mod=readonly -buildvcs=false
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export npm_config_update_notifier := false

SOURCES := $(shell find src -type f) Cargo.toml Cargo.lock build.rs rust-toolchain.toml
BUILD := cargo rustc --release --locked --lib
# Silences the library's own panic hook: only a cdylib has a standard library of its own (src/ffi/fork.rs).
CDYLIB := --cfg sark_cdylib

comma := ,
step = @printf '\n\033[1m==> %s\033[0m\n' $(1)

.PHONY: help lib bench-engine bench-flags bench-client bench-source bench-lock bench-gateway demo record-opa test bless bless-instructions format deny clean
help:
	@sed -n '3,20s/^# //p' Makefile
	@echo 'parts of make test: $(TESTS)'

# ---- the library: one kind at a time, since with several cargo passes no LTO -------------------------------------------------------

lib: $(LIB)/libsark.so $(LIB)/libsark.a

$(LIB)/libsark.so: $(SOURCES)
	$(call step,'building the shared library')
	$(BUILD) --crate-type cdylib -- $(CDYLIB)
	mkdir -p $(LIB)
	cp $(OUT)/release/libsark.so $@
	ln -sf libsark.so $(LIB)/libsark.so.0

# The same library, which is a module of CPython as well: what the Python package bundles.
PYTHON_LIB := $(OUT)/python

$(PYTHON_LIB)/libsark.so: $(SOURCES) | $(LIB)/libsark.so
	$(call step,'building the shared library for Python')
	$(BUILD) --crate-type cdylib --features pyo3 -- $(CDYLIB)
	mkdir -p $(PYTHON_LIB)
	cp $(OUT)/release/libsark.so $@

$(LIB)/libsark.a: $(SOURCES) | $(PYTHON_LIB)/libsark.so
	$(call step,'building the static library')
	$(BUILD) --crate-type staticlib
	cp $(OUT)/release/libsark.a $@

# The library with sark_test_panic_next; never shipped, and so not optimised: its dependencies are those of the Rust tests.
$(OUT)/test-panic/libsark.so: $(SOURCES) | $(LIB)/libsark.a
	$(call step,'building the test library that can panic')
	cargo rustc --locked --lib --crate-type cdylib --features test-panic -- $(CDYLIB)
	mkdir -p $(@D)
	cp $(OUT)/debug/libsark.so $@
	ln -sf libsark.so $(OUT)/test-panic/libsark.so.0

# ---- installed as users install it -------------------------------------------------------------------------------------------------

CMAKE_FILES := CMakeLists.txt $(wildcard cmake/*) include/sark.h $(shell find bindings/cpp -name '*.hpp')

$(PREFIX)/.installed: $(LIB)/libsark.so $(LIB)/libsark.a $(CMAKE_FILES)
	$(call step,'installing the C and C++ package')
	@cmake -S . -B $(OUT)/cmake -DSARK_LIB_DIR=$(LIB) > $(OUT)/cmake.log || { cat $(OUT)/cmake.log; exit 1; }
	@cmake --build $(OUT)/cmake > $(OUT)/cmake.log
	@cmake --install $(OUT)/cmake --prefix $(PREFIX) > $(OUT)/cmake.log || { cat $(OUT)/cmake.log; exit 1; }
	@touch $@

# Where there is no pkg-config, a stand-in that knows sark alone: the demo installs nothing outside the checkout.
PKG_CONFIG ?= $(shell command -v pkg-config || echo $(ROOT)/scripts/pkg-config)
export PKG_CONFIG
pkg_config_path = $(dir $(firstword $(wildcard $(PREFIX)/lib*/pkgconfig/sark.pc $(PREFIX)/lib/*/pkgconfig/sark.pc)))
# The checkout's prefix is no place that the loader knows.
with_prefix = export PKG_CONFIG_PATH=$(pkg_config_path) LD_LIBRARY_PATH=$$(dirname $(pkg_config_path));

PYTHON_FILES := bindings/sark.cdef $(shell find bindings/python -name '*.py' -o -name '*.toml' -o -name '*.txt' | grep -v /build/)

$(VENV)/.installed: $(PYTHON_LIB)/libsark.so $(PYTHON_FILES)
	$(call step,'installing the Python package')
	test -x $(VENV)/bin/python || python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet -c bindings/python/constraints-test.txt pytest
	SARK_LIB_DIR=$(PYTHON_LIB) $(VENV)/bin/pip install --quiet --force-reinstall --no-deps ./bindings/python
	$(VENV)/bin/pip install --quiet -c bindings/python/constraints-test.txt cffi
	@touch $@

# The package as it is without the compiled module: cffi alone.
$(OUT)/venv-cffi/.installed: $(LIB)/libsark.so $(VENV)/.installed
	$(call step,'installing the Python package with cffi alone')
	test -x $(OUT)/venv-cffi/bin/python || python3 -m venv $(OUT)/venv-cffi
	$(OUT)/venv-cffi/bin/pip install --quiet -c bindings/python/constraints-test.txt cffi pytest
	SARK_LIB_DIR=$(LIB) $(OUT)/venv-cffi/bin/pip install --quiet --force-reinstall --no-deps ./bindings/python
	@touch $@

NODE_FILES := $(shell find bindings/node -name node_modules -prune -o -name native -prune -o -type f -print)

$(OUT)/node/.installed: $(LIB)/libsark.so bindings/sark.json $(NODE_FILES)
	$(call step,'installing the Node package')
	rm -rf $(OUT)/node
	mkdir -p $(OUT)/node
	cd bindings/node && SARK_LIB_DIR=$(LIB) npm pack --silent --pack-destination $(OUT)/node > $(OUT)/node/tarball
	cd $(OUT)/node && npm init --yes > npm.log && npm install --no-audit --no-fund $$(cat tarball) > npm.log || { cat npm.log; exit 1; }
	@touch $@

# ---- OPA itself, from the Go module proxy ------------------------------------------------------------------------------------------

ORACLE_FILES := $(wildcard tests/oracle/*)

$(OUT)/oracle: $(ORACLE_FILES)
	$(call step,'building a program with the Go SDK of OPA: the oracle')
	cd tests/oracle && go build -o $@ .

$(OUT)/opa: $(ORACLE_FILES)
	$(call step,'building the server of OPA')
	cd tests/oracle && go build -o $@ github.com/open-policy-agent/opa

# ---- the demo ----------------------------------------------------------------------------------------------------------------------

DEMO := $(OUT)/demo
DEMO_PROGRAMS := $(DEMO)/demo_c $(DEMO)/demo_cpp $(DEMO)/demo_go

$(DEMO)/demo_c $(DEMO)/demo_cpp &: $(PREFIX)/.installed $(wildcard examples/gateway/demo_c*)
	$(call step,'building the C and C++ programs')
	mkdir -p $(DEMO)
	@$(with_prefix) $(CC) -std=c99 -O2 -Wall -Wextra $$($(PKG_CONFIG) --cflags sark) examples/gateway/demo_c.c -o $(DEMO)/demo_c $$($(PKG_CONFIG) --libs sark)
	@$(with_prefix) $(CXX) -std=c++17 -O2 -Wall -Wextra $$($(PKG_CONFIG) --cflags sark) examples/gateway/demo_cpp.cpp -o $(DEMO)/demo_cpp $$($(PKG_CONFIG) --libs sark)

$(DEMO)/demo_go: $(PREFIX)/.installed $(wildcard bindings/go/*.go examples/gateway/demo_go/*)
	$(call step,'building the Go program')
	mkdir -p $(DEMO)
	@$(with_prefix) cd examples/gateway/demo_go && go build -o $@ .

demo: $(DEMO_PROGRAMS) $(VENV)/.installed $(OUT)/node/.installed $(OUT)/oracle
	$(call step,'five languages decide')
	@cp examples/gateway/demo_node.mjs $(OUT)/node/
	@cd tests/oracle && $(OUT)/oracle aci > $(DEMO)/opa-aci.json
	@$(with_prefix) python3 examples/gateway/demo.py --work $(DEMO) --opa examples/gateway/opa-decisions.txt --aci "$$(cd tests/oracle && $(OUT)/oracle dir)" --opa-aci $(DEMO)/opa-aci.json \
	  c='$(DEMO)/demo_c' cpp='$(DEMO)/demo_cpp' python='$(VENV)/bin/python examples/gateway/demo_python.py' go='$(DEMO)/demo_go' node='node $(OUT)/node/demo_node.mjs'

# What OPA itself decides about the demo's requests: `record-opa` keeps it, test-record compares.
$(DEMO)/opa-decisions.txt: $(OUT)/oracle $(wildcard examples/gateway/*.py examples/gateway/policies/*.rego)
	$(call step,'OPA decides the requests of the gateway')
	mkdir -p $(DEMO)
	python3 examples/gateway/generate.py $(DEMO)
	$(OUT)/oracle decide examples/gateway/policies $(DEMO)/data.json $(DEMO)/requests.jsonl data.gateway.decision > $(DEMO)/decisions.opa.txt
	python3 examples/gateway/record.py $(DEMO) $(DEMO)/decisions.opa.txt $@

record-opa: $(DEMO)/opa-decisions.txt
	cp $< examples/gateway/opa-decisions.txt

# ---- tests -------------------------------------------------------------------------------------------------------------------------

# Two at a time: builds, and what only computes. One at a time: what stands beside servers and has deadlines.
TESTS_TOGETHER := test-rust test-faults test-instructions test-c test-surface test-header test-oracle test-go test-install test-record test-demo test-readme conformance differential test-fuzz
TESTS_ALONE := test-python test-node test-tester test-dial test-monitoring test-client test-source test-rollout
TESTS := $(TESTS_TOGETHER) $(TESTS_ALONE)
.PHONY: $(TESTS) packages fuzz faults rollout-demo
test: packages
	@start=$$SECONDS; $(MAKE) --no-print-directory -j2 --output-sync=line $(TESTS_TOGETHER); \
	for part in $(TESTS_ALONE); do $(MAKE) --no-print-directory $$part || { echo "make $$part failed"; exit 1; }; done; \
	printf '\nall of %s passed in %s s\n' "$(words $(TESTS)) parts" $$((SECONDS - start))

packages:
	scripts/packages

test-rust:
	$(call step,'Rust: format$(comma) lints$(comma) docs$(comma) tests')
	cargo fmt --check
	cargo clippy --locked --all-targets --quiet -- -D warnings
	cargo clippy --locked --all-targets --quiet --no-default-features -- -D warnings
	cargo clippy --locked --quiet --features pyo3 -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --quiet
	cargo test --locked

# The shipped library, not the one of cargo test.
test-surface: $(LIB)/libsark.so $(PYTHON_LIB)/libsark.so
	$(call step,'the surface of the shipped library')
	SARK_LIBRARY=$(LIB)/libsark.so cargo test --locked --quiet --test surface
	@nm -D --defined-only $(LIB)/libsark.so | awk '$$3 !~ /^sark_/ { print "not ours: " $$0; bad = 1 } END { print NR " symbols, all sark_*"; exit bad }'
	@readelf -d $(LIB)/libsark.so | grep -E 'SONAME.*libsark.so.0|NODELETE' | wc -l | grep -qx 2 || { echo 'SONAME or nodelete is missing'; exit 1; }
	@diff <(nm -D --defined-only $(LIB)/libsark.so | awk '{ print $$3 } END { print "PyInit__rust" }' | sort) <(nm -D --defined-only $(PYTHON_LIB)/libsark.so | awk '{ print $$3 }' | sort)
	@readelf -d $(PYTHON_LIB)/libsark.so | grep -E 'SONAME.*_rust.abi3.so|NODELETE' | wc -l | grep -qx 2 || { echo "Python's SONAME or nodelete is missing"; exit 1; }

test-header: $(LIB)/libsark.so
	$(call step,'the header as C99 and C++17')
	tests/header/check.sh $(LIB)

test-oracle: $(OUT)/oracle
	$(call step,'what the cases expect$(comma) of OPA itself')
	$(OUT)/oracle cases tests/cases/*.json

test-c: $(LIB)/libsark.so $(OUT)/opa
	$(call step,'cases in C (under valgrind) and C++')
	scripts/with-opa $(OUT)/opa $(MAKE) --no-print-directory -C tests/runners LIB=$(LIB) OUT=$(OUT)/runners check

# Instructions, since they hardly vary: a path that takes 3 % more or less than before is meant, or mended.
INSTRUCTIONS := $(OUT)/instructions

$(INSTRUCTIONS)/decide: tests/instructions/decide.c $(LIB)/libsark.so
	mkdir -p $(INSTRUCTIONS)
	$(CC) -std=gnu11 -O1 -Wall -Wextra -Werror -Iinclude $< -o $@ $(LIB)/libsark.so.0 -Wl,-rpath,$(LIB)

test-instructions: $(INSTRUCTIONS)/decide
	$(call step,'instructions of the hot paths')
	python3 tests/instructions/run.py $< $(INSTRUCTIONS)

bless-instructions: $(INSTRUCTIONS)/decide
	python3 tests/instructions/run.py $< $(INSTRUCTIONS) --bless

test-faults: $(LIB)/libsark.so $(OUT)/test-panic/libsark.so $(OUT)/opa
	$(call step,'faults')
	scripts/with-opa $(OUT)/opa $(MAKE) --no-print-directory -C tests/faults LIB=$(LIB) PANIC_LIB=$(OUT)/test-panic OUT=$(OUT)/faults check

test-python: $(VENV)/.installed $(OUT)/venv-cffi/.installed $(OUT)/opa
	$(call step,'Python')
	cd bindings/python && $(ROOT)/scripts/with-opa $(OUT)/opa $(VENV)/bin/python -m pytest -q -p no:cacheprovider
	$(call step,'Python$(comma) by cffi alone')
	cd bindings/python && $(ROOT)/scripts/with-opa $(OUT)/opa $(OUT)/venv-cffi/bin/python -m pytest -q -p no:cacheprovider

# Tests that are drawn at random, run by opa test and by an engine.
test-tester: $(VENV)/.installed $(OUT)/opa
	$(call step,'tests of policies$(comma) beside opa test')
	@cd tests/tester && SARK_OUT=$(OUT) $(VENV)/bin/python -m pytest -q -p no:cacheprovider

# The dial beside real things: a Redis that is killed and paused, a full disk, servers of three languages, and the page in Chromium.
DIAL := $(OUT)/dial

$(DIAL)/venv/.installed: $(VENV)/.installed tests/dial/constraints.txt | $(OUT)/venv-cffi/.installed
	test -x $(DIAL)/venv/bin/python || python3 -m venv $(DIAL)/venv
	$(DIAL)/venv/bin/pip install --quiet -c tests/dial/constraints.txt cffi fastapi gunicorn httpx prometheus-client pytest pytest-xdist redis schemathesis uvicorn
	SARK_LIB_DIR=$(PYTHON_LIB) $(DIAL)/venv/bin/pip install --quiet --force-reinstall --no-deps ./bindings/python
	@touch $@

$(DIAL)/node/.installed: $(OUT)/node/.installed tests/dial/node/package-lock.json
	mkdir -p $(DIAL)/node
	cp tests/dial/node/package.json tests/dial/node/package-lock.json $(DIAL)/node/
	cd $(DIAL)/node && npm ci --no-audit --no-fund --silent && npm install --no-save --no-audit --no-fund --silent $(OUT)/node/$$(cat $(OUT)/node/tarball)
	@touch $@

$(DIAL)/server_go: $(PREFIX)/.installed $(wildcard bindings/go/*.go tests/dial/servers/server_go/*)
	@$(with_prefix) cd tests/dial/servers/server_go && go vet . && go build -o $@ .

test-dial: packages $(DIAL)/venv/.installed $(DIAL)/node/.installed $(DIAL)/server_go
	$(call step,'the dial$(comma) its stores$(comma) its servers and its page')
	cp tests/dial/servers/server.mjs tests/dial/page.mjs $(DIAL)/node/
	@$(with_prefix) cd tests/dial && SARK_DIAL=$(DIAL) $(DIAL)/venv/bin/python -m pytest -q -p no:cacheprovider -n 4 --dist loadgroup
	@$(with_prefix) SARK_DIAL=$(DIAL) node --test --test-reporter=spec $(DIAL)/node/page.mjs

# The alerts and the dashboard, beside a real Prometheus that scrapes a real process.
$(OUT)/monitoring-schema: $(wildcard tests/monitoring/schema/*)
	$(call step,'building the check of Grafana'"'"'s schema')
	cd tests/monitoring/schema && test -z "$$(gofmt -l . | tee -a /dev/stderr)" && go vet . && go build -o $@ .

test-monitoring: packages $(DIAL)/venv/.installed $(OUT)/opa $(OUT)/monitoring-schema
	$(call step,'alerts$(comma) runbooks and dashboard')
	@cd tests/monitoring && SARK_OUT=$(OUT) $(DIAL)/venv/bin/python -m pytest -q -p no:cacheprovider

# A client beside a real OPA that is killed, slowed down and replaced; toxiproxy stands between them.
$(OUT)/toxiproxy: $(wildcard tests/client/toxiproxy/go.*)
	$(call step,'building toxiproxy')
	cd tests/client/toxiproxy && go build -o $@ github.com/Shopify/toxiproxy/v2/cmd/server

test-client: packages $(DIAL)/venv/.installed $(OUT)/opa $(OUT)/toxiproxy
	$(call step,'a client$(comma) its remote$(comma) shadow$(comma) guard and faults')
	@cd tests/client && SARK_OUT=$(OUT) $(DIAL)/venv/bin/python -m pytest -q -p no:cacheprovider -n 4 $(CLIENT_TESTS)

# What faults get, alone.
faults:
	@$(MAKE) --no-print-directory test-client CLIENT_TESTS=test_faults.py

# Sources beside `opa build`, `opa sign`, nginx and an OPA that follows the same bundles. SARK_ACTIVATIONS=1000 is the campaign.
test-source: packages $(DIAL)/venv/.installed $(OUT)/opa $(OUT)/toxiproxy
	$(call step,'sources$(comma) their faults and their check')
	@cd tests/source && SARK_OUT=$(OUT) $(DIAL)/venv/bin/python -m pytest -q -p no:cacheprovider -n 3

test-node: $(OUT)/node/.installed $(OUT)/opa
	$(call step,'Node')
	cd bindings/node && npm ci --no-audit --no-fund --silent && SARK_LIB_DIR=$(LIB) npm run --silent build
	cd bindings/node && $(ROOT)/scripts/with-opa $(OUT)/opa node --test --test-reporter=spec test/

test-go: $(PREFIX)/.installed $(OUT)/opa
	$(call step,'Go')
	cd bindings/go && test -z "$$(gofmt -l . ../../tests/oracle ../../tests/conformance ../../tests/differential ../../benches/opa ../../benches/flags ../../tests/dial ../../examples/gateway | tee -a /dev/stderr)"
	@$(with_prefix) cd bindings/go && go vet ./... && $(ROOT)/scripts/with-opa $(OUT)/opa go test -race -count=1 ./...
	@$(with_prefix) cd bindings/go/prometheus && go vet ./... && go test -race -count=1 ./...

test-install: lib
	$(call step,'cmake --install$(comma) find_package$(comma) pkg-config')
	tests/install/check.sh $(LIB)

test-readme: $(PREFIX)/.installed $(VENV)/.installed $(OUT)/node/.installed
	$(call step,'the examples of the README')
	@$(with_prefix) scripts/readme-examples $(OUT)/readme $(VENV) $(OUT)/node

test-record: $(DEMO)/opa-decisions.txt
	$(call step,'the recorded decisions are what OPA decides')
	cmp $< examples/gateway/opa-decisions.txt

test-demo: demo

# OPA's own suite, through the C ABI; what is known to fail, and why, stands in tests/conformance/known.txt. CONFORMANCE_ARGS for a part of
# it, or for modules that were changed at random: '-part mutations -n 60000 -seed 7'.
CONFORMANCE := $(OUT)/conformance
CONFORMANCE_ARGS ?=

$(CONFORMANCE): $(PREFIX)/.installed $(wildcard bindings/go/*.go tests/conformance/*)
	$(call step,'building the runner of OPA'"'"'s suite')
	@$(with_prefix) cd tests/conformance && go vet . && go build -o $@ .

conformance: $(CONFORMANCE)
	$(call step,'OPA'"'"'s own suite')
	@$(with_prefix) $(CONFORMANCE) -known tests/conformance/known.txt $(CONFORMANCE_ARGS)

# Drawn policies, data and inputs, decided by OPA and by sark: N pairs from SEED on. What differs is kept in target/differential.
N ?= 20000
SEED ?= 1
DEFECTS ?= 8000
EXPLAINED ?= 1000
CALLS ?= 300
DIFFERENTIAL := $(OUT)/differential/run

$(DIFFERENTIAL): $(PREFIX)/.installed $(wildcard bindings/go/*.go tests/differential/*)
	$(call step,'building the differential run')
	@$(with_prefix) cd tests/differential && go vet . && go build -o $@ .

differential: $(DIFFERENTIAL) $(OUT)/oracle
	$(call step,'$(N) drawn pairs of a policy and an input$(comma) OPA beside sark')
	@$(with_prefix) $(DIFFERENTIAL) -n $(N) -seed $(SEED) -keep $(OUT)/differential/found
	$(call step,'$(DEFECTS) drawn modules with a defect each$(comma) OPA beside sark')
	@$(with_prefix) $(DIFFERENTIAL) -defects -n $(DEFECTS) -seed $(SEED) -keep $(OUT)/differential/found
	$(call step,'$(EXPLAINED) drawn decisions explained$(comma) OPA beside sark')
	@$(with_prefix) $(DIFFERENTIAL) -explain -n $(EXPLAINED) -seed $(SEED) -keep $(OUT)/differential/found
	$(call step,'$(CALLS) drawn calls of each builtin$(comma) OPA beside sark')
	@SARK_BUILTIN_ORACLE=$(OUT)/oracle SARK_BUILTIN_CALLS=$(CALLS) SARK_BUILTIN_SEED=$(SEED) cargo test --locked --quiet --lib random_calls -- --nocapture

# sark beside OPA's Go SDK, OPA as a C shared library, regorus and its register machine: one process, interleaved. BENCH=NAME for some workloads.
$(OUT)/libopa.so: $(wildcard benches/opa/*)
	$(call step,'building OPA as a C shared library')
	cd benches/opa && go vet . && go build -buildmode=c-shared -o $@ .

bench-engine: $(OUT)/libopa.so $(OUT)/oracle $(LIB)/libsark.so
	$(call step,'bench-engine')
	SARK_BENCH_OPA=$(OUT)/libopa.so SARK_BENCH_LIB=$(LIB)/libsark.so SARK_BENCH_ACI="$$(cd tests/oracle && $(OUT)/oracle dir)" cargo bench --locked --quiet --bench engine -- $(BENCH)

# One check of the dial in each language, beside the SDKs that answer the same question. ROUNDS=NUMBER for more or fewer.
BENCH_FLAGS := $(OUT)/bench-flags

$(BENCH_FLAGS)/venv/.installed: $(VENV)/.installed benches/flags/constraints.txt
	test -x $(BENCH_FLAGS)/venv/bin/python || python3 -m venv $(BENCH_FLAGS)/venv
	$(BENCH_FLAGS)/venv/bin/pip install --quiet -c benches/flags/constraints.txt cffi growthbook openfeature-sdk redis UnleashClient
	SARK_LIB_DIR=$(PYTHON_LIB) $(BENCH_FLAGS)/venv/bin/pip install --quiet --force-reinstall --no-deps ./bindings/python
	@touch $@

$(BENCH_FLAGS)/node/.installed: $(OUT)/node/.installed benches/flags/package-lock.json
	mkdir -p $(BENCH_FLAGS)/node
	cp benches/flags/package.json benches/flags/package-lock.json $(BENCH_FLAGS)/node/
	cd $(BENCH_FLAGS)/node && npm ci --no-audit --no-fund --silent && npm install --no-save --no-audit --no-fund --silent $(OUT)/node/$$(cat $(OUT)/node/tarball)
	@touch $@

$(BENCH_FLAGS)/check_go: $(PREFIX)/.installed $(wildcard bindings/go/*.go benches/flags/check_go/*)
	@$(with_prefix) cd benches/flags/check_go && go vet . && go build -o $@ .

$(BENCH_FLAGS)/check_c: $(LIB)/libsark.so benches/flags/check.c
	mkdir -p $(BENCH_FLAGS)
	$(CC) -std=c99 -O2 -Wall -Wextra -Wpedantic -Iinclude benches/flags/check.c -o $@ $(LIB)/libsark.so.0 -Wl,-rpath,$(LIB)

bench-flags: packages $(BENCH_FLAGS)/check_c $(BENCH_FLAGS)/check_go $(BENCH_FLAGS)/venv/.installed $(BENCH_FLAGS)/node/.installed
	$(call step,'bench-flags')
	cargo bench --locked --quiet --bench flags --no-run
	cp benches/flags/check.mjs $(BENCH_FLAGS)/node/
	@$(with_prefix) python3 benches/flags/run.py Rust='cargo bench --locked --quiet --bench flags' C='$(BENCH_FLAGS)/check_c' \
	  Python='$(BENCH_FLAGS)/venv/bin/python benches/flags/check.py PORT' Go='$(BENCH_FLAGS)/check_go' Node='node $(BENCH_FLAGS)/node/check.mjs'

ROLLOUT := $(DIAL)/venv/bin/python examples/fastapi_gateway/rollout_demo.py --opa $(OUT)/opa

rollout-demo: packages $(DIAL)/venv/.installed $(OUT)/opa
	$(call step,'a rollout from 0 % to 100 % and back$(comma) with OPA$(comma) Redis and Prometheus')
	@$(ROLLOUT)

test-rollout: packages $(DIAL)/venv/.installed $(OUT)/opa
	$(call step,'the rollout demo$(comma) in short')
	@$(ROLLOUT) --seconds 2

BENCH_CLIENT := $(OUT)/bench-client

$(BENCH_CLIENT)/decide_go: $(PREFIX)/.installed $(wildcard bindings/go/*.go benches/client/decide_go/*)
	@$(with_prefix) cd benches/client/decide_go && go vet . && go build -o $@ .

$(BENCH_CLIENT)/decide_c: $(LIB)/libsark.so benches/client/decide.c
	mkdir -p $(BENCH_CLIENT)
	$(CC) -std=c99 -O2 -Wall -Wextra -Wpedantic -Iinclude benches/client/decide.c -o $@ $(LIB)/libsark.so.0 -Wl,-rpath,$(LIB)

bench-client: packages $(OUT)/opa $(BENCH_CLIENT)/decide_c $(BENCH_CLIENT)/decide_go $(DIAL)/venv/.installed $(OUT)/node/.installed
	$(call step,'bench-client')
	cp benches/client/decide.mjs $(OUT)/node/
	@$(with_prefix) python3 benches/client/run.py $(OUT)/opa C=$(BENCH_CLIENT)/decide_c Go=$(BENCH_CLIENT)/decide_go \
	  Python='$(DIAL)/venv/bin/python benches/client/decide.py' Node='node $(OUT)/node/decide.mjs'

BENCH_SOURCE := $(OUT)/bench-source

$(BENCH_SOURCE)/follow: $(LIB)/libsark.so benches/source/follow.c
	mkdir -p $(BENCH_SOURCE)
	$(CC) -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Wpedantic -Iinclude benches/source/follow.c -o $@ $(LIB)/libsark.so.0 -Wl,-rpath,$(LIB) -pthread

bench-source: packages $(DIAL)/venv/.installed $(OUT)/opa $(BENCH_SOURCE)/follow
	$(call step,'bench-source')
	@SARK_OUT=$(OUT) $(DIAL)/venv/bin/python benches/source/run.py $(BENCH_SOURCE)/follow

# The interpreter's lock: what giving it up costs, and a decision beside threads that compute.
bench-lock: $(DIAL)/venv/.installed
	$(call step,'bench-lock')
	@$(DIAL)/venv/bin/python benches/client/lock.py benches/client/policy.rego benches/client/input.json

$(BENCH_CLIENT)/load_go: $(wildcard benches/client/load_go/*)
	cd benches/client/load_go && go vet . && go build -o $@ .

# The FastAPI gateway, beside the same application without decisions. ROUNDS=NUMBER for more or fewer.
bench-gateway: $(DIAL)/venv/.installed $(BENCH_CLIENT)/load_go
	$(call step,'bench-gateway')
	@$(DIAL)/venv/bin/python benches/client/gateway.py $(BENCH_CLIENT)/load_go

# The short form, the same at each run.
# After the libraries, whose three links are the longest chain.
test-fuzz: | $(LIB)/libsark.a
	$(call step,'fuzzing$(comma) a fixed number of runs for each target')
	fuzz/run $(OUT)/fuzz 4000-runs

# The campaign: each target for FUZZ_SECONDS, from the seeds of fuzz/seeds; what it finds is kept in target/fuzz.
FUZZ_SECONDS := 60
fuzz:
	$(call step,'fuzzing$(comma) $(FUZZ_SECONDS) s for each target')
	fuzz/run $(OUT)/fuzz $(FUZZ_SECONDS)

# ---- upkeep ------------------------------------------------------------------------------------------------------------------------

bless:
	SARK_BLESS=1 cargo test --quiet --test surface generated

format:
	cargo fmt
	gofmt -w bindings/go tests/oracle tests/conformance tests/differential benches/opa benches/flags tests/dial examples/gateway

deny:
	cargo install --locked --quiet --root $(OUT)/tools cargo-deny@0.20.2
	$(OUT)/tools/bin/cargo-deny check bans licenses sources

clean:
	rm -rf $(OUT)


