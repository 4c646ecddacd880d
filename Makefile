# make run    set everything up and open the tutor
# make test   set everything up and run all tests
# make lint   ruff, mypy, bandit, import directions, reference pages
# make bench  every measure, quick form, into docs/report
# make house  long files and tangled functions: reported, never an error
# make audit  known holes in the packages of the image: reported, never an error

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test lint house bench audit clean

run: $(VENV)/.installed
	$(BIN)/tutor serve --open

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit -q -c pyproject.toml -r tutor ingest eval
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m eval manual --check
	$(BIN)/python -m eval readme --check
	$(BIN)/python -m eval capacity --check

house: $(VENV)/.installed-dev
	@echo "files of more than 300 lines:"
	@find tutor ingest eval -name '*.py' -exec wc -l {} + | sort -rn | awk '$$2 != "total" && $$1 > 300'
	@echo "functions with many paths:"
	@$(BIN)/ruff check --select C901 --exit-zero --output-format concise tutor ingest eval

bench: $(VENV)/.installed-dev
	$(BIN)/python -m eval all --quick

audit: $(VENV)/.installed-dev
	@$(BIN)/python -m pip install --quiet pip-audit
	@$(BIN)/pip-audit --require-hashes --disable-pip -r docker/requirements.txt || \
		echo "The audit found something, or no vulnerability database could be reached: see above."

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing; on Debian: apt install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	@echo "Installing the tutor (a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/bin/python pyproject.toml
	@echo "Installing the tutor with its tests (a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
