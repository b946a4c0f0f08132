# Needs make and a Python of at least 3.12; everything else comes into .venv.
# After the first run the network is only needed again when uv.lock changes.

BIN := .venv/bin
STAMP := .venv/.synced
MEMBERS := $(wildcard shared/pyproject.toml shared/contracts/pyproject.toml \
	services/*/pyproject.toml $(addsuffix /pyproject.toml,audit client intake fiction cli))
PYTHON ?=
export PYTHON
export TESTCONTAINERS_RYUK_DISABLED := true

.DEFAULT_GOAL := help
.PHONY: help demo test check lint format types schemas pytest test-containers test-faults test-bench bench lock clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

$(STAMP): uv.lock pyproject.toml $(MEMBERS) deploy/bootstrap.sh
	@deploy/bootstrap.sh .venv
	@touch $@

demo: $(STAMP) ## Start the whole system, play years of a county's life, and show it
	@$(BIN)/cadre demo

test: check pytest ## Everything that needs no container engine

check: lint types ## What the pre-commit hooks ask: lint and types

lint: $(STAMP) ## Style, formatting, who may import whom, and the contracts' gate
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports
	@$(BIN)/python -m cadre.contracts.schemas check
	@$(BIN)/python -m cadre.contracts.glossary check

format: $(STAMP) ## Format, and mend what can be mended safely
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

types: $(STAMP) ## Types, strictly
	@$(BIN)/basedpyright

pytest: $(STAMP)
	@$(BIN)/pytest -n auto --dist loadfile -m "not containers and not bench and not faults"

test-faults: $(STAMP) ## Kill, restore, fill, cut off and split up what runs; takes some minutes
	@$(BIN)/pytest -n 2 --dist loadfile -m "faults and not containers"

test-bench: $(STAMP) ## Run every measurement once, small: whether it works, not how fast it is
	@$(BIN)/pytest -m bench

test-containers: $(STAMP) ## Build the image and try it with compose; needs a Docker engine
	@$(BIN)/pytest -n 2 --dist loadfile -m containers

schemas: $(STAMP) ## Publish grown contracts and the glossary's tables (UNPUBLISHED=1: changed ones too)
	@$(BIN)/python -m cadre.contracts.schemas write $(if $(UNPUBLISHED),--unpublished)
	@$(BIN)/python -m cadre.contracts.glossary write

bench: $(STAMP) ## Measure beside a peer and a limit, about 20 minutes (BENCH=--quick: about 3)
	@$(BIN)/python bench/run.py $(BENCH)
	@$(BIN)/python bench/scale.py

lock: $(STAMP) ## Bring uv.lock up to date with the members' dependencies
	@$(BIN)/uv lock --no-python-downloads

clean: ## Remove the environment and all caches
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -prune -exec rm -rf {} +
