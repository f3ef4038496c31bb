# Every command that a person or CI runs. Plain `make` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
CARGO ?= cargo
WEB_STAMP := web/dist/index.html
CHROMIUM ?= /usr/bin/chromium
CRASH_ROUNDS ?= 30
CLIENT_STACK := target/clients/venv/ready
FUZZ_SECONDS ?= 60
FUZZ_HOST := $(shell rustc --print host-tuple)
FUZZ_FLAGS := --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares
FUZZ_BIN := target/fuzz/$(FUZZ_HOST)/fuzz/fuzz-ourchat
NEXTEST_VERSION := cargo-nextest@0.9.151
NEXTEST := $(CARGO) nextest run --workspace --features failpoints
CRASH := test(/^operate::crash/) | test(/_power_cuts$$/)
FEATURES := --workspace --all-targets --features failpoints
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)

.PHONY: help run web proto check lint unit crash browser clients test bench soak fuzz golden deny tools

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

run: web ## build the web UI and the server, start it here with ./data
	$(CARGO) build --release
	exec ./target/release/chatelaine serve --data ./data

web: $(WEB_STAMP) ## build the web UI into web/dist

$(WEB_STAMP): $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print 2>/dev/null)
	cd web && npm ci --no-audit --no-fund && npm run build
	@touch $@

check: lint unit ## format, lints, fast tests

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy -q $(FEATURES) -- -D warnings

unit: tools $(WEB_STAMP)
	$(NEXTEST) -E 'not ($(CRASH))'

crash: tools $(WEB_STAMP) ## kill -9 and power-cut rounds (CRASH_ROUNDS=30)
	CHATELAINE_CRASH_ROUNDS=$(CRASH_ROUNDS) $(NEXTEST) -E '$(CRASH)'

browser: tools $(WEB_STAMP) ## the stories in headless Chromium
	$(CARGO) build $(FEATURES)
	cd web && npm test
	cd tests/browser && npm ci --no-audit --no-fund && \
	  CHATELAINE_BIN=$(CURDIR)/target/debug/chatelaine CHROMIUM=$(CHROMIUM) npm test

clients: tools $(CLIENT_STACK) ## clients of another make: Python's gRPC, gRPC-Web in Chromium
	$(CARGO) build $(FEATURES)
	cd tests/clients && npm ci --no-audit --no-fund
	CHATELAINE_BIN=$(CURDIR)/target/debug/chatelaine CHROMIUM=$(CHROMIUM) $(CLIENT_STACK:ready=bin/python) tests/clients/run.py

$(CLIENT_STACK): tests/clients/requirements.txt
	@python3 -c 'import ensurepip, venv' 2>/dev/null || { $(SUDO) apt-get update -q && $(SUDO) apt-get install -y -q python3-venv; }
	python3 -m venv $(@D)
	$(@D)/bin/python -m pip install -q --disable-pip-version-check -r $<
	@touch $@

test: ## all that CI runs; installs what it needs
	$(MAKE) check
	$(MAKE) crash
	$(MAKE) browser
	$(MAKE) clients

bench: web ## measure the hot paths beside their physical limits (about 12 minutes)
	$(CARGO) build --release
	./target/release/chatelaine bench --json bench.json
	./target/release/chatelaine bench ourchat --json bench-ourchat.json
	./target/release/chatelaine bench machines --json bench-machines.json

soak: ## a thousand crash rounds (hours)
	$(MAKE) crash CRASH_ROUNDS=1000

fuzz: ## feed the gRPC dialect with made-up bytes (FUZZ_SECONDS=60)
	RUSTFLAGS="$(FUZZ_FLAGS)" $(CARGO) build -p chatelaine-fuzz --features fuzzer --bin fuzz-ourchat \
	  --profile fuzz --target $(FUZZ_HOST) --target-dir target/fuzz
	mkdir -p target/fuzz/found target/fuzz/failed
	$(FUZZ_BIN) -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
	  -artifact_prefix=target/fuzz/failed/ target/fuzz/found tests/fuzz/corpus
	@[ -z "$(FUZZ_KEEP)" ] || $(FUZZ_BIN) -merge=1 -timeout=10 tests/fuzz/corpus target/fuzz/found

golden: tools ## rewrite the golden files; read the diff
	CHATELAINE_GOLDEN=write $(NEXTEST) -E 'test(golden) | test(/^dialects::/) | test(/^config::/)'

proto: ## rewrite the gRPC code from its .proto files
	$(CARGO) run -q -p chatelaine-ourchat-pb --features generate --example generate

deny: ## licences, sources and duplicates of the dependencies
	@$(CARGO) deny --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-deny
	$(CARGO) deny check licenses bans sources

tools:
	@$(CARGO) nextest --version >/dev/null 2>&1 || \
	  CARGO_PROFILE_DEV_DEBUG=0 $(CARGO) install --locked --debug --no-default-features --features default-no-update $(NEXTEST_VERSION)
	@[ -x $(CHROMIUM) ] || { $(SUDO) apt-get update -q && $(SUDO) apt-get install -y -q chromium; }
