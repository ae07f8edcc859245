# Commands for a fresh Debian or Ubuntu machine with Python 3.11 and pip:
#   make demo   install, identify the cells of the built-in sample, show or write them
#   make test   install with the test tools and run the tests
#   make docs   install with MkDocs and build the pages of docs/ into site/
# Everything goes into .venv beside this file; `make clean` takes it away again.

# the newest Python that starts here, of those the tests run with (a version manager
# leaves commands on the PATH for versions that it then refuses to start)
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
  && { echo $$p; break; }; done)
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test check docs install install-test install-docs libraries clean

demo: install
	$(BIN)/napari-cellid demo

# in two processes, each on one core: half the time, and no threads in one another's way
test: install-test
	QT_QPA_PLATFORM=offscreen OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

# what a commit must pass besides the tests
check: install-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/npe2 validate napari-cellid

# every link, heading and name of a page must exist; with --quiet nothing would be counted
docs: install-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

install: $(VENV)/installed
install-test: $(VENV)/installed-test
install-docs: $(VENV)/installed-docs

$(VENV)/installed: pyproject.toml | libraries $(BIN)/python
	$(BIN)/python -m pip install --quiet -e ".[all]"
	touch $@

$(VENV)/installed-test: pyproject.toml | libraries $(BIN)/python
	$(BIN)/python -m pip install --quiet -e ".[test]"
	touch $@

$(VENV)/installed-docs: pyproject.toml | libraries $(BIN)/python
	$(BIN)/python -m pip install --quiet -e ".[docs]"
	touch $@

# Debian keeps venv in a package of its own; virtualenv, from pip, does as well, and in a
# folder of its own it leaves the system's Python as it is
$(BIN)/python: | libraries
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer starts here: install one, or say make PYTHON=path"; exit 1; }
	$(PYTHON) -m venv $(VENV) >/dev/null \
	  || { rm -rf $(VENV); $(PYTHON) -m pip install --quiet --target $(VENV)-maker virtualenv \
	       && PYTHONPATH=$(VENV)-maker $(PYTHON) -m virtualenv --quiet $(VENV) && rm -rf $(VENV)-maker; } \
	  || { rm -rf $(VENV) $(VENV)-maker; echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }

libraries:
	bash tools/system_libraries.sh

clean:
	rm -rf $(VENV) $(VENV)-maker
