# hynous-data: what a user or an engineer does with this tree. `make` alone lists the targets.
# Everything a target needs from the system it installs by itself through apt (root or sudo), once.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
SWIFT  := swift
JOBS   ?= 2
BUILD  := $(SWIFT) build -j $(JOBS) --explicit-target-dependency-import-check error
TESTED := --scratch-path .build/optimised
STATIC := -c release --static-swift-stdlib
SEEDS  ?= 100
SECONDS_PER_TARGET ?= 60
PREFIX ?= /usr/local
PORT   ?= 8100
SIM_PORT ?= 8200

.PHONY: help build demo run test check fuzz coverage sim bench golden dist install clean setup

help: ## List the targets.
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

setup: ## Install the system packages the build and the tests need (apt).
	@deploy/setup.sh build

build: setup ## Release binaries in .build/release.
	$(BUILD) $(STATIC)

demo: build ## The daemon on a simulated exchange; needs no internet. Ctrl-C stops both.
	@deploy/demo.sh $(SIM_PORT) $(PORT)

run: build ## The daemon on mainnet with config/default.yaml.
	exec .build/release/hynous-data run --config config/default.yaml

test: export HYNOUS_OPTIMISE := 1
test: setup ## All tests.
	@deploy/setup.sh test
	@Tests/Contract/openapi.sh
	$(BUILD) $(TESTED) --build-tests
	$(SWIFT) test -j $(JOBS) $(TESTED) --skip-build --disable-xctest --skip ProgramTests
	$(SWIFT) test -j $(JOBS) $(TESTED) --skip-build --disable-xctest --filter ProgramTests

check: setup ## Formatting and layout rules (swift-format lint).
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Fuzz

fuzz: setup ## Every fuzz target for SECONDS_PER_TARGET seconds, ASan on.
	@Fuzz/run.sh $(SECONDS_PER_TARGET)

coverage: setup ## Line coverage of Wire and Hyperliquid by tests and corpora; fails below 95 %.
	@deploy/setup.sh test
	@Fuzz/coverage.sh

sim: build ## Whole-service simulation: SEEDS seeded worlds with faults, each run twice and compared.
	.build/release/hynous-sim seeds --count $(SEEDS) --twice

bench: build ## All measurements in one run, beside their yardsticks.
	@deploy/setup.sh bench
	@Tests/Bench/run.sh

golden: setup ## Rewrite config/default.yaml and the golden answers from the code; look at the diff.
	$(BUILD)
	.build/debug/hynous-data print-config --defaults > config/default.yaml
	HYNOUS_GOLDEN=write $(SWIFT) test -j $(JOBS) --disable-xctest --filter Golden

dist: build ## A stripped binary and a tarball in dist/.
	@deploy/dist.sh

install: build ## Install binary, configuration and systemd unit (PREFIX, DESTDIR).
	@PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) deploy/install.sh .build/release/hynous-data

clean: ## Remove everything built.
	rm -rf .build .build-* Fuzz/.build* Tests/Bench/.build dist
