# SPDX-License-Identifier: Apache-2.0
# `make demo` and `make test` set up all they need below this checkout; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help venv venv-lint demo test test-molecule lint format typed clean distclean dist

COLLECTION := collections/ansible_collections/azure_imds/facts
CORE := $(COLLECTION)/plugins/module_utils/imds
MODULES := $(wildcard $(COLLECTION)/plugins/modules/*.py)
BIN := .venv/bin
LINT := .venv-lint/bin
export PYTHON
# pytest's own options: make test ARGS='-k salt -x'
ARGS :=

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' $(MAKEFILE_LIST) | column -t -s: -l 2

venv: ## set up .venv: Ansible, Salt, the project itself, test tools
	@scripts/bootstrap.sh runtime

venv-lint: ## set up .venv-lint: the checkers
	@scripts/bootstrap.sh lint

demo: venv ## show everything: an emulated VM, Ansible, Salt, local facts
	@$(BIN)/python scripts/demo.py

test: venv ## run all tests
	@$(BIN)/python -m pytest $(ARGS)

test-molecule: venv venv-lint ## run the molecule scenario against an emulated VM
	@scripts/with-emulator.sh $(CURDIR)/$(LINT)/molecule test

lint: venv-lint typed ## check style, types and the collection
	$(LINT)/ruff check
	$(LINT)/ruff format --check
	@# The facade azure_imds_facts.core finds its modules at run time; checkers need them where they read them.
	cd build/typed && ../../$(LINT)/mypy --config-file ../../pyproject.toml -p azure_imds_facts
	cd $(COLLECTION)/../../.. && $(CURDIR)/$(LINT)/mypy --config-file $(CURDIR)/pyproject.toml --namespace-packages \
	    --explicit-package-bases $(MODULES:collections/%=%)
	MYPYPATH=build/typed $(LINT)/mypy --namespace-packages --explicit-package-bases tests scripts
	ANSIBLE_HOME=$(CURDIR)/build/ansible-lint $(LINT)/ansible-lint --offline --strict -q

typed:
	@mkdir -p build/typed
	@rm -rf build/typed/azure_imds_facts && cp -rs "$(CURDIR)/facts/azure_imds_facts" build/typed/ \
	    && rm -r build/typed/azure_imds_facts/core && ln -s "$(CURDIR)/$(CORE)" build/typed/azure_imds_facts/core

format: venv-lint ## lay the code out
	$(LINT)/ruff check --fix
	$(LINT)/ruff format

dist: venv ## build the wheel, the sdist and the collection's tarball into dist/
	@mkdir -p dist build
	$(BIN)/python -m build --no-isolation --outdir dist
	HOME=$(CURDIR)/build $(BIN)/ansible-galaxy collection build --force --output-path dist $(COLLECTION)

clean: ## remove what was built, tested and cached
	rm -rf dist build/typed .pytest_cache .mypy_cache .ruff_cache .hypothesis $(COLLECTION)/tests/output
	find . -name __pycache__ -not -path './.venv*' -not -path './.git/*' -prune -exec rm -rf {} +

distclean: clean ## the virtual environments and pip's cache too
	rm -rf .venv .venv-lint build
