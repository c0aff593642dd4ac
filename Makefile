# `make demo`, `make test`, `make lint`: each builds .venv first if it is missing.
# `make docs` builds the documentation into build/docs, `make zoo` model_zoo.md.
# `make demo DEMO_OPTIONS=--overwrite` replaces the pictures and weights of an earlier demo.
# With an environment of your own: `make test PY=python`.
# `make test-mmagic`: genzoo beside mmagic, in .venv-mmagic; mmagic's packages want Python 3.11.
PYTHON ?= python3
VENV ?= .venv
PY ?= $(VENV)/bin/python
INSTALLED := $(if $(filter $(VENV)/bin/python,$(PY)),$(VENV)/.installed)
DEMO_DIR ?= work_dirs/demo
DEMO_OPTIONS ?=
MMAGIC_PYTHON ?= python3.11
MMAGIC_VENV ?= .venv-mmagic

.PHONY: demo test lint docs zoo test-mmagic
.DELETE_ON_ERROR:

demo: $(INSTALLED)
	$(PY) tools/demo.py --work-dir $(DEMO_DIR) $(DEMO_OPTIONS)

test: $(INSTALLED)
	$(PY) -m pytest -n 2

lint: $(INSTALLED)
	$(PY) -m ruff check .

docs: $(INSTALLED)
	$(PY) -m sphinx -W docs build/docs

zoo: $(INSTALLED)
	$(PY) tools/model_zoo.py

test-mmagic: $(MMAGIC_VENV)/.installed
	$(MMAGIC_VENV)/bin/python -m pytest tests_mmagic

$(VENV)/.installed: setup.py pyproject.toml $(wildcard requirements/*.txt)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install -e '.[dev,docs]'
	touch $@

$(MMAGIC_VENV)/.installed: setup.py pyproject.toml requirements/mmagic.txt
	$(MMAGIC_PYTHON) -m venv $(MMAGIC_VENV)
	$(MMAGIC_VENV)/bin/python -m pip install -r requirements/mmagic.txt
	$(MMAGIC_VENV)/bin/python -m pip install --no-deps --no-build-isolation -e .
	touch $@
