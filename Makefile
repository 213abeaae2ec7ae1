# Two commands are all that a fresh machine needs: `make run` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
export DO_NOT_TRACK := 1

.PHONY: run test test-all server deploy worker lint format docs bench lock clean

run: .venv/run  ## set up, then the whole job on the bundled sample
	$(BIN)/dataprep run sample

test: .venv/dev  ## the default tests
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile

test-all: .venv/dev  ## every test
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: .venv/dev  ## format, lint, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# An operator's three commands, each in a terminal of its own; see docs/operations.md.
server deploy worker: export PREFECT_API_URL ?= http://127.0.0.1:4200/api
server: .venv/run  ## Prefect's server and UI
	$(BIN)/prefect server start

deploy: .venv/run  ## pools and deployments: make deploy RECIPE=pairs.toml CRON="0 3 * * 1"
	$(BIN)/python -m flows.deploy $(or $(RECIPE),sample) $(if $(CRON),--cron "$(CRON)")

worker: .venv/run  ## carries out runs of one pool: make worker POOL=train
	$(BIN)/prefect worker start --pool $(or $(POOL),prep)

docs: .venv/dev  ## pages generated from the code
	$(BIN)/python -m dataprep.recipes.recipe_docs docs/recipes.md
	$(BIN)/python tests/bench/bench_quality.py --page docs/quality.md

bench: .venv/bench  ## benchmarks; each prints its table
	set -e; for file in tests/bench/bench_*.py; do $(BIN)/python $$file; done

lock: .venv/bench  ## write the versions in use to constraints.txt
	$(BIN)/python -m pip freeze --exclude-editable | grep -v "^torch==" > constraints.txt
	echo "torch==2.13.0" >> constraints.txt

clean:
	rm -rf .venv data/build

.venv/pip:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --upgrade "pip>=25.1"
	touch $@

.venv/run: .venv/pip pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q -c constraints.txt -e .
	touch $@

.venv/dev: .venv/run
	$(BIN)/python -m pip install -q -c constraints.txt --group dev
	touch $@

.venv/bench: .venv/dev  # --no-deps: daft asks for an older pyarrow than the lock has, and works with this one
	$(BIN)/python -m pip install -q -c constraints.txt --no-deps --group bench
	touch $@
