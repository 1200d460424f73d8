# Every target prepares what it needs, on a Debian or Ubuntu with no more than Python 3.11, git and make.
# `make` alone lists them. ARGS is handed on: make test ARGS="tests/unit -k filter"

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

# The locks were resolved with 3.11; newer ones do as well. PYTHON names another one: make PYTHON=/usr/bin/python3.11 test
CANDIDATES := $(PYTHON) python3.11 python3 python3.12 python3.13 python3.14
IS_NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
find_python = for python in $(CANDIDATES); do \
	if "$$python" -c '$(IS_NEW_ENOUGH)' 2>/dev/null; then echo "$$python"; exit; fi; \
	done; echo 'Python 3.11 or newer is needed and was not found.' >&2; exit 1
as_root = $$(if [ "$$(id -u)" -ne 0 ]; then echo sudo; fi) env DEBIAN_FRONTEND=noninteractive

.PHONY: help run test check bench demo lint types imports format lock services clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.runtime ## Run Rollcall on this machine, with a tenant to try (PORT, ROLLCALL_DATA)
	@exec $(BIN)/rollcall serve --demo $(ARGS)

demo: $(VENV)/.runtime ## Tell a short story: an identity provider sends people, an administrator looks at them
	@exec $(BIN)/python -m deploy.demo $(ARGS)

test: services ## Run all tests; RabbitMQ and MongoDB are found or started
	@exec $(BIN)/pytest $(ARGS)

check: lint types imports ## Look at the code without running it

lint: $(VENV)/.dev ## Rules and format (ruff)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.dev ## Types (mypy --strict)
	$(BIN)/mypy

imports: $(VENV)/.dev ## Who may import whom (import-linter)
	$(BIN)/lint-imports

format: $(VENV)/.dev ## Format the code, and mend what ruff can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: services ## Measure this version against its peers (docs/performance.md)
	@exec $(BIN)/python -m bench $(ARGS)

services: $(VENV)/.dev ## Install what the tests' RabbitMQ and MongoDB need, where they are not to be had otherwise
	@$(BIN)/python -m tests.support.services install

lock: $(VENV)/bin/python ## Choose the versions of all packages afresh
	$(BIN)/python requirements/lock.py

clean: ## Remove everything that the other targets made
	rm -rf $(VENV) .services build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage

# Debian and Ubuntu ship Python without the module that puts pip into a new environment.
$(VENV)/bin/python:
	@python=$$($(find_python)); \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		package="$$("$$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"; \
		echo "Installing $$package with apt-get: this Python cannot make virtual environments without it."; \
		$(as_root) apt-get update -qq; \
		$(as_root) apt-get install -y -qq --no-install-recommends "$$package"; \
	fi; \
	echo "Making $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv --clear $(VENV)

$(VENV)/.runtime: requirements/runtime.lock pyproject.toml | $(VENV)/bin/python
	@echo 'Installing what Rollcall runs on'
	@$(call install,requirements/runtime.lock)
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.runtime
	@echo 'Installing what tests and checks need'
	@$(call install,requirements/dev.lock)
	@touch $@

install = $(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement $(1) && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
