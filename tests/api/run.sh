#!/bin/sh
# Lets a generic client (schemathesis) try the dashboard's API by its OpenAPI document alone, against the ten nodes of
# tests/fleet; takes about a minute. Needs Python 3, which is installed on Debian where it is missing; the client goes
# into `target`.
set -eu
cd "$(dirname "$0")/../.."
target="${CARGO_TARGET_DIR:-target}"
version=4.32.5

if ! python3 -m venv --help >/dev/null 2>&1 || ! python3 -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "run.sh: no Python with venv; install the Debian package 'python3-venv'" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    timeout 600 apt-get update -qq
    timeout 900 apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null
fi

cargo build -q -p fleet
client="$target/schemathesis/bin"
if [ "$("$client/schemathesis" --version 2>/dev/null)" != "schemathesis, version $version" ]; then
    python3 -m venv --clear "$target/schemathesis"
    timeout 300 "$client/pip" install -q --disable-pip-version-check "schemathesis==$version"
fi

port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
RUST_LOG=off "$target/debug/fleet" "127.0.0.1:$port" 100 </dev/null &
fleet=$!
trap 'kill "$fleet" 2>/dev/null || true' EXIT

# the stream of events never ends, and is tried elsewhere; the seed makes a failure come again
timeout 300 "$client/schemathesis" --config-file tests/api/schemathesis.toml run "http://127.0.0.1:$port/api/openapi.json" \
    --wait-for-schema 20 --exclude-path /api/events --phases examples,coverage,fuzzing --max-examples 20 --seed 1 \
    --request-timeout 30 --suppress-health-check all --no-color "$@"
