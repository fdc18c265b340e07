# The two commands of the README are `make run` and `make test`; each installs what it needs into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8080
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test check bench train clean

# A new database gets a demo queue; the first command says how to sign in, and how to remove it.
run: $(VENV)/.run
	TOCSIN_PORT=$(PORT) $(BIN)/tocsin reviews demo --if-new
	$(BIN)/tocsin serve --port $(PORT)

test: $(VENV)/.dev
	sh tests/browser/install.sh
	$(BIN)/python -m pytest -n auto --dist loadfile

# What CI runs before the tests.
check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/tocsin data check

# Speed and memory against peers in the same run; with --write it makes docs/performance.md. The encoder peers need `torch`.
bench: $(VENV)/.bench
	$(BIN)/python tests/bench/run.py

# TOCSIN_DATA names the folder of the public corpora; without it the model learns from the seeds alone.
train: $(VENV)/.dev
	$(BIN)/tocsin train

$(VENV)/.run: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dashboard]'
	touch $@

$(VENV)/.dev: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/.run

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --extra-index-url https://download.pytorch.org/whl/cpu '.[bench]' || \
	  echo "torch can't be installed here: the encoder peer is left out"
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
