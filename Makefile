# `make` alone lists what there is. Every target first brings .venv up to date and runs in it.

.DEFAULT_GOAL := help
.PHONY: help setup check test bench demo preview up lock clean

python := .venv/bin/python

# What Pulumi runs with, here and in the tests. The switches are fixed, the rest can be set from outside.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PULUMI_HOME ?= $(CURDIR)/.dialform/pulumi-home
export PULUMI_SKIP_UPDATE_CHECK := 1
export PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION := 1
ifndef PULUMI_CONFIG_PASSPHRASE_FILE
export PULUMI_CONFIG_PASSPHRASE ?=
endif

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 10

setup: ## .venv, its packages and the Pulumi CLI; the other targets do it by themselves
	@PYTHON='$(PYTHON)' tools/setup.sh

check: setup ## format, lint and types
	@$(python) -m ruff format --check .
	@$(python) -m ruff check .
	@$(python) -m mypy
	@MYPYPATH=tests/engine:tests $(python) -m mypy tools benchmarks
	@for folder in $$(find tests -name '*.py' -exec dirname {} + | sort -u); do \
	    MYPYPATH=tests:tests/unit/declaration:tests/unit/launcher:tests/unit/registry $(python) -m mypy "$$folder"/*.py || exit 1; \
	done # a folder at a time, as pytest sees them: each has its own conftest
	@if command -v go >/dev/null; then \
	    go -C tools/actionlint run github.com/rhysd/actionlint/cmd/actionlint \
	        -shellcheck= -pyflakes= $(CURDIR)/.github/workflows/*.yml; \
	else echo 'the workflows were not linted: that needs Go' >&2; test -z '$(CI)'; fi

test: setup ## every test, the real Pulumi engine included; ARGS go to pytest
	@$(python) -m pytest $(ARGS)

bench: setup ## every benchmark, each against its stated floor
	@for file in benchmarks/[a-z]*.py; do \
	    case $$file in */harness.py|*/released.py) continue;; esac; \
	    echo "$$file"; $(python) "$$file" || exit 1; \
	done

demo: setup ## the main job, from the declaration to placed calls, against the sandbox
	@$(python) tools/demo.py demo $(ARGS)

preview: environment setup ## what `up` would change: make preview ENV=dev ARGS=--diff
	@$(python) tools/demo.py preview $(ENV) $(ARGS)

up: environment setup ## release what is declared: make up ENV=dev
	@$(python) tools/demo.py up $(ENV) $(ARGS)

lock: ## renew requirements.txt from pyproject.toml; ARGS=--upgrade for newer versions
	@python=$$(PYTHON='$(PYTHON)' tools/setup.sh --find-python) && $$python tools/lock.py $(ARGS)

clean: ## drop .venv and caches; what the demo left in .dialform stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage build dist

# ENV counts only where it is said: shells have a variable of that name.
.PHONY: environment
environment:
ifneq ($(origin ENV),command line)
	@echo 'say which environment, for example: make $(MAKECMDGOALS) ENV=dev' >&2; exit 2
else
	@test -n '$(ENV)' || { echo 'ENV is empty: make $(MAKECMDGOALS) ENV=dev' >&2; exit 2; }
endif
