PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV = $(BIN)/uv
# Exactly what a lock names, each file held against its hash, and nothing besides.
LOCKED = $(UV) pip install --quiet --python $(BIN)/python --no-deps --require-hashes
# What the build leaves in the checkout would hide the entry points of a later build.
EDITABLE = $(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . \
	&& rm -rf *.egg-info
# pip, unlike uv, takes a build of torch for the processor where one is at hand.
TORCH = $(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
COMPILE = $(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'
PEERS = $(wildcard requirements/peers/*.in)
PYTEST = $(BIN)/python -m pytest -n 2 --dist loadfile

.PHONY: setup trainer demo test lint lock peers newest clean

setup: $(VENV)/.ready .typecheck/outlay

trainer: $(VENV)/.trains

$(VENV)/.uv: requirements/uv.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

# An editable install: rebuilt only when pyproject.toml or a lock changes.
$(VENV)/.runs: pyproject.toml requirements/demo.txt | $(VENV)/.uv
	$(LOCKED) -r requirements/demo.txt
	$(EDITABLE)
	touch $@

$(VENV)/.ready: pyproject.toml requirements/test.txt | $(VENV)/.uv
	$(LOCKED) -r requirements/test.txt
	$(EDITABLE)
	touch $@

$(VENV)/.trains: $(VENV)/.ready
	$(TORCH)
	touch $@

# mypy must see the repository root under its import name.
.typecheck/outlay:
	mkdir -p .typecheck
	ln -sfn .. .typecheck/outlay

demo: $(VENV)/.runs
	$(BIN)/outlay bench almanac --policy embedded --planner react,tracker,vote:n=3 \
		--budget usd=0.016 --tasks 60 --seed 0

test: setup trainer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST)

# Without torch: the types of training/ are checked by `make test`.
lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --exclude '/outlay/(training|embedded/(school|evidence))/' --follow-imports silent
	$(BIN)/lint-imports

# The newest releases that the ranges of pyproject.toml allow, in all locks.
lock: $(VENV)/.uv
	$(COMPILE) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) pyproject.toml --extra dev --extra train --excludes requirements/no-torch.txt \
		-o requirements/test.txt
	$(COMPILE) pyproject.toml requirements/build.in -c requirements/test.txt \
		-o requirements/demo.txt
	for peer in $(PEERS); do $(COMPILE) $$peer -o $${peer%.in}.txt || exit; done

# outlay beside other frameworks, each in an environment of its own under .peers.
peers: $(VENV)/.ready
	$(BIN)/python -m outlay.benchmarks.perf.peers
	$(BIN)/python -m outlay.benchmarks.perf.peers --overshoot

# The tests against the newest releases that users get today, in an environment of its own.
newest:
	$(MAKE) VENV=.venv-newest newest-tests

.PHONY: newest-tests
newest-tests: .typecheck/outlay
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(UV) pip install --quiet --python $(BIN)/python -e '.[dev]'
	$(TORCH)
	$(UV) pip install --quiet --python $(BIN)/python -e '.[train]'
	$(PYTEST)

clean:
	rm -rf .venv .venv-newest .peers .typecheck build dist *.egg-info
