PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup trainer demo test lint clean

setup: $(VENV)/.ready .typecheck/outlay

trainer: $(VENV)/.trains

# An editable install: rebuilt only when pyproject.toml changes.
$(VENV)/.ready: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -e '.[dev]'
	touch $@

# What training needs. pip, unlike uv, takes a build of torch for the processor where one is at hand.
$(VENV)/.trains: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/uv pip install --quiet --python $(BIN)/python -e '.[train]'
	touch $@

# mypy must see the repository root under its import name.
.typecheck/outlay:
	mkdir -p .typecheck
	ln -sfn .. .typecheck/outlay

demo: setup
	$(BIN)/outlay bench almanac --policy embedded --planner react,tracker,vote:n=3 \
		--budget usd=0.016 --tasks 60 --seed 0

test: setup trainer lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: setup trainer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) .typecheck build dist *.egg-info
