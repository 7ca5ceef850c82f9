#!/usr/bin/env bash
# Writes docs/kill-matrix.md: which layer of the suite catches which seeded fault. Takes minutes.
#
#   tests/faults/matrix.sh            everything, into docs/kill-matrix.md
#   tests/faults/matrix.sh LOSS...    these losses, on standard output
#
# Needs a build with tests (./dev test). Exit status: that of kill_matrix; 1 when a fault survives unexplained.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$root/build/release
cmake --build "$build" --target kill_matrix >&2
if (($#)); then
  exec "$build/tests/faults/kill_matrix" "$@"
fi
"$build/tests/faults/kill_matrix" >"$root/docs/kill-matrix.md"
