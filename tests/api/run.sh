#!/bin/sh
# Lets a generic client (schemathesis) try the dashboard's API by its OpenAPI document alone, against the ten nodes of
# tests/fleet. Needs Python 3; installs the client into `target`.
set -eu
cd "$(dirname "$0")/../.."
target="${CARGO_TARGET_DIR:-target}"
version=4.32.5

cargo build -q -p fleet
if [ ! -x "$target/schemathesis/bin/schemathesis" ]; then
    python3 -m venv "$target/schemathesis"
    timeout 300 "$target/schemathesis/bin/pip" install -q --disable-pip-version-check "schemathesis==$version"
fi

port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
RUST_LOG=off "$target/debug/fleet" "127.0.0.1:$port" 100 </dev/null &
fleet=$!
trap 'kill "$fleet" 2>/dev/null || true' EXIT

# the stream of events never ends, and is tried elsewhere; the seed makes a failure come again
timeout 300 "$target/schemathesis/bin/schemathesis" run "http://127.0.0.1:$port/api/openapi.json" \
    --wait-for-schema 20 --exclude-path /api/events --phases examples,coverage,fuzzing --max-examples 20 --seed 1 \
    --request-timeout 30 --suppress-health-check all --no-color "$@"
