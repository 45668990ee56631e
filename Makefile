PYTHON ?= .venv/bin/python

help: ## show this
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "make %-8s %s\n", $$1, $$2}'

install: ## make .venv and set tabgen up in it, with all that developing needs
	python3 -m venv .venv
	.venv/bin/pip install --quiet --editable ".[dev,docs]"

test: ## run the tests but the slow ones
	$(PYTHON) -m pytest

slow: ## run the tests that take long, or start several processes
	$(PYTHON) -m pytest -m "slow or cluster"

cover: ## run them all but those of clusters, and show the lines that none reached
	$(PYTHON) -m pytest -m "not cluster" --cov --cov-report=term-missing

lint: ## check style, format and types; change nothing
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

docs: ## make the reference of all public names in build/api
	$(PYTHON) docs/make_reference.py build/api

bench: ## measure speed by size of table, to speed.csv
	$(PYTHON) benchmarks/speed.py speed.csv

.PHONY: help install test slow cover lint docs bench
