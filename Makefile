# Two commands matter: `make run` and `make test`. Both set everything up first; once set up, neither needs a network.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
HOME_DIR := examples/agency
export PORT ?= 8080
export UV_PYTHON_DOWNLOADS := never

# A changed lock or project file changes the stamp's name, so a stale environment is never taken for a fresh one;
# one that was made for another place or Python is made anew.
STAMP := $(VENV)/.ready-$(shell cat requirements.lock pyproject.toml | cksum | tr ' ' '-')
PROBE := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))

.PHONY: run setup test check fix demo bench soak faults docs audit sbom help

run: setup $(HOME_DIR)/.env ## start everything on http://127.0.0.1:8080 (PORT=) with the example workspace; Ctrl-C stops it
	@ACCORD_BIN=$(abspath $(BIN)) exec $(HOME_DIR)/run

setup: $(STAMP) ## make .venv and install what requirements.lock names (PYTHON= chooses the interpreter of a new one)

test: setup ## run the whole test suite on every core (ARGS= for pytest)
	@$(BIN)/pytest -n auto $(ARGS)

check: setup $(HOME_DIR)/.env ## lint, formatting, types, import walls, the example workspace, generated pages
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/accord check $(HOME_DIR)
	@$(BIN)/accord test $(HOME_DIR)
	@$(BIN)/accord docs --check

fix: setup ## mend what ruff can mend, and format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

demo: setup ## tell three stories to the service that `make run` started: an overrun, a change, a milestone
	@ACCORD_BIN=$(abspath $(BIN)) $(HOME_DIR)/demo

bench: setup ## measure the promises side by side (ARGS= to choose)
	@$(BIN)/python -m bench $(ARGS)

soak: setup ## work and faults in a drawn order, for minutes or hours (SOAK_MINUTES=10 SOAK_SEED= to tell one again)
	@SOAK_MINUTES=$${SOAK_MINUTES:-10} $(BIN)/python -m tests.faults.soak

faults: setup ## every fault at every moment, on both databases; hours (FAULTS=3/10 a part, FAULT_SECONDS=60 long ones)
	@FAULTS=$${FAULTS:-all} FAULTS_REPORT=build/faults.md $(BIN)/pytest -n auto -q tests/faults/test_stories_survive.py $(ARGS)

docs: setup ## write the pages that are made from code, so that they cannot disagree with it
	@$(BIN)/accord docs

audit: setup ## hold the locks against known weaknesses, where an index of them can be reached; else say why not
	@$(BIN)/python .ci/audit.py requirements.lock requirements.run.lock

sbom: setup ## write build/sbom.json: what the container is made of, in CycloneDX
	@mkdir -p build
	@$(BIN)/python .ci/sbom.py requirements.run.lock > build/sbom.json
	@echo "build/sbom.json names $$(grep -c '"type": "library"' build/sbom.json) distributions"

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The example's secrets open nothing; they only have to be there, and to be readable by nobody else.
$(HOME_DIR)/.env:
	@install -m 600 $@.example $@

$(STAMP):
	@rm -f $(VENV)/.ready-*
	@python="$(PYTHON)"; \
	if [ -z "$$python" ]; then \
		for name in python3 python3.13 python3.12 python3.11; do \
			if "$$name" -c '$(PROBE)' 2>/dev/null; then python=$$name; break; fi; \
		done; \
	fi; \
	if ! "$${python:-python3}" -c '$(PROBE)' 2>/dev/null; then \
		echo "Accord needs Python 3.11, 3.12 or 3.13; found $${python:-none of python3, python3.13, python3.12, python3.11}." >&2; \
		echo "Install one of them, or name it: make $(or $(MAKECMDGOALS),setup) PYTHON=/path/to/python3.12" >&2; \
		exit 2; \
	fi; \
	echo "Setting up $(VENV) with $$("$$python" --version); this takes about half a minute, once."; \
	made_for="$(CURDIR) $$("$$python" --version)"; \
	if [ "$$(cat $(VENV)/.made-for 2>/dev/null)" != "$$made_for" ]; then rm -rf $(VENV); fi; \
	if command -v uv >/dev/null; then \
		[ -d $(VENV) ] || uv venv --quiet --python "$$(command -v "$$python")" $(VENV); \
		export VIRTUAL_ENV=$(VENV); \
		uv pip install --quiet --require-hashes -r requirements.lock; \
		uv pip install --quiet --no-index --no-deps --no-build-isolation -e .; \
	else \
		[ -d $(VENV) ] || "$$python" -m venv $(VENV); \
		export PIP_DISABLE_PIP_VERSION_CHECK=1; \
		$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock; \
		$(BIN)/python -m pip install --quiet --no-index --no-deps --no-build-isolation -e .; \
	fi; \
	echo "$$made_for" > $(VENV)/.made-for
	@touch $@
