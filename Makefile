# make test                          everything CI checks; installs what is missing, cleans up after itself
# make test STAGES="rust browser"    only these stages; the head of scripts/test names all
# make run                           the quickstart: http://localhost:8080, demo on http://localhost:8081
# make bench                         load beside its peers (on two cores, server and driver), then the hot rules alone
# make bench BENCH="--seconds 2 --only refresh"   the load's options: also --postgres URL, --peer-signs RS256, --memory,
#                                    --growth
# make bench BENCH=--console          every page of the console on a million users and ten million audit rows; --users,
#                                    --audit-rows and --clients make it smaller
# make fmt                           format the Rust code
# make mutations                     takes each guard of the store out and has its tests notice (long: a build each)
# make torture                       a thousand rounds of every race, a thousand times kill -9 on either database, fifty
#                                    crashes of PostgreSQL, and the mutations
# make screenshots                   every page, light, dark and on a phone, into target/screenshots
# make doc-images                    the pictures of docs/sign-in.md and docs/administration.md anew, into docs/images
#
# One Rust test:       cargo test NAME
# one browser test:    node --test --test-name-pattern='two tabs' tests/browser/sign_in.test.mjs
# one of a library:    node --test --test-name-pattern=popup tests/interop/oidc_client_ts.test.mjs
# in Python:           target/venv/bin/pytest tests/interop/test_authlib.py -k refresh
# (the last three drive target/debug/countersign and need one `make test` before them)

STAGES ?=
BENCH ?=

.PHONY: run test bench mutations torture fmt screenshots doc-images

run:
	cargo run --release

test:
	@scripts/test $(STAGES)

bench:
	cargo bench --bench load -- $(BENCH)
	cargo bench --bench rules

mutations:
	@scripts/test mutations

torture:
	@scripts/test torture mutations

fmt:
	cargo fmt

screenshots:
	@scripts/test screenshots

doc-images:
	@scripts/test doc-images
