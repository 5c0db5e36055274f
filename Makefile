# Two commands do everything: `make watch` and `make test`. Each installs what it needs first.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# All checkouts share one build folder, so that Bevy and Burn are compiled once. The wrapper gives each checkout
# artefacts of its own for our crate in it: Cargo would take one checkout's for another's.
export CARGO_BUILD_BUILD_DIR ?= $(HOME)/.cache/bevy_proxops/build
export CARGO_TARGET_DIR ?= $(CURDIR)/target
export RUSTC_WORKSPACE_WRAPPER ?= $(CURDIR)/scripts/rustc-of-this-checkout.sh

# Some drivers complain without it, though nothing here needs it.
export XDG_RUNTIME_DIR ?= /tmp

.PHONY: help watch test tests headless bench efficiency fuzz soak core mutants

help: ## List these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/make \1\t\2/' | expand -t 16
	@echo
	@echo 'Options go in ARGS:  make watch ARGS="--scenario standoff_200m --seed 7"'

watch: ## Watch parallel inspection episodes in 3D (without a display: out/watch.png and out/watch.gif)
	@scripts/setup.sh watch
	cargo run --release --locked --example watch -- $(ARGS)

test: ## Run every check: format, tests, dependencies, examples, doc tests, lints, documentation, headless build
	@scripts/setup.sh test
	@scripts/test.sh

tests: ## Run the unit and integration tests alone (ARGS="--test validation" for some of them)
	@scripts/setup.sh test
	cargo nextest run --release --locked $(ARGS)

core: ## Test the crate without an engine alone, with checks for overflow (seconds after the first time)
	@scripts/setup.sh build
	cargo test --locked --package proxops_core $(ARGS)

mutants: ## Change the core in every way a test should notice, one at a time (hours; ARGS="--file '**/orbit/*.rs'" for a part)
	@scripts/setup.sh mutants
	@mkdir -p out
	env -u CARGO_TARGET_DIR -u CARGO_BUILD_BUILD_DIR -u RUSTC_WORKSPACE_WRAPPER nice cargo mutants --package proxops_core --output out $(ARGS)

headless: ## Run episodes without a window and print a summary
	@scripts/setup.sh build
	cargo run --release --locked --example headless -- $(ARGS)

efficiency: ## Measure parallel search on this machine and write out/efficiency/report.md (quick; ARGS=--full for all of it)
	@scripts/setup.sh build
	cargo run --release --locked --example efficiency -- $(ARGS)

fuzz: ## Look for input that breaks something (libFuzzer, five minutes for each target; ARGS=60 for so many seconds)
	@scripts/setup.sh fuzz
	scripts/fuzz.sh $(or $(ARGS),300)

soak: ## Run episodes and training under faults for half an hour and measure what grows (ARGS="--minutes 600")
	@scripts/setup.sh build
	cargo run --release --locked --example soak -- $(ARGS)

bench: ## Measure one image, one decision and one step (criterion)
	@scripts/setup.sh build
	cargo bench --locked $(ARGS)
