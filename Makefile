# Needs Rust and a C compiler, nothing else. `make help` lists what there is.
.DEFAULT_GOAL := help
.PHONY: help dev build wheel test test-python test-fast torture mutants fuzz lint fmt coverage bench docs check install clean

CARGO ?= cargo

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

dev: ## build quickly, for trying things out: target/debug/aegis
	$(CARGO) build --locked

build: ## build for use: target/release/aegis
	$(CARGO) build --release --locked

wheel: ## build the Python wheel, with the command in it: dist/ (needs Python 3.10 or newer)
	crates/aegis-python/make-wheel

test: ## run every test, the long ones bounded; those of the Python package where there is a Python 3.10 or newer
	$(CARGO) test --workspace --locked
	CARGO="$(CARGO)" crates/aegis-python/tests/run

test-python: ## run the tests of the Python package alone
	CARGO="$(CARGO)" crates/aegis-python/tests/run

test-fast: ## run the unit tests, and all of the engine's: what ends within a minute or so, once it is built
	$(CARGO) test --workspace --lib --locked
	$(CARGO) test -p aegis-engine --test '*' --locked
	$(CARGO) test -p aegis-engine --doc --locked

torture: ## run the property and fault tests at full length
	AEGIS_TORTURE=1 $(CARGO) test --profile torture --workspace --locked --no-fail-fast

MUTANTS ?=
mutants: ## change the code that decides, verifies and trusts, and see whether a test notices (needs cargo-mutants; hours)
	$(CARGO) mutants -o target/mutants/engine -p aegis-engine $(MUTANTS)
	$(CARGO) mutants -o target/mutants/ledger -p aegis-ledger --test-package aegis-ledger,aegis-audit $(MUTANTS) \
		-- --lib --test trail
	$(CARGO) mutants -o target/mutants/trust -p aegis-audit $(MUTANTS) -- --lib
	$(CARGO) mutants -o target/mutants/gate -p aegis-runtime $(MUTANTS)

fuzz: ## fuzz the readers for some minutes (needs cargo-fuzz and sanitizers: RUSTUP_TOOLCHAIN=nightly make fuzz)
	cd fuzz && for target in load_policy read_action read_calls; do \
		mkdir -p corpus/$$target && cargo fuzz run $$target corpus/$$target seeds/$$target -- \
		-max_total_time=300 -max_len=20000 || exit 1; done

lint: ## clippy, warnings are errors
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

fmt: ## format the sources
	$(CARGO) fmt --all

coverage: ## measure test coverage (needs cargo-llvm-cov)
	$(CARGO) llvm-cov --workspace --locked

bench: ## measure speed
	$(CARGO) bench --workspace --locked

docs: ## make the generated documents anew: schemas, the references of commands and diagnostics, man pages
	SNAPSHOTS=overwrite $(CARGO) test --locked -p aegis-cli --test e2e -- generated diagnostics gallery
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked

check: ## everything that must hold before a change lands
	./.ci/run

install: ## install aegis to ~/.cargo/bin
	$(CARGO) install --locked --path crates/aegis-cli

clean: ## remove everything that was built
	$(CARGO) clean
