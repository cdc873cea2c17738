# make demo    install, build, play a sample session, print address and login
# make test    install, then run every test
# make lint    formatting and clippy
# make deny    licences, bans, sources and known holes of what is linked in
# make bench   speed and memory, printed as tables
# make release the program for real use: target/release/trainar

SHELL := /bin/bash
# Where rustup puts cargo.
export PATH := $(HOME)/.cargo/bin:$(PATH)
.DELETE_ON_ERROR:
.PHONY: demo test lint deny bench build release web install install-test reference clean

TRAINAR := target/debug/trainar
NPM_CI := npm ci --no-audit --no-fund --loglevel=error

demo: install build
	$(TRAINAR) demo $(DEMO)

test: install-test web lint
	cargo nextest run --workspace --locked
	# With the program that those tests were built with.
	cd tests && TRAINAR_TEST_BIN=$(abspath $(TRAINAR)) npm test

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	@if cargo deny --version > /dev/null 2>&1; then cargo deny --locked check licenses bans sources; \
	else echo "SKIPPED: cargo-deny is not installed; make deny installs it"; fi

deny:
	@cargo deny --version > /dev/null 2>&1 || cargo install --locked --quiet cargo-deny
	cargo deny --locked check licenses bans sources
	@if cargo deny fetch db 2> /dev/null; then cargo deny --locked check advisories; \
	else echo "SKIPPED: the database of advisories cannot be reached"; fi

bench: install web
	cargo bench --locked -p cli
	cargo bench --locked -p extraction --bench extract
	cargo bench --locked -p glasses

build: web
	cargo build --locked -p cli

release: install web
	cargo build --release --locked -p cli

# The browser's part is embedded in the program, so it is built first.
web: web-client/dist/app.js

web-client/dist/app.js: web-client/node_modules $(shell find web-client/src web-client/public -type f 2>/dev/null) $(wildcard web-client/vite*.config.ts)
	cd web-client && npm run build --silent
	@touch $@

web-client/node_modules: web-client/package-lock.json
	cd web-client && $(NPM_CI)
	@touch $@

tests/node_modules: tests/package-lock.json
	cd tests && $(NPM_CI)
	@touch $@

install:
	@scripts/install run

install-test:
	@scripts/install test
	@$(MAKE) --no-print-directory tests/node_modules

# docs/reference is written by the program; a test compares.
reference: build
	$(TRAINAR) reference docs/reference

clean:
	cargo clean
	rm -rf web-client/dist web-client/node_modules tests/node_modules demo-data
