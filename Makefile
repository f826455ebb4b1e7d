# The ways in. Everything is made under .venv; nothing else on the machine is touched.
#
#   make run     set up, then watch the sources in config/
#   make demo    set up, then play a day of a bundled newsroom (once set up, no network needed)
#   make test    set up, then every check and test

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup run demo test lint bench soak lock clean

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -5

# Asked before anything is written: a half-made .venv would only move the error elsewhere.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Presswatch needs Python 3.11 or later: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "Python's venv needs ensurepip, which is missing here: sudo apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# One stamp for what is installed: made again when the lock or the project's own data changes.
$(VENV)/.installed: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(VENV)/.installed

run: setup
	$(BIN)/presswatch run

demo: setup
	$(BIN)/presswatch demo

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# How many processes run tests at a time; 0: this one.
WORKERS ?= 2
test: lint
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup

bench: setup
	@for bench in tests/bench/bench_*.py; do $(BIN)/python $$bench || exit 1; done

soak: setup
	$(BIN)/pytest tests/soak

# Names no index: the hashes are what counts.
LOCK := $(BIN)/python -m uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
lock: setup
	$(BIN)/python -m pip install --quiet uv
	$(LOCK) --upgrade --output-file requirements.lock
	$(LOCK) --upgrade --extra dev --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) demo-data build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
