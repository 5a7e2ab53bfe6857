# Two commands set up everything: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
WITH_SPACY_TRANSFORMERS := .venv-spacy-transformers
BIN := $(VENV)/bin
CONSTRAINTS := constraints/default.txt
CONSTRAINTS_SPACY_TRANSFORMERS := constraints/spacy-transformers.txt
PYTEST_ARGS := -n logical --maxprocesses 8 --dist loadfile
PIP_ARGS := -m pip --disable-pip-version-check --quiet install --use-pep517

.PHONY: demo test test-spacy-transformers lint docs format bench clean

demo: $(VENV)/installed-demo ## train, evaluate, package and use a text classifier on the bundled samples
	$(BIN)/python -m spacy project run all

test: $(VENV)/installed-test ## run the test suite, with the newest Transformers
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-spacy-transformers: $(WITH_SPACY_TRANSFORMERS)/installed-test ## run it with spacy-transformers, whose Transformers is older
	$(WITH_SPACY_TRANSFORMERS)/bin/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/installed-lint ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/installed-docs ## build the site of the docs into site/, without a network
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet

format: $(VENV)/installed-lint ## put the code into its usual form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(WITH_SPACY_TRANSFORMERS)/installed-benchmarks ## measure against Hugging Face and spacy-transformers: DATA=folder
	$(WITH_SPACY_TRANSFORMERS)/bin/python -m benchmarks.run_all --data $(DATA)

clean:
	rm -rf $(VENV) $(WITH_SPACY_TRANSFORMERS) corpus training packages metrics site

$(VENV)/bin/python $(WITH_SPACY_TRANSFORMERS)/bin/python:
	$(PYTHON) -m venv $(@D)/..

$(VENV)/installed: $(VENV)/bin/python pyproject.toml $(wildcard constraints/*.txt)
	@echo "Installing torch (CPU build where the index offers one), spaCy and this package into $(VENV) …"
	$(BIN)/python $(PIP_ARGS) -c $(CONSTRAINTS) torch==2.13.0
	$(BIN)/python $(PIP_ARGS) -c $(CONSTRAINTS) -e .
	touch $@

$(VENV)/installed-%: $(VENV)/installed
	$(BIN)/python $(PIP_ARGS) -c $(CONSTRAINTS) -e ".[$*]"
	touch $@

$(WITH_SPACY_TRANSFORMERS)/installed: $(WITH_SPACY_TRANSFORMERS)/bin/python pyproject.toml $(wildcard constraints/*.txt)
	@echo "Installing torch, spaCy, spacy-transformers and this package into $(WITH_SPACY_TRANSFORMERS) …"
	$(@D)/bin/python $(PIP_ARGS) -c $(CONSTRAINTS_SPACY_TRANSFORMERS) torch==2.13.0
	$(@D)/bin/python $(PIP_ARGS) -c $(CONSTRAINTS_SPACY_TRANSFORMERS) -e ".[spacy-transformers]"
	touch $@

$(WITH_SPACY_TRANSFORMERS)/installed-%: $(WITH_SPACY_TRANSFORMERS)/installed
	$(@D)/bin/python $(PIP_ARGS) -c $(CONSTRAINTS_SPACY_TRANSFORMERS) -e ".[spacy-transformers,$*]"
	touch $@
