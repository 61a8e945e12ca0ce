# The front door of this folder. `make help` lists what it does.

PY := .venv/bin/python
ARGS ?=

# Without compiled modules every process would compile its imports again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: docs words help setup setup-dev run prepare test check fmt bench lock

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 12

setup: ## make .venv from the locks
	@scripts/setup.sh core

setup-dev: ## the same with the checks and tests
	@scripts/setup.sh dev

run: setup ## the whole way on a made-up market, at one printed address (ARGS=…)
	@.venv/bin/lantian demo $(ARGS)

prepare: setup-dev ## install and fetch what the tests need
	@$(PY) -m tests.services prepare

test: setup-dev ## all tests in two processes, on real services (ARGS=…: some, in one pytest)
	@$(PY) -m tests.services prepare
	@$(PY) -m $(if $(strip $(ARGS)),pytest $(ARGS),tests.services test)

check: setup-dev ## style, types, import rules, layout
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-logo
	@$(PY) -m pytest -q tests/test_layout.py tests/test_locks.py

fmt: setup-dev ## put the code into our form
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix-only --quiet .

docs: setup-dev ## write the generated pages again
	@$(PY) scripts/settings_page.py

words: setup-dev ## compile the dashboard's words
	@$(PY) -m babel.messages.frontend --quiet compile --directory dashboards/locale --domain lantian

bench: setup-dev ## the figures of bench/README.md (ARGS=… names some)
	@$(PY) -m tests.services prepare --bench
	@$(PY) -m tests.services run --durable -- $(PY) -m bench $(ARGS)

lock: ## write the locks again (ARGS=--upgrade takes the newest)
	@scripts/lock.sh $(ARGS)
