#!/bin/sh
# Runs all tests. Needs Rust, a C compiler and Node.js; installs Chromium on Debian (as root) if there is none.
set -eu
cd "$(dirname "$0")/.."
cargo test --workspace --all-features
tests/browser/run.sh
