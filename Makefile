# `make demo`, `make test`, `make lint`: each builds .venv first if it is missing.
# With an environment of your own: `make test PY=python`.
PYTHON ?= python3
VENV ?= .venv
PY ?= $(VENV)/bin/python
INSTALLED := $(if $(filter $(VENV)/bin/python,$(PY)),$(VENV)/.installed)
DEMO_DIR ?= work_dirs/demo

.PHONY: demo test lint
.DELETE_ON_ERROR:

demo: $(INSTALLED)
	$(PY) tools/demo.py --work-dir $(DEMO_DIR)

test: $(INSTALLED)
	$(PY) -m pytest -n 2

lint: $(INSTALLED)
	$(PY) -m ruff check .

$(VENV)/.installed: setup.py pyproject.toml $(wildcard requirements/*.txt)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install -e '.[dev]'
	touch $@
