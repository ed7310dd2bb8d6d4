# Everything a person or CI runs. `make` alone lists the targets. Needs GNU make and Python 3.11 or newer.
# Tools run as `python -m …`: a console script names its interpreter by full path and breaks when the folder moves.

PORT ?= 8000
# Each candidate is run, not just found: pyenv and friends put commands on the PATH that only print an error.
PYTHON ?= $(shell for candidate in python3.13 python3.12 python3.11 python3; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$candidate && break; done)
ARGS ?=

VENV_PYTHON := .venv/bin/python
PIP_INSTALL := $(VENV_PYTHON) -m pip install -qq --disable-pip-version-check --require-hashes
# What production sets, with nobody's real values; keys are added at run time.
PRODUCTION := ENVIRONMENT=production DEBUG=false ALLOWED_HOSTS=clinic.example SITE_URL=https://clinic.example \
	DATABASE_URL=postgres://clinic@db.example/clinic?sslmode=verify-full EMAIL_HOST=smtp.example

# A .venv copied from another machine, or whose Python was removed, is made anew instead of failing obscurely.
ifneq ($(wildcard .venv),)
$(shell $(VENV_PYTHON) -c '' 2>/dev/null || rm -f .venv/.runtime)
endif

.DEFAULT_GOAL := help
.PHONY: help run dev test test-sqlite test-ahead mutants check bench drill sbom deploy-check screenshots lock clean python

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/.runtime ## Start the site and its worker on this machine (PORT=8000)
	@exec env ENVIRONMENT=local $(VENV_PYTHON) manage.py run_local --port $(PORT)

dev: .venv/.runtime .env ## The same for developing: reloads when code changes, shows errors in full
	@exec env ENVIRONMENT=local DEBUG=true $(VENV_PYTHON) manage.py run_local --port $(PORT) --dev

# A .env that is there is the developer's own and stays as it is; tests, checks and production services read none.
.env: ## Write ENVIRONMENT=local for tools outside make (mypy, pytest, manage.py, an editor), where there is no .env
	@printf '%s\n' '# Written by make; .env.example explains every setting.' 'ENVIRONMENT=local' > $@
	@echo "Wrote .env (ENVIRONMENT=local)."

test: .venv/.dev ## Run every test on PostgreSQL, a third on SQLite too, and in a browser (ARGS="--only sqlite -k name")
	@exec $(VENV_PYTHON) tests/run.py $(ARGS)

test-sqlite: .venv/.dev ## Run the tests of one process all on SQLite, as every night
	@exec $(VENV_PYTHON) tests/run.py --only sqlite --whole $(ARGS)

test-ahead: .venv/.dev ## Run the tests of one process on SQLite as if it were 400 days later: what would rot?
	@exec $(VENV_PYTHON) tests/run.py --only sqlite --whole --days-ahead=400 $(ARGS)

mutants: .venv/.dev ## Break core rules one at a time and count what no test notices (ARGS="--only scheduling --sample 0")
	@exec $(VENV_PYTHON) tests/mutants.py $(ARGS)

# No .env of a developer decides what is checked.
check: export ENVIRONMENT = local
check: export ENV_FILE =
check: .venv/.dev ## Check style, types, templates, imports, what nobody uses, migrations, evidence, costs and production settings
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m mypy
	$(VENV_PYTHON) -m bandit -q -r clinic content signups -c pyproject.toml
	$(VENV_PYTHON) -m djlint templates --lint --quiet
	$(VENV_PYTHON) -c 'from importlinter.cli import lint_imports_command as main; main()'
	$(VENV_PYTHON) -m deptry .
	$(VENV_PYTHON) -m pytest tests/repository -q --no-header -k "use or setting or link or picture"
	$(VENV_PYTHON) manage.py makemigrations --check --dry-run
	$(VENV_PYTHON) -m tests.migrations
	$(VENV_PYTHON) manage.py check_evidence
	$(VENV_PYTHON) -m bench --quick
	$(PRODUCTION) SECRET_KEY=$$($(VENV_PYTHON) -c 'import secrets; print(secrets.token_urlsafe(64))') \
		AUDIT_KEYS=$$($(VENV_PYTHON) -c 'import secrets; print(secrets.token_urlsafe(64))') \
		PRIVACY_KEYS=$$($(VENV_PYTHON) -c 'import secrets; print(secrets.token_urlsafe(64))') \
		ENCRYPTION_KEYS=$$($(VENV_PYTHON) -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())') \
		$(VENV_PYTHON) manage.py check --deploy --fail-level WARNING

bench: .venv/.dev ## Measure: pages, sign-ups, the desk and more, each beside what it is compared with
	@exec $(VENV_PYTHON) -m bench $(ARGS)

drill: .venv/.dev ## Kill, cut and fill up what the site stands on, also in the middle of each command; count what was kept
	@exec $(VENV_PYTHON) -m bench.drills $(ARGS)

sbom: .venv/.dev ## Write a bill of materials (CycloneDX) to var/sbom.json, and list the licences
	@mkdir -p var
	@$(VENV_PYTHON) -m cyclonedx_py environment --pyproject pyproject.toml --output-file var/sbom.json $(VENV_PYTHON)
	@$(VENV_PYTHON) tests/licences.py var/sbom.json

deploy-check: .venv/.dev ## Start nginx, site, worker and PostgreSQL from the files in deploy/, and walk through them over HTTPS
	@exec $(VENV_PYTHON) tests/run.py --only deployment $(ARGS)

screenshots: .venv/.dev ## Take the pictures of README.md and docs/staff.md anew, of a demo site made for them
	@exec $(VENV_PYTHON) -m docs.screenshots

lock: python ## Resolve the dependencies of pyproject.toml into both lock files (ARGS=--upgrade for newer ones)
	@set -e; tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; \
	$(PYTHON) -m venv "$$tools"; "$$tools/bin/python" -m pip install -qq uv; \
	compile="$$tools/bin/python -m uv pip compile pyproject.toml --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q $(ARGS)"; \
	$$compile -o requirements.lock; \
	$$compile --group dev -c requirements.lock -o tests/requirements.lock

clean: ## Remove .venv and caches; var/ (the database, mail, the key) stays
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .import_linter_cache .pytest_cache
	find . -path ./var -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are touched last, so an interrupted install is not taken for a finished one.
.venv/.runtime: requirements.lock
	@$(MAKE) --no-print-directory python
	@echo "Making .venv with $(PYTHON) and installing requirements.lock …"
	@$(PYTHON) -m venv --clear .venv
	@$(PIP_INSTALL) -r requirements.lock
	@touch $@

.venv/.dev: .venv/.runtime tests/requirements.lock
	@echo "Installing tests/requirements.lock into .venv …"
	@$(PIP_INSTALL) -r tests/requirements.lock
	@touch $@

# Debian ships Python without what makes a .venv.
python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer is needed; install it, or name one: make PYTHON=/path/to/python3" >&2; exit 1; fi
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		[ "$$(id -u)" = 0 ] && [ -e /etc/debian_version ] && echo "Installing python3-venv …" && apt-get -qq update && \
		DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends python3-venv >/dev/null; }; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make a .venv; install its venv module (Debian: apt install python3-venv)" >&2; exit 1; }
