# Two commands set up everything: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CONSTRAINTS := constraints.txt

.PHONY: demo test lint format bench clean

demo: $(VENV)/installed-demo ## train, evaluate, package and use a text classifier on the bundled samples
	$(BIN)/python -m spacy project run all

test: $(VENV)/installed-test ## run the test suite
	$(BIN)/python -m pytest

lint: $(VENV)/installed-lint ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed-lint ## put the code into its usual form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed-bench ## measure against Hugging Face's Trainer and pipelines: DATA=folder
	$(BIN)/python benchmarks/run_all.py --data $(DATA)

clean:
	rm -rf $(VENV) corpus training packages metrics

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml $(CONSTRAINTS)
	@echo "Installing torch (CPU build where the index offers one), spaCy and this package into $(VENV) …"
	$(PIP) install -c $(CONSTRAINTS) torch==2.13.0
	$(PIP) install -c $(CONSTRAINTS) -e .
	touch $@

$(VENV)/installed-demo: $(VENV)/installed
	$(PIP) install -c $(CONSTRAINTS) -e ".[demo]"
	touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(PIP) install -c $(CONSTRAINTS) -e ".[test]"
	touch $@

$(VENV)/installed-lint: $(VENV)/installed
	$(PIP) install -c $(CONSTRAINTS) -e ".[lint]"
	touch $@

$(VENV)/installed-bench: $(VENV)/installed
	$(PIP) install -c $(CONSTRAINTS) -e ".[benchmarks]"
	touch $@
