# SPDX-License-Identifier: Apache-2.0
# `make demo` and `make test` set up all they need below this checkout; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# All of them: no target is a file.
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' $(firstword $(MAKEFILE_LIST)))

COLLECTION := collections/ansible_collections/azure_imds/facts
CORE := $(COLLECTION)/plugins/module_utils/imds
MODULES := $(wildcard $(addprefix $(COLLECTION)/plugins/,modules/*.py action/*.py filter/*.py doc_fragments/*.py plugin_utils/*.py))
BIN := .venv/bin
LINT := .venv-lint/bin
MYPY := $(CURDIR)/$(LINT)/mypy --config-file $(CURDIR)/pyproject.toml --namespace-packages --explicit-package-bases
# The first on PATH, for they run one another; their caches below the checkout.
LINT_ENV := PATH=$(CURDIR)/$(LINT):$$PATH HOME=$(CURDIR)/build ANSIBLE_HOME=$(CURDIR)/build/ansible-lint NO_COLOR=1
export PYTHON
# pytest's own options: make test ARGS='-k salt -x'
ARGS :=
# How many tests run side by side; by default two for each core, for many wait.
WORKERS :=
FORM :=
ONLY :=
QUICK :=
WRITE :=
FUZZ_SECONDS := 600
VERSION :=
UPGRADE :=
PACKAGE :=

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' $(MAKEFILE_LIST) | column -t -s: -l 2

venv: ## set up .venv: Ansible, Salt, the project itself, test tools
	@scripts/bootstrap.sh runtime

venv-lint: ## set up .venv-lint: the checkers
	@scripts/bootstrap.sh lint

demo: venv ## show everything: an emulated VM, Ansible, Salt, local facts
	@$(BIN)/python scripts/demo.py

check: venv venv-lint ## check what has changed, and the core: within a minute
	@scripts/check.sh $(WORKERS)

test: venv ## run all tests, WORKERS side by side; with ARGS only those of pytest that they name
	@$(if $(strip $(ARGS)),$(BIN)/python -m pytest $(ARGS),scripts/test.sh $(WORKERS))

test-collection: venv ## run ansible-test on the collection: sanity, units, integration
	@scripts/test-collection.sh

test-molecule: venv venv-lint ## run the molecule scenarios, each beside an emulated VM
	@scripts/test-molecule.sh

test-galaxy: venv ## import the collection as Galaxy does
	@scripts/test-galaxy.sh

test-ansible-matrix: ## run the module with every promised ansible-core, on every promised Python; FORM=short for two pairs
	@scripts/test-ansible-matrix.sh $(FORM)

test-rulebook: venv ## run the shipped rulebook with a real ansible-rulebook, where Java is here or can be installed
	@scripts/test-rulebook.sh

test-boot: venv ## boot real machines; FORM=short for the few cases that continuous integration runs
	@PYTHON=$(CURDIR)/$(BIN)/python scripts/test-boot.sh $(FORM)

test-matrix: ## run the Salt tests on every promised pair of Salt and Python
	@scripts/test-matrix.sh

fuzz: venv ## attack what reads strange input, for FUZZ_SECONDS
	@PYTHON=$(CURDIR)/$(BIN)/python scripts/test-fuzz.sh $(FUZZ_SECONDS)

test-sequences: venv ## 30,000 generated sequences of answers through collector, facts file, watch, and all programs of a machine; CI runs 400
	@SEQUENCES=30000 $(BIN)/python -m pytest -q -n 2 tests/fire/test_sequences.py

test-storm: venv ## 20 machines whose watches are killed, disks filled and IMDS taken away for ten minutes, and a flood, as root; CI runs 3
	@STORM="20 600 50" FLOOD_SECONDS=60 $(BIN)/python -m pytest -q -s tests/storm

test-fleet: venv ## Ansible on 1,000 emulated VMs, IMDS killed in the middle of a run, and Salt with 16 real minions; CI runs 20 hosts
	@FLEET_HOSTS=1000 FLEET_MINIONS=16 $(BIN)/python -m pytest -q -s tests/fleets

test-windows: venv ## run the core, all commands and Salt's grain with Windows CPython under Wine; FORM=short without Salt
	@PYTHON=$(CURDIR)/$(BIN)/python scripts/test-windows.sh $(FORM)

bench: venv ## measure what is promised of speed beside peers, as ratios; ONLY=room, QUICK=yes, WRITE=yes
	@$(BIN)/python -m benchmarks $(addprefix --only ,$(ONLY)) $(if $(QUICK),--quick) $(if $(WRITE),--write)

lint: venv-lint types ## check style, types and the collection
	$(LINT)/ruff check
	$(LINT)/ruff format --check
	$(LINT)/reuse lint -q
	$(LINT)/zizmor --offline --persona pedantic --no-progress --quiet .github
	$(LINT_ENV) actionlint
	$(LINT)/check-jsonschema -q --builtin-schema vendor.dependabot .github/dependabot.yml
	$(LINT)/check-jsonschema -q --builtin-schema vendor.compose-spec examples/emulator/compose.yaml
	$(LINT)/hadolint examples/emulator/Containerfile
	$(LINT)/shellcheck -x scripts/*.sh .ci/run
	$(LINT)/shellcheck -s sh facts/azure_imds_facts/boot/*.sh
	$(LINT_ENV) ansible-lint --strict -q
	cd $(COLLECTION) && $(LINT_ENV) antsibull-changelog lint
	cd $(COLLECTION) && $(LINT_ENV) antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs self .

types: venv-lint typed ## check the types
	@# The facade azure_imds_facts.core finds its modules at run time; mypy needs them where it reads them.
	cd build/typed && $(MYPY) -p azure_imds_facts
	cd collections && MYPYPATH=$(CURDIR)/build/typed $(MYPY) $(MODULES:collections/%=%)
	@# What users get, as Windows sees it.
	cd build/typed && $(MYPY) --config-file $(CURDIR)/.config/mypy-windows.toml --platform win32 -p azure_imds_facts
	MYPYPATH=build/typed:scripts $(MYPY) hatch_build.py tests $(wildcard scripts/lab scripts/linux_packages scripts/*.py fuzz benchmarks)

typed:
	@mkdir -p build/typed
	@rm -rf build/typed/azure_imds_facts && cp -rs "$(CURDIR)/facts/azure_imds_facts" build/typed/ \
	    && rm -r build/typed/azure_imds_facts/core && cp -rs "$(CURDIR)/$(CORE)" build/typed/azure_imds_facts/core

format: venv-lint ## lay the code out
	$(LINT)/ruff check --fix
	$(LINT)/ruff format

docs: venv ## build the documentation's site into build/docs/html; a warning is an error
	@scripts/build-docs.sh

test-site: docs ## look at each page of the site in headless Chromium; FORM=short for a few
	@build/site/bin/python scripts/check-site.py $(if $(filter short,$(FORM)),--short) build/docs/html

dist: venv-lint ## build the wheel, the sdist, the collection's tarball, the single file and the bill of materials into dist/
	@mkdir -p dist
	$(LINT)/python -m build --no-isolation --outdir dist
	$(LINT)/python scripts/build-collection.py
	$(LINT)/python scripts/build-pyz.py
	$(LINT)/python scripts/build-sbom.py
	$(LINT)/twine check --strict dist/*.whl dist/azure_imds_facts-*.tar.gz
	$(LINT)/check-wheel-contents dist/*.whl

packages: venv-lint ## build the .deb and the .rpm into dist/, and have lintian and rpmlint judge them
	@$(LINT)/python scripts/build-packages.py --lint

reproducible: venv-lint ## build all artefacts in two ways (Python, folder, file system) and compare their bytes
	@scripts/reproducible.sh

test-artefacts: dist ## install what make dist has built as a user does, and have each artefact collect facts
	@scripts/test-artefacts.sh .venv-lint/bin/python dist
	@.venv-lint/bin/python scripts/test-container.py

rehearse-release: venv-lint ## tag a scratch clone, and run every step of release.yml that needs no forge; FORM=short for one Python
	@$(LINT)/python scripts/rehearse-release.py $(if $(filter short,$(FORM)),--short)

lock: ## compile the locks of requirements/, and say what has changed; UPGRADE=yes for the newest, PACKAGE=name for one
	@scripts/lock.sh lock $(if $(UPGRADE),--upgrade) $(addprefix --package ,$(PACKAGE))

test-locks: ## download every lock by its hashes, on each Python that it is for; FORM=short for one each
	@scripts/lock.sh test $(if $(filter short,$(FORM)),--short)

release-check: venv-lint ## say what is in the way of releasing VERSION, a line each; RELEASING.md has the rest
	@$(LINT)/python scripts/release-check.py "$(VERSION)"

clean: ## remove what was built, tested and cached
	rm -rf dist build/typed .pytest_cache .mypy_cache .ruff_cache .hypothesis $(COLLECTION)/tests/output
	find . -name __pycache__ -not -path './.venv*' -not -path './.git/*' -prune -exec rm -rf {} +

distclean: clean ## the virtual environments and pip's cache too
	rm -rf .venv .venv-lint build
