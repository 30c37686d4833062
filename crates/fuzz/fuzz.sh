#!/usr/bin/env bash
# Fuzzes one target: crates/fuzz/fuzz.sh NAME SECONDS [FEATURES]. Keeps what reaches more in the target's corpus.
# FEATURES is `server` for the targets search, config and addresses; the others build without the server.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=$1 seconds=$2 features=libfuzzer${3:+,$3}
host=$(rustc -vV | sed -n 's/host: //p')
target=${CARGO_TARGET_DIR:-target}/fuzz
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-trace-compares
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Ccodegen-units=1"
cargo build -p litrocket-fuzz --bin corpus --quiet
RUSTFLAGS=$(echo $coverage) cargo build -p litrocket-fuzz --bin fuzz --no-default-features --features "$features" \
  --target "$host" --target-dir "$target"
inputs=$(mktemp -d) small=$(mktemp -d)
trap 'rm -rf "$inputs" "$small"' EXIT
corpus=${CARGO_TARGET_DIR:-target}/debug/corpus
"$corpus" unpack "$name" "$inputs"
fuzz=$target/$host/debug/fuzz
export LITROCKET_TARGET=$name
"$fuzz" "$inputs" -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=256 -timeout=1 -print_final_stats=1 \
  -artifact_prefix="$target/$name-" -verbosity=0
"$fuzz" -merge=1 -max_len=512 "$small" "$inputs" 2>/dev/null
"$corpus" pack "$name" "$small"
