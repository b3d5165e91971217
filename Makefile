# Everything runs in its own virtual environment, made from hashed locks.
# Needs Python 3.11 or newer, git and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_FLAGS := --quiet --disable-pip-version-check --require-hashes --no-deps

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset run test lint screenshots benchmarks locks clean

help: ## list what can be done
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/run.stamp ## serve with a sample cast; HOST, PORT, CREDENTIALS=new, CHAT=off
	@$(BIN)/python manage.py demo $(if $(filter new,$(CREDENTIALS)),--new-credentials) $(if $(filter off,$(CHAT)),--no-chat)

demo-reset: $(VENV)/run.stamp ## throw the demo's data away and start it anew
	@$(BIN)/python manage.py demo --reset $(if $(filter off,$(CHAT)),--no-chat)

run: $(VENV)/run.stamp ## serve without sample data; HOST and PORT
	@$(BIN)/python manage.py serve

test: $(VENV)/test.stamp ## run every test that this machine can run
	@$(BIN)/python scripts/run_tests.py

lint: $(VENV)/test.stamp ## formatter, linters, types, layers, templates, locks
	@$(BIN)/python scripts/lint.py

screenshots: $(VENV)/test.stamp ## take the README's pictures from the running product
	@$(BIN)/python scripts/take_screenshots.py

benchmarks: $(VENV)/test.stamp ## measure ratios side by side
	@$(BIN)/python -m benchmarks

locks: ## resolve dependencies anew (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header -q -o locks/run.txt
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header -q --group test --group lint -c locks/run.txt -o locks/test.txt

clean: ## remove the virtual environment and caches; data in var/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 …"; exit 1; }
	@echo "Making a virtual environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: locks/run.txt | $(BIN)/python
	@[ -f $(VENV)/test.stamp ] || { echo "Installing what the server needs …"; $(BIN)/python -m pip install $(PIP_FLAGS) -r locks/run.txt; }
	@touch $@

$(VENV)/test.stamp: locks/test.txt | $(BIN)/python
	@echo "Installing what the tests need …"
	@$(BIN)/python -m pip install $(PIP_FLAGS) -r locks/test.txt
	@touch $@
