# Two commands do all the set-up: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
FLOWER := .cache/flower/venv
DASHBOARD := offchain/dashboard
PAGE := $(DASHBOARD)/dist/index.html
PAGE_SOURCES := $(shell find $(DASHBOARD) -not -path '*/node_modules*' -not -path '*/dist*' -type f)
WORKERS = $(shell $(PYTHON) -c 'import os; print(min(6, (os.cpu_count() or 1) + 1))')  # one more: many tests wait

unexport PYTHONDONTWRITEBYTECODE  # with bytecode that is kept, the many processes of a demo and of the tests start sooner

.PHONY: help page build circuits demo flower-demo test lint bench campaign mutation circuit-mutation chains clean

help: ## Lists the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 20

$(READY): requirements.lock package-lock.json $(DASHBOARD)/package-lock.json pyproject.toml offchain/toolchain.py
	@command -v $(PYTHON) >/dev/null || { echo "set-up: $(PYTHON) is missing: install Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -S offchain/toolchain.py  # without what another environment would set
	@touch $@

$(PAGE): $(READY) $(PAGE_SOURCES) circuits/circuits.json
	@cd $(DASHBOARD) && npm run --silent build >/dev/null
	@touch $@

page: $(PAGE) ## Builds the page of the browser, if anything of it was changed

build: $(READY) $(PAGE) ## Compiles the contracts, all of them, and builds the page, if anything was changed
	@$(BIN)/python -m offchain.artifacts

circuits: $(READY) ## Compiles the circuits, writes what is generated from them, checks their keys (minutes)
	@$(BIN)/python -m offchain.zk.compiler

demo: $(READY) $(PAGE) ## Money comes over a bridge, two microgrids trade a day of energy privately, money goes back
	@$(BIN)/ape run demo

$(FLOWER)/.ready: requirements-flower.lock offchain/ppdl/flower/installation.py
	@command -v $(PYTHON) >/dev/null || { echo "set-up: $(PYTHON) is missing: install Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -S offchain/ppdl/flower/installation.py
	@touch $@

flower-demo: $(FLOWER)/.ready ## Nine homes on three Flower nodes with TLS train a forecast; nobody sees a single update
	@$(FLOWER)/bin/python -m offchain.ppdl.flower.demo

test: $(READY) $(PAGE) ## Runs the tests, on all processor cores, up to six
	@OMP_NUM_THREADS=1 $(BIN)/ape test --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --durations 20 --durations-min 10

lint: $(READY) ## Checks style and types of Python, Solidity and TypeScript
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	node_modules/.bin/solhint --disc --max-warnings 0 'contracts/**/*.sol'
	cd $(DASHBOARD) && npm run --silent lint

bench: $(READY) $(PAGE) ## Prints gas beside Uniswap V1's own bytecode, proofs, the plasma chain's speed, forecasts' accuracy, as JSON (an hour)
	@$(BIN)/python benchmarks/gas.py
	@$(BIN)/python benchmarks/zk.py
	@$(BIN)/python benchmarks/plasma.py
	@$(BIN)/python benchmarks/simulate.py
	@$(BIN)/python benchmarks/secure_aggregation.py
	@$(BIN)/python benchmarks/ppdl.py
	@$(BIN)/python benchmarks/private_learning.py
	@$(BIN)/python benchmarks/poisoning.py
	@$(BIN)/python benchmarks/attacks.py
	@$(BIN)/python benchmarks/history.py
	@$(BIN)/python benchmarks/load.py
	@$(BIN)/python benchmarks/browser_proof.py

campaign: $(READY) ## Ten thousand random operations against the model and Uniswap V1's own bytecode
	@OPENMG_CAMPAIGN=1 $(BIN)/ape test tests/invariant -s

mutation: $(READY) ## Tells which small changes to the contracts the unit tests don't notice (hours)
	@$(BIN)/python benchmarks/mutation.py

circuit-mutation: $(READY) ## Tells which constraints of the circuits could be taken out unnoticed (half an hour)
	@$(BIN)/python -m benchmarks.circuit_mutation

chains: $(READY) ## Runs a root chain and a plasma chain of four authorities until Ctrl-C
	@$(BIN)/ape run chains

clean: ## Removes what set-up and runs made; keeps .ape, where Ape keeps your accounts
	rm -rf .venv node_modules $(DASHBOARD)/node_modules $(DASHBOARD)/dist .cache .build .hypothesis .pytest_cache .mypy_cache .ruff_cache *.egg-info reports
