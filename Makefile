# Everything a newcomer needs: python3 and make. uv is used where it is installed, because it is faster.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo test check style quick coverage docs dist example bench figures audit sbom clean

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(shell command -v uv 2>/dev/null)
PIP     = $(if $(UV),uv pip install --quiet --compile-bytecode --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.product ## build .venv with the product in it (leaves .venv/bin/weighbridge)

demo: $(VENV)/.product ## the main job: 90/10 on a local mesh of real Envoys, loaded, judged, reported
	$(BIN)/weighbridge demo

test: quick ## every test: the quick ones on all processors, then those on real Envoys, one by one
	$(BIN)/python -m pytest -m e2e

check: style quick ## style, types, layers and the quick tests: what a change must pass

style: $(VENV)/.dev ## style, types and layers alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

quick: $(VENV)/.dev ## the quick tests alone
	$(BIN)/python -m pytest -q -n logical -m 'not e2e'

coverage: $(VENV)/.dev ## how much of the judgement the quick tests reach, and that it is enough
	$(BIN)/coverage run -m pytest -q -m 'not e2e'
	$(BIN)/coverage report

docs: $(VENV)/.dev ## the pages as a site that works offline, in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

dist: $(VENV)/.dev ## wheel and sdist in dist/, and the wheel tried in an environment of its own
	rm -rf build/lib build/bdist* dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python -m tests.try_wheel dist

example: $(VENV)/.dev ## record results/example anew, and put its report into the README
	$(BIN)/python -m tests.record_example

bench: $(VENV)/.dev ## figures, as ratios against peers in one sitting
	$(BIN)/python -m bench

figures: $(VENV)/.dev ## the same, and into docs/benchmarks.md: on a machine that does nothing else
	$(BIN)/python -m bench --record

audit: build/tools ## known holes in the pinned dependencies; fails where it could not ask about each of them
	@$(PYTHON) -m tests.audit_pins build/tools/bin/pip-audit

sbom: $(VENV)/.product build/tools ## what is installed, as build/sbom.json (CycloneDX)
	@build/tools/bin/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --of JSON -o build/sbom.json
	@echo "build/sbom.json lists what is installed in $(VENV)"

build/tools:
	@echo "installing pip-audit and cyclonedx-bom into $@"
	@$(PYTHON) -m venv $@
	@$@/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1 cyclonedx-bom==7.5.0

clean: ## remove what make built (not results/)
	rm -rf $(VENV) build dist *.egg-info .coverage .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.product: pyproject.toml constraints.txt analyzer/access_log/_scan.c
	$(if $(UV),uv venv --quiet --allow-existing --python $(PYTHON) $(VENV),$(PYTHON) -m venv $(VENV))
	$(PIP) -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.product
	$(PIP) -c constraints.txt -e '.[dev]'
	@touch $@
