# Everything is run from here. `make` alone lists the targets.
# snapshot, clean, apply and diff are steps of dq: `make clean` makes a plan, it deletes nothing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := .venv-match
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
# one more than two cores: a test waits now and then
WORKERS ?= 3

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help setup data demo snapshot clean diff apply run test simulate check format lock bench bench-match

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Create .venv with everything pinned; done once, and again when the pins change.

$(READY): pyproject.toml requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "dq needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1 || echo missing)." >&2; \
	  echo "  fix:   make setup PYTHON=python3.12" >&2; exit 2; }
	@echo "Creating $(VENV) (a minute or two, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
	@echo "Ready: $$($(BIN)/python --version), dq $$($(BIN)/dq --version)"

demo: setup ## Show the whole flow on sample data, in demo/, rebuilt each time.
	@PATH="$(CURDIR)/$(BIN):$$PATH" examples/demo.sh demo

data: setup
	@$(BIN)/dq init --sample

snapshot: data ## Read both stores of config/dq.yaml (the sample, until you edit it).
	@$(BIN)/dq snapshot

clean: data ## Work out what every cell should be: the plan.
	@$(BIN)/dq clean

diff: setup ## Show the plan.
	@$(BIN)/dq diff

apply: setup ## Write the plan, without asking; brakes still hold.
	@$(BIN)/dq apply --yes

run: data ## snapshot, clean and apply in one.
	@$(BIN)/dq run --yes

test: setup ## Run the whole test suite.
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

simulate: setup ## Two thousand schedules of faults, 500 worlds of people, every moment of an apply and an undo killed, every page of a disk filled.
	@DQ_SCHEDULES=2000 DQ_WORLDS=500 DQ_MOMENTS=all DQ_MUTANTS=1 $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist load --timeout 3600 \
		tests/simulation tests/e2e/test_e2e_undo.py tests/e2e/test_e2e_killed_everywhere.py tests/e2e/test_e2e_full_disk.py

check: setup ## Check format, lint, types and the import contract.
	@$(BIN)/ruff format --check --quiet . || { echo "  fix:   make format" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup ## Put the code into its standard form.
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

bench: setup ## Measure and write the figures of docs/benchmarks.md.
	@$(BIN)/python -m bench

bench-match: setup ## Matching beside Splink and recordlinkage, which get an environment of their own; MATCH="--million" for more.
	@$(MAKE) --no-print-directory $(PEERS)/.ready
	@$(BIN)/python -m bench.match --peers $(PEERS)/bin/python $(MATCH)

$(PEERS)/.ready: bench/match-requirements.txt
	@echo "Creating $(PEERS): the peers of the matcher (half a minute, once)"
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet --quiet install --requirement $<
	@touch $@

lock: ## Pin the newest versions that pyproject.toml allows (needs uv).
	uv pip compile pyproject.toml $(LOCKED) --output-file requirements.lock
	uv pip compile pyproject.toml --extra dev $(LOCKED) --constraint requirements.lock --output-file requirements-dev.lock

LOCKED := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header
