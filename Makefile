# Plain verbs; `make help` lists them. Each works on a fresh clone.
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION := $(shell git describe --always --dirty --tags 2>/dev/null || echo devel)
MODULES := . fixtures/nodeimage

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/lastcall
	@CGO_ENABLED=0 go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/lastcall ./cmd/lastcall

.PHONY: setup
setup: build ## Install or start what this machine lacks; says each change first
	@bin/lastcall setup

.PHONY: unsetup
unsetup: build ## Undo what setup changed on this machine
	@bin/lastcall unsetup

# Two runs side by side. One look at the error rate is paid for, so 2,995 clean requests of a class decide it: half a
# thousand per second over a termination of 8 s are enough. The slow requests are shorter than on a cluster, to save time.
TRY := --scenario pod-delete --rounds 1 --rate 2 --env LAME_DUCK=3s --control 4s --slow 'GET /slow?for=3s' --out out

.PHONY: try
try: build ## One pass and one fail in half a minute: no cluster, no Docker, no root
	@mkdir -p out bin/images
	@echo "graceful and closes-at-once side by side, as local processes"
	@bin/lastcall local --app closes-at-once $(TRY) >out/try-closes-at-once.txt 2>&1 & bad=$$!; \
	bin/lastcall local --app graceful $(TRY) && good=0 || good=$$?; \
	wait $$bad && failed=0 || failed=$$?; echo; cat out/try-closes-at-once.txt; echo; \
	echo "graceful ended with $$good (0 is a pass), closes-at-once with $$failed (1 is a fail)"; \
	[[ $$good -eq 0 && $$failed -eq 1 ]]

# One package after the other: some drive real traffic at real processes, and beside a compiler the generator is late.
.PHONY: test
test: setup ## Unit tests with the race detector
	@for module in $(MODULES); do echo "go test -race ./... ($$module)"; go -C $$module test -race -p 1 -timeout 15m ./...; done

.PHONY: gate
gate: setup ## Cluster, scenarios, verdict, report in out/index.html: what a CI job runs
	@began=$$SECONDS; bin/lastcall cluster up; \
	LASTCALL_CLUSTER_UP=$$((SECONDS - began))s LASTCALL_GATE=1 go test -v ./suites/gate -count=1 -timeout 60m -ginkgo.v -ginkgo.no-color

MINUTES ?= 30
SEED    ?= 0

.PHONY: soak
soak: setup ## MINUTES=30 SEED=…: the gate's runs in random order, the distribution in out/soak.md
	@bin/lastcall soak --minutes $(MINUTES) --seed $(SEED)

.PHONY: lint
lint: ## golangci-lint over all modules
	@go -C tools build -o ../bin/golangci-lint tool
	@for module in $(MODULES); do echo "golangci-lint ($$module)"; (cd $$module && "$(CURDIR)/bin/golangci-lint" run --config "$(CURDIR)/.golangci.yml" ./...); done

.PHONY: golden
golden: ## Rewrite the golden files of the reports; look at the difference before you commit it
	@go test ./reports -update

.PHONY: down
down: build ## Delete the cluster
	@bin/lastcall cluster down

.PHONY: clean
clean: ## Delete what the build and the runs left in this folder
	@rm -rf bin out
