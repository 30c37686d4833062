#!/usr/bin/env bash
# Everything a change must pass: formatting, lints, documentation, every test.
# Needs the Rust toolchain of Cargo.toml's rust-version, a C compiler, and python3 with venv and network access to PyPI
# for the client in another language (kept in target/tmp after the first run). strace, and Debian's Apertium as a real
# translation engine, are installed here when the script runs as root with apt-get.
set -euo pipefail
cd "$(dirname "$0")"
# A failed test says what and where; the frames of the runtime below it would hide that in a long log.
export RUST_BACKTRACE=0

say() { printf '\n== %s\n' "$*"; }
need() { command -v "$1" >/dev/null || { echo "test.sh: $1 is missing: $2" >&2; exit 1; }; }

need cargo "install Rust from https://rustup.rs"
need cc "install a C compiler, for example: apt-get install build-essential"
need python3 "install Python 3.11 or newer with venv, for example: apt-get install python3-venv"
cargo fmt --version >/dev/null 2>&1 || { echo "test.sh: rustfmt is missing: rustup component add rustfmt" >&2; exit 1; }
cargo clippy --version >/dev/null 2>&1 || { echo "test.sh: clippy is missing: rustup component add clippy" >&2; exit 1; }

packages=()
command -v strace >/dev/null || packages+=(strace)
[ -x /usr/bin/apertium-apy ] || packages+=(apertium-apy)
[ -e /usr/share/apertium/modes/eng-spa.mode ] || packages+=(apertium-eng-spa)
if [ ${#packages[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing what the tests use: ${packages[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}"
  else
    echo "test.sh: missing: apt-get install ${packages[*]}" >&2
    exit 1
  fi
fi

# Full disks are made with a small file system. Where none may be mounted, what needs one is left out, and that is said.
left_out=
small=$(mktemp -d)
if mount -t tmpfs -o size=1m none "$small" 2>/dev/null; then
  umount "$small"
else
  left_out="LEFT OUT: the tests on a full disk, because a small file system (tmpfs) may not be mounted here"
  export LITROCKET_NO_MOUNT=1
  say "$left_out"
fi
rmdir "$small"

say "formatting"
cargo fmt --all --check
say "lints, warnings denied"
cargo clippy --workspace --all-targets --locked -- -D warnings
say "documentation, warnings denied"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked --quiet
if cargo deny --version >/dev/null 2>&1; then
  say "dependencies: licences, sources, bans"
  cargo deny --offline check licenses sources bans
  if [ -d "${CARGO_HOME:-$HOME/.cargo}/advisory-dbs" ]; then
    say "dependencies: advisories that were fetched before"
    cargo deny --offline check advisories
  fi
fi
say "tests"
log=$(mktemp)
asked_again=
if ! cargo test --workspace --locked --no-fail-fast 2>&1 | tee "$log"; then
  # Servers, clients and attackers of several tests share the processors, so a time may be missed by chance. Few that failed
  # are asked once more, each alone; that is said, and who fails alone has failed.
  mapfile -t failed < <(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$log")
  [ ${#failed[@]} -ge 1 ] && [ ${#failed[@]} -le 3 ] || exit 1
  for test in "${failed[@]}"; do
    say "once more, alone: $test"
    cargo test --workspace --locked -- --exact "$test" 2>&1 | tee "$log"
    grep -q "^test .* \.\.\. ok$" "$log" || exit 1
  done
  asked_again="FAILED BESIDE OTHERS AND PASSED ALONE: ${failed[*]}"
fi
rm -f "$log"
say "bugs on purpose are found"
cargo test -p sim --features plant --test plants --locked
say "all passed"
[ -z "$left_out" ] || say "$left_out"
[ -z "$asked_again" ] || say "$asked_again"
