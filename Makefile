# make run is the demo; make check is what CI runs first. .ci/run runs everything.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LINT    ?= golangci-lint
FUZZ    ?= 10s
SHELL   := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: run demo test check lint race bench fuzz coverage screenshot build clean

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

# The six figures that Handrail promises, each beside its reference. The machine should have nothing else to do.
BENCH = go test -run '^$$' -bench
FIGURES = grep -E '^Benchmark|FAIL|panic'
bench:
	@echo "1. A signed command, verified, decided, recorded and acknowledged."
	@echo "   One sender: x-bare is its latency over that of a bare durable commit; under 3 is promised."
	@$(BENCH) 'Command1$$' -benchtime 3s ./cmd/bot | $(FIGURES)
	@echo "   16 senders: x-single is the rate over that of one transaction for each command; at least 3 is promised."
	@$(BENCH) 'Command16$$' -benchtime 3s ./cmd/bot | $(FIGURES)
	@echo "2. From the command to StartAutomationExecution on the wire, 20 a second; p50 under 5 ms is promised."
	@$(BENCH) 'CommandToStart$$' -benchtime 5s ./cmd/bot | $(FIGURES)
	@echo "3. A decision among 100,000 grants; under 1000 ns without allocation is promised. linear looks at each grant."
	@$(BENCH) 'Decide$$' -benchtime 2s ./policy | $(FIGURES)
	@echo "   With a condition in CEL under 5000 ns are promised, for a policy of 10,000 grants to be read under 1 s, and to"
	@echo "   be at least 20 times faster than cedar-go (x-cedar) with the same 1,000 grants."
	@$(BENCH) 'DecideWithCondition/100k|Reload' -benchtime 2s ./policy | $(FIGURES)
	@cd policy/cedarbench && $(BENCH) . | $(FIGURES)
	@echo "4. bot serve with an existing SQLite file: first acknowledgement within 50 ms of the start of the process,"
	@echo "   idle under 30 MB and 0.1 % of a core are promised."
	@$(BENCH) 'Serve$$' -benchtime 10x ./cmd/bot | $(FIGURES)
	@echo "5. The local SSM: under 50 µs a step beside a loop that records the same, a thousand executions of ten steps"
	@echo "   within 200 MB, and under 1 % of a core for 500 executions that sleep are promised."
	@$(BENCH) '(Step|ExecutionsAtOnce|Sleeping)$$' ./local/ssmserver | $(FIGURES)
	@echo "6. bot audit verify of 100,000 decisions on SQLite, for a million; under 10 s on two idle cores is promised. sha256 is"
	@echo "   the time to hash the same bytes once."
	@$(BENCH) 'AuditVerify$$' -benchtime 3x ./store | $(FIGURES)

fuzz:
	@git grep -oE '^func Fuzz[A-Za-z0-9_]*\(' -- '*_test.go' | while IFS=: read -r file name; do \
	  name=$${name#func }; go test -run '^$$' -fuzz "^$${name%%(*}\$$" -fuzztime $(FUZZ) "./$$(dirname "$$file")"; done

# Writes the tables of docs/local-ssm.md from the tables that the local SSM runs by. A test fails when they are stale.
coverage:
	go test ./local/ssmserver -run TestCoverageIsDocumented -update

# Takes docs/images/demo.png from the real page with a run in progress. Needs chromium and curl.
screenshot: build
	docs/images/take.sh

build:
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/bot ./cmd/bot

clean:
	rm -rf bin dist
