# make run is the demo; make check is what CI runs first. .ci/run runs everything.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LINT    ?= golangci-lint
FUZZ    ?= 10s
SHELL   := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: run demo test check lint race bench fuzz screenshot build clean

run demo:
	go run ./cmd/bot demo

test:
	go test ./...

check:
	@unformatted=$$(git ls-files -z '*.go' | xargs -0 gofmt -l); test -z "$$unformatted" || { echo "not formatted: $$unformatted"; exit 1; }
	go vet ./...
	@$(MAKE) --no-print-directory lint
	go test ./...

# The linter is no part of go.mod: go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
lint:
	$(LINT) run ./...

race:
	go test -race ./...

# The figures that Handrail promises, each beside its reference.
bench:
	go test -run '^$$' -bench . -benchtime 2s ./policy ./store ./cmd/bot

fuzz:
	@git grep -oE '^func Fuzz[A-Za-z0-9_]*\(' -- '*_test.go' | while IFS=: read -r file name; do \
	  name=$${name#func }; go test -run '^$$' -fuzz "^$${name%%(*}\$$" -fuzztime $(FUZZ) "./$$(dirname "$$file")"; done

# Takes docs/images/demo.png from the real page with a run in progress. Needs chromium and curl.
screenshot: build
	docs/images/take.sh

build:
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/bot ./cmd/bot

clean:
	rm -rf bin dist
