# The two commands of the README, and those a developer needs. Everything lives in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: run test bench format check proto setup setup-dev clean

run: setup
	@$(BIN)/capsulecast serve $(ARGS)

test: setup-dev
	@scripts/test $(ARGS)

bench: setup-dev
	@$(BIN)/python -m benchmarks all --json build/benchmarks.json $(ARGS)

format: setup-dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

check: setup-dev
	@scripts/check

proto: setup-dev
	@scripts/proto

setup: $(VENV)/.installed

setup-dev: $(VENV)/.installed-dev

clean:
	rm -rf $(VENV) build

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "capsulecast needs Python 3.11 or newer")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "Setting up $(VENV) (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --editable '.[voice-espeak]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --editable '.[bake,postgres,voice-espeak]' --group dev
	@touch $@
