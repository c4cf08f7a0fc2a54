# Every target makes the environment first when it is missing; nothing else has to be installed by hand.
PY ?= python3
MESHES ?=
RUN = $(PY) tools/environment.py

.PHONY: help demo test check lab slides bench clean

help:  ## list these targets
	@sed -n 's/^\([a-z]*\): .*## /  make \1\t/p' Makefile
	@echo '  make demo MESHES=folder   the same on your own meshes'

demo: ## data set, training, reconstruction, table and page, in about five minutes
	@$(RUN) tools/demo.py "$(MESHES)"

test: ## the whole suite: every chapter and the repository checks
	@$(RUN) tools/suite.py

check: ## the repository checks alone
	@$(RUN) tools/suite.py --checks-only

lab: ## open JupyterLab on the book
	@$(RUN) -m jupyterlab --notebook-dir=nbs nbs/index.ipynb

slides: ## build the talk as HTML that runs offline, in slides/_build
	@$(RUN) slides/build.py

clean: ## remove the environment and everything built
	rm -rf .venv out slides/_build slides/node_modules
