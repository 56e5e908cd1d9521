# The front door. `make run` and `make test` need nothing but Python 3.11 or newer.

PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=

PY        := $(VENV)/bin/python
RUN_READY := $(VENV)/.run-ready
DEV_READY := $(VENV)/.dev-ready

# Type-checked, formatted and linted; bench, examples and tools join when they exist.
ROOMS := functions local emulated tests $(wildcard bench examples tools)

# A folder with a main.py is a function; each is deployed with just what it imports.
FUNCTIONS := api triage assign notify upkeep

# The code that decides: every branch of it is tested.
DECISIONS := functions/helpdesk/*,functions/*/step.py,functions/assign/choose.py,functions/notify/letters.py,functions/notify/account_letters.py,functions/notify/ticket_letters.py,functions/notify/sheet.py,$(ENTRANCE),$(UPKEEP)
ENTRANCE  := $(addprefix functions/api/,account.py,accounts.py,admins.py,changing.py,client.py,comments.py,devices.py,directory.py,edits.py,entrance.py,etags.py,handover.py,history.py,hooks.py,limits.py,links.py,operations.py,password_rules.py,policy.py,renewal.py,reopening.py,sessions.py,stats.py,tokens.py)
UPKEEP    := functions/upkeep/alarms.py,functions/upkeep/hooks.py,functions/upkeep/leavers.py,functions/upkeep/letters.py,functions/upkeep/loads.py,functions/upkeep/parked.py,functions/upkeep/rounds.py,functions/upkeep/timers.py

# What only the emulators can show: without them nobody is to blame for it.
ADAPTERS := functions/gcp/*,functions/*/main.py,functions/api/wiring.py
EMULATED := $(ADAPTERS),emulated/*

# The whole system as deployed, a minute and a half of it: a target of its own.
DEPLOYED := tests/emulated

# Thousands of made-up requests for each role, a minute and a half of them: likewise.
FUZZ := tests/fuzz

# Every processor tests, four at most; what is chosen by name or path is run by one (tests/conftest.py).
# Whoever is done takes over what the others have not begun, so a module's tests mostly stay together.
PARALLEL := -n auto --maxprocesses=4 --dist=worksteal

# Whether the state machine finds what is wrong, half a minute of it: likewise.
PLANTED := tests/journey/test_planted_faults.py

PIP_INSTALL = $(PY) -m pip install -qq --disable-pip-version-check --no-input --require-hashes
COMPILE     = $(PY) -m uv pip compile --quiet --universal --python-version 3.11 \
              --generate-hashes --no-header $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help setup run emulated admin test deployed fuzz planted check bench lock clean

# A virtual environment whose Python is gone is rebuilt, whatever its stamps say.
ifneq ($(shell test -x $(PY) && echo alive),alive)
.PHONY: $(RUN_READY)
endif

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(DEV_READY) ## make the virtual environment for running, testing and checking

run: $(RUN_READY) ## run the whole house on this machine (ARGS="--help" lists its options)
	@exec env PYTHONPATH=functions:. $(PY) -m local $(ARGS)

emulated: $(DEV_READY) ## run it as it would be deployed, on emulators (needs gcloud and Java; ARGS="--help")
	@exec env PYTHONPATH=functions:. $(PY) -m emulated $(ARGS)

admin: $(DEV_READY) ## make the first admin of a project in the cloud (ARGS="ada@example.com")
	@exec env PYTHONPATH=functions:. $(PY) -m api.admin $(ARGS)

test: $(DEV_READY) ## run every test, then hold the coverage gates (ARGS="--emulators=required")
	@$(PY) -m coverage erase
	@$(PY) -m coverage run -m pytest -rs $(PARALLEL) --ignore=$(DEPLOYED) --ignore=$(FUZZ) --ignore=$(PLANTED) $(ARGS)
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report --fail-under=95 --omit='$(EMULATED)'
	@$(if $(findstring required,$(ARGS)),$(PY) -m coverage report --fail-under=95 --include='$(ADAPTERS)')
	@echo "Every branch of the code that decides:"
	@$(PY) -m coverage report --fail-under=100 --include='$(DECISIONS)'

deployed: $(DEV_READY) ## test the whole system as deployed (needs gcloud and Java)
	@$(PY) -m pytest -rs $(DEPLOYED) $(ARGS)

fuzz: $(DEV_READY) ## hold every answer to the OpenAPI document (ARGS="--hypothesis-seed=7")
	@$(PY) -m pytest -rP --show-capture=stdout $(FUZZ) $(ARGS)

planted: $(DEV_READY) ## plant faults, and see whether the state machine finds each
	@$(PY) -m pytest -rs $(PLANTED) $(ARGS)

check: $(DEV_READY) ## format, lint, types, and who may import whom
	@$(PY) -m ruff format --check --quiet $(ROOMS)
	@$(PY) -m ruff check --quiet $(ROOMS)
	@$(PY) -m mypy $(ROOMS)
	@env PYTHONPATH=functions:. $(PY) -c 'from importlinter.cli import lint_imports_command as lint; lint()'

bench: $(DEV_READY) ## measure the house against its floor
	@exec env PYTHONPATH=functions:. $(PY) -m bench $(ARGS)

lock: $(DEV_READY) ## recompile the requirement files (ARGS=--upgrade takes newer versions)
	$(COMPILE) --output-file requirements-dev.txt requirements-dev.in
	@for room in local $(addprefix functions/,$(FUNCTIONS)); do \
	  echo "$$room/requirements.txt"; \
	  $(COMPILE) --constraint requirements-dev.txt --output-file $$room/requirements.txt $$room/requirements.in || exit 1; done

clean: ## remove the virtual environment and everything the tools left behind
	@if [ -f $(VENV)/pyvenv.cfg ]; then rm -rf $(VENV); fi
	@rm -rf .environments .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find $(ROOMS) -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps come last, so a setup that broke off is begun again.
$(RUN_READY): local/requirements.txt
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "make: no '$(PYTHON)' here. Install Python 3.11 or newer, or say where: make PYTHON=..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: '$(PYTHON)' is older than Python 3.11. Say where a newer one is: make PYTHON=..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "make: '$(PYTHON)' cannot make virtual environments (Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@if [ -e $(VENV) ] && [ ! -f $(VENV)/pyvenv.cfg ] && ! rmdir $(VENV) 2>/dev/null; then \
	  echo "make: '$(VENV)' is there but is no virtual environment; move it, or choose another: make VENV=..." >&2; exit 1; fi
	@echo "Setting up $(VENV); this happens once."
	@"$(PYTHON)" -m venv --clear $(VENV) || { \
	  echo "make: could not make the virtual environment $(VENV)" >&2; exit 1; }
	@$(PIP_INSTALL) -r local/requirements.txt || { \
	  echo "make: could not install local/requirements.txt; the reason is above" >&2; exit 1; }
	@touch $@

$(DEV_READY): requirements-dev.txt $(RUN_READY)
	@echo "Installing what tests and checks need; this happens once."
	@$(PIP_INSTALL) -r requirements-dev.txt || { \
	  echo "make: could not install requirements-dev.txt; the reason is above" >&2; exit 1; }
	@touch $@
