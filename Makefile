# Everything here installs what it needs on Debian (see .ci/setup) and is quick when there is nothing to do.
# ARGS is handed to the program or the test runner: make demo ARGS="--once --json"

SHELL := /bin/bash
export PATH := $(CURDIR)/.cache/go/bin:$(CURDIR)/.cache/node/bin:$(PATH)
export GOTOOLCHAIN := local
export GOFLAGS := -buildvcs=false

TOOL := go tool -modfile=tools/go.mod
UI := $(shell find web/ui -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path '*/e2e/*' -not -name '*.go' 2>/dev/null)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.PHONY: help demo test build lint bench generate sim go

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: go ## everything on loopback: a call, a voicemail, the portal; stays up until Ctrl-C
	@$(MAKE) -s build >&2 # what the demo prints may be JSON
	@.ci/setup run
	@bin/tandem demo $(ARGS)

build: go web/ui/dist/index.html ## bin/tandem, with the portal in it
	@go build -ldflags "-X main.version=$(VERSION)" -o bin/ ./cmd/tandem

test: go web/ui/dist/index.html ## all tests, with real Postgres, SIP peers, tshark and a browser
	@.ci/setup test
	@go vet ./...
	@go test -run Allocate ./gateway/media ./gateway/codec
	@$(TOOL) gotestsum --format pkgname --format-hide-empty-pkg -- -race -timeout 12m $(or $(ARGS),./...)

lint: go web/ui/node_modules/.installed ## the linters, the generated code compared, the portal's types
	@$(TOOL) golangci-lint run ./...
	@$(TOOL) sqlc diff
	@cd web/ui && npm run --silent lint && npm run --silent check

bench: go ## benchmarks of the packages
	@go test -run '^$$' -bench . -benchmem $(or $(ARGS),./overlay/... ./gateway/...)

generate: go web/ui/node_modules/.installed ## what is generated from our own sources: queries, OpenAPI, prompts
	@$(TOOL) sqlc generate
	@go generate ./...

sim: build ## the overlay in virtual time: the figures and their goals; some minutes
	@bin/tandem sim $(or $(ARGS),--figures)

go:
	@.ci/setup go

web/ui/node_modules/.installed: web/ui/package-lock.json
	@.ci/setup node
	@cd web/ui && for try in 1 2 3; do npm ci --no-audit --no-fund --loglevel=error && break || [ $$try -lt 3 ]; done
	@touch $@

web/ui/dist/index.html: web/ui/node_modules/.installed $(UI)
	@cd web/ui && npm run --silent build
	@touch $@
