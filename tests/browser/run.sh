#!/bin/sh
# Runs the browser tests; installs what they need first. With --mock they run against the stand-in server.
#
#   GAME_OF_LIFE_COMMAND  how to start the server; the configuration file is appended
#   CHROMIUM              the browser's program, /usr/bin/chromium unless set
set -eu
cd "$(dirname "$0")"

if [ "${1:-}" = "--mock" ]; then
    GAME_OF_LIFE_COMMAND="node tests/browser/mock-server.mjs"
    export GAME_OF_LIFE_COMMAND
    shift
fi

if [ ! -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "run.sh: no Chromium; install the Debian package 'chromium' or set CHROMIUM" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    timeout 600 apt-get update -qq
    timeout 900 apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    timeout 300 npm ci --silent --no-progress
fi

provider=../../examples/oauth2/provider
if [ ! -e $provider/node_modules/.package-lock.json ] || [ $provider/package-lock.json -nt $provider/node_modules/.package-lock.json ]; then
    timeout 300 npm --prefix $provider ci --silent --no-progress
fi

# Building is not part of what the tests measure or wait for.
if [ -z "${GAME_OF_LIFE_COMMAND:-}" ]; then
    (cd ../.. && timeout 1800 cargo build -q -p game-of-life -p chat -p one-node-ping -p ping-pong -p chess-server \
        -p ping-spawner -p messaging-performance -p oauth2-login)
fi
(cd ../.. && timeout 1800 cargo build -q -p fleet)

# One file at a time: frames are counted, and other browsers would take their share of the processor.
exec timeout --kill-after=10 900 node --test --test-concurrency=1 --test-timeout=300000 "$@" ./*.test.mjs
