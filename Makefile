# make demo     train a meta-learner and see it beat hand-made learners on tasks it has never seen
# make test     everything that must hold
# Both begin from nothing: they make .venv, install into it, and run. See also the targets below.

# 3.10 or newer; only used to make the environments.
PYTHON ?= python3
VENV ?= .venv
FLOOR ?= .venv-floor
METAWORLD ?= .venv-metaworld
# Processes of pytest, each with one thread.
WORKERS ?= 2
# Where the demo draws.
PICTURE ?= runs/demo.png

PIP = -m pip install --quiet --disable-pip-version-check
MADE_FROM = pyproject.toml constraints.txt
# Bytecode is kept: many tests start processes, which would compile the packages again.
PYTEST = PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 \
	$(1)/bin/python -m pytest -n $(WORKERS) --dist worksteal

.PHONY: demo test lint floor metaworld wheel extras versions docs docs-tables clean

demo: $(VENV)/.installed
	$(VENV)/bin/python examples/01_bandit_demo.py $(PICTURE)

# ruff and mypy are among the tests (tests/test_quality.py).
test: $(VENV)/.installed-dev
	$(call PYTEST,$(VENV))

lint: $(VENV)/.installed-dev
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m mypy

# The oldest versions that pyproject.toml allows.
floor: $(FLOOR)/.installed
	$(call PYTEST,$(FLOOR)) tests/agents tests/meta_envs

# An environment with Meta-World, which is bound to an older MuJoCo than the others use.
metaworld: $(METAWORLD)/.installed
	@echo "Meta-World is in $(METAWORLD): $(METAWORLD)/bin/metazoo play meta/ML1-v0"

# The wheel, installed into an empty environment and used from another folder.
wheel: $(VENV)/.installed-dev
	$(VENV)/bin/python tests/check_wheel.py

# Whether every extra can be installed on every Python allowed, with constraints.txt and without.
extras: $(VENV)/.installed-dev
	$(VENV)/bin/python $(PIP) uv
	$(VENV)/bin/python tests/check_extras.py

# metazoo beside several versions of Python, Gymnasium and MuJoCo.
versions: $(VENV)/.installed-dev
	$(VENV)/bin/python $(PIP) uv
	$(VENV)/bin/python tests/check_versions.py

# The site, in build/docs/html; needs Python 3.11. Draws films and curves, checks links and
# pages; STRICT=--strict makes Sphinx's warnings errors.
docs: $(VENV)/.installed-docs
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m docs.build $(STRICT)

# The tables of README.md and docs/CATALOGUE.md, from the registry.
docs-tables: $(VENV)/.installed
	$(VENV)/bin/python -m docs.tables

clean:
	rm -rf $(VENV) $(FLOOR) $(METAWORLD) build dist .pytest_cache .ruff_cache .mypy_cache

$(VENV)/bin/python $(FLOOR)/bin/python $(METAWORLD)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "metazoo needs Python 3.10 or newer: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(patsubst %/bin/python,%,$@)

$(VENV)/.installed: $(MADE_FROM) | $(VENV)/bin/python
	@echo "Installing metazoo into $(VENV); this takes a minute or two."
	$(VENV)/bin/python $(PIP) -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: $(MADE_FROM) | $(VENV)/bin/python
	@echo "Installing metazoo and what its tests need into $(VENV); this takes a minute or two."
	$(VENV)/bin/python $(PIP) -c constraints.txt -e ".[dev]"
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: $(MADE_FROM) | $(VENV)/bin/python
	@echo "Installing metazoo and what builds its site into $(VENV); this takes a minute or two."
	$(VENV)/bin/python $(PIP) -c constraints.txt -e ".[docs]"
	@touch $@ $(VENV)/.installed

$(FLOOR)/.installed: pyproject.toml constraints-floor.txt | $(FLOOR)/bin/python
	@echo "Installing metazoo with its oldest dependencies into $(FLOOR); this takes a minute."
	$(FLOOR)/bin/python $(PIP) -c constraints-floor.txt -e ".[mujoco,metaworld,contrib]" \
		hypothesis imageio networkx packaging pytest pytest-xdist
	@touch $@

$(METAWORLD)/.installed: $(MADE_FROM) | $(METAWORLD)/bin/python
	@echo "Installing metazoo and Meta-World into $(METAWORLD); this takes a minute or two."
	grep -v '^mujoco' constraints.txt > $(METAWORLD)/constraints.txt
	$(METAWORLD)/bin/python $(PIP) -c $(METAWORLD)/constraints.txt -e ".[metaworld]" pytest
	@touch $@
