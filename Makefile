# `make setup` once, then `make demo` or `make test`. Every target sets up what is missing and does nothing twice.

SHELL := /bin/bash
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$name >/dev/null && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$name && break; done)
BIN := .venv/bin
UV := $(BIN)/uv pip install --system-certs --quiet --python $(BIN)/python
NPM := $(shell command -v npm || echo $(BIN)/npm)

export PATH := $(CURDIR)/$(BIN):$(PATH)
export THROUGHLINE_NO_SKIPS DEMO_EXIT ONLY AT_ONCE KEEP

.PHONY: setup demo test test-long check bench-send bench-sign bench-web bench-import bench-segment chaos format lock migration clean
.DEFAULT_GOAL := setup

setup: .venv/.installed static/dist/.built

.venv/.made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and not on PATH." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.tools: requirements/build.txt | .venv/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	@touch $@

.venv/.installed: requirements/run.txt requirements/dev.txt pyproject.toml .venv/.tools
	$(UV) --require-hashes -r requirements/run.txt -r requirements/dev.txt
	$(UV) --no-deps --no-build-isolation --editable .
	@touch $@

$(BIN)/npm: requirements/node.txt | .venv/.tools
	$(UV) --require-hashes -r requirements/node.txt
	@touch $@

node_modules/.installed: package.json package-lock.json | .venv/.tools
	@command -v npm >/dev/null || $(MAKE) --no-print-directory $(BIN)/npm
	$(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

static/dist/.built: node_modules/.installed $(wildcard frontend/*)
	$(NPM) run --silent build
	@touch $@

demo: setup
	@$(BIN)/throughline demo

test: setup
	$(BIN)/pytest -q -n auto --dist loadfile --no-loadscope-reorder

test-long: setup
	$(BIN)/pytest -q -m long

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# make bench-send RECIPIENTS=100000 DB=sqlite|postgresql CONNECTIONS=80 DKIM=0|1: needs Postfix's smtp-sink and smtp-source.
bench-send: setup
	@RECIPIENTS=$(RECIPIENTS) DB=$(DB) CONNECTIONS=$(CONNECTIONS) DKIM=$(DKIM) $(BIN)/python -m bench.send

# Signatures a second on one core, beside OpenSSL alone and dkimpy.
bench-sign: setup
	@$(BIN)/python -m bench.sign

# make bench-import ROWS=100000 DB=sqlite|postgresql: a file through `throughline contacts import`, beside csv only reading it.
bench-import: setup
	@ROWS=$(ROWS) DB=$(DB) $(BIN)/python -m bench.imports

# make bench-web DB=sqlite|postgresql LASTS=4 TURNS=3 CONNECTIONS=32 PEOPLE=10000: brings its own load generator.
bench-web: setup
	@$(BIN)/python -m bench.web

# make bench-segment ROWS=1000000 DB=sqlite|postgresql: what it takes to count a segment.
bench-segment: setup
	@ROWS=$(ROWS) DB=$(DB) $(BIN)/python -m bench.segments

# make chaos ONLY="words of a fault" AT_ONCE=1 KEEP=folder-for-logs: needs PostgreSQL; the full disk needs root.
chaos: setup
	@$(BIN)/python -m bench.chaos

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Write the locked requirements anew from the *.in files.
lock: .venv/.tools
	for name in run dev build node; do \
		$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
			--no-header --no-annotate --no-emit-index-url -o requirements/$$name.txt requirements/$$name.in || exit 1; \
	done

# make migration MESSAGE="Deals keep their currency": compare the models with the migrations, write the next one.
migration: setup
	@test -n "$(MESSAGE)" || { echo 'Say what changes: make migration MESSAGE="…"' >&2; exit 1; }
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && export DATA_DIR="$$home" DATABASE_URL= ENVIRONMENT=development && \
		$(BIN)/throughline db upgrade && $(BIN)/throughline db migration "$(MESSAGE)"

clean:
	rm -rf .venv node_modules static/dist
