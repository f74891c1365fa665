# SPDX-License-Identifier: Apache-2.0
#
# Needed: Go, git and make. What `make test` needs beyond that it finds, starts or
# installs itself (tools/prepare, tools/withmysql). Modules and tools are fetched at
# the exact versions of go.mod and tools.mod.

SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GOLANGCI := go tool -modfile=tools.mod golangci-lint

.PHONY: help build test years chaos lint format bench demo clean

help: ## show what can be made
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/certbridge, one static file
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$(VERSION)" -o bin/certbridge ./cmd/certbridge

test: ## run all tests on SQLite and on a real MySQL or MariaDB server, which it brings along if need be
	@tools/prepare
	CGO_ENABLED=1 go run ./tools/withmysql -- go test -race ./...

KILLS ?= 10000
SEED ?= 0

years: ## synchronize 5,000 certificates over several simulated years; make test has fewer of them
	CGO_ENABLED=0 go run ./tools/withmysql -- go test -timeout 30m ./years

chaos: ## kill certbridge KILLS times on each database, and write the summary into docs/evidence
	CGO_ENABLED=0 go test ./chaos -run '^TestKilled|^TestMutants' -v -timeout 0 -kills $(KILLS) -seed $(SEED) -evidence $(CURDIR)/docs/evidence

lint: ## check format, import rules, module files and everything in .golangci.yml
	go vet ./...
	go mod verify
	$(GOLANGCI) config verify
	$(GOLANGCI) fmt --diff
	$(GOLANGCI) run

format: ## format all Go files as lint wants them
	$(GOLANGCI) fmt

bench: ## measure what certbridge adds to the provider's own time, and the synchronization against its goals
	CGO_ENABLED=0 go run ./tools/withmysql -- go run ./tools/bench

demo: build ## run everything in one process, without configuration or network
	@bin/certbridge demo

clean: ## remove what was built
	rm -rf bin dist
