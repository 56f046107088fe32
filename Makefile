# make run    sets everything up and plays the bundled clip through the whole pipeline
# make test   sets everything up and runs the tests
# make bench, make lint, make test-models (training side), make test-arm64 (an emulated Raspberry Pi)
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
MODELS := .venv-models
SUDO   := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: run test coverage test-v4l2 test-picamera2 venv venv-models lint bench faults soak test-models lint-models test-arm64 lock clean deb test-deb release audit fuzz test-systemd man

run: venv
	$(BIN)/landmarkd demo

test: venv
	$(BIN)/python -m pytest --cov=landmarkd --cov-report=term:skip-covered

venv: $(VENV)/.ready

# Debian splits venv off Python: install it where it is missing.
$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' || { echo "landmarkd needs Python 3.11 to 3.14, and $$($(PYTHON) --version) is here: make PYTHON=python3.13 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Installing python3-venv"; $(SUDO) apt-get install -y -qq python3-venv || { echo "Python's venv module is missing: sudo apt install python3-venv"; exit 1; }; }
	@$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

# Run after make test. The processes that the tests start are measured as well, which slows them down.
coverage: venv
	$(BIN)/python -m pytest --cov=landmarkd --cov-append --cov-config=tests/coverage.toml \
		--cov-report=term:skip-covered tests/cli tests/daemon tests/camera/test_uvc.py

# A fake USB camera under OpenCV's own V4L2 back end; a part of `make test` too.
test-v4l2: venv
	$(BIN)/python -m pytest tests/camera/test_uvc.py tests/camera/test_v4l2.py

# The real picamera2 on libcamera's virtual cameras, in a Debian 13 userland that is built once.
test-picamera2:
	tests/picamera2/run.sh

venv-models: $(MODELS)/.ready

$(MODELS)/.ready: pyproject.toml constraints-models.txt
	@$(PYTHON) -m venv $(MODELS)
	$(MODELS)/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(MODELS)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-models.txt -e '.[dev,models]'
	@touch $@

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check edge tools models calibration tests examples bridges
	$(BIN)/mypy

bench: venv
	$(BIN)/python -m tests.bench

# Causes every fault that the daemon has to survive, and prints the table of docs/reliability.md.
faults: venv
	$(BIN)/python -m tests.faults --kills 100

# A million frames at full speed through the whole pipeline, with faces lost and everything reconnected.
soak: venv
	$(BIN)/python -m tests.soak

test-models: venv-models
	$(MODELS)/bin/python -m pytest -p no:anyio -m "not slow" tests/models

lint-models: venv-models
	$(MODELS)/bin/mypy --config-file models/mypy.ini

# The wheel in an emulated 64-bit Raspberry Pi userland: SUITE=bookworm (Python 3.11) or trixie (3.13).
SUITE ?= bookworm
test-arm64: venv
	tests/arm64/run.sh $(SUITE)

# Renew the files that pin every dependency by its hash (needs uv). backports-strenum 1.3 and later are not for Python
# 3.11 and later; uv does not look at such upper bounds, and pip does. The second file is for systems whose picamera2
# is built for numpy 1 (Bookworm), the third has what builds the package.
LOCK := uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
	--custom-compile-command "make lock"
LOCK_DEPENDENCIES := $(LOCK) pyproject.toml --constraint /dev/stdin --output-file
lock:
	echo 'backports-strenum<1.3' | $(LOCK_DEPENDENCIES) requirements.lock
	printf 'backports-strenum<1.3\nnumpy<2\n' | $(LOCK_DEPENDENCIES) requirements-numpy1.lock
	$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' | \
		$(LOCK) - --output-file requirements-build.lock

clean:
	rm -rf $(VENV) $(MODELS) .pytest_cache .mypy_cache .ruff_cache .coverage

# Manual pages from the commands' own help, in build/man (needs help2man).
man: venv
	$(BIN)/python -m tools.man

# A Debian package with all it needs inside: ARCH=arm64 or amd64, SUITE=bookworm or trixie.
ARCH ?= arm64
deb: venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[package]'
	packaging/deb.sh $(ARCH) $(SUITE)

# Installs, runs, upgrades and purges that package in a fresh Debian of its own.
test-deb:
	$(MAKE) deb ARCH=$$(dpkg --print-architecture)
	tests/packaging/try_deb.sh dist/landmarkd_*~$(SUITE)_$$(dpkg --print-architecture).deb $(SUITE)

# Wheel, sdist, SBOM, checksums and signature of HEAD in dist/release: make release KEY=~/.ssh/id_ed25519
release: venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[release]'
	BIN=$(BIN) packaging/release.sh "$(KEY)"

# Known vulnerabilities in the pinned packages; fails as well when a package could not be looked up. Needs the advisories
# of the package index, so that it is a step of a release and none of .ci/run.
audit: venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[release]'
	$(BIN)/python -m tools.audit requirements.lock requirements-numpy1.lock requirements-build.lock

# Fuzzes all parsers in turn, with a corpus that grows in .cache/fuzz; prints executions and coverage.
MINUTES ?= 5
fuzz: venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fuzz]'
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES)

# The unit under a real systemd, in a container of its own (needs root, systemd-container and mmdebstrap).
test-systemd: venv
	BIN=$(BIN) tests/systemd/container/run.sh
