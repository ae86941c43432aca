#!/usr/bin/env bash
# Makes the k-th write, sync, truncate or unlink of an upload and of a job (its checkpoints and publishing among it) fail, for every k: SIGKILL, EIO, ENOSPC.
# What was acknowledged must be whole, what was not absent, and the same request sent again succeed. Prints the runs.
# usage: tests/faults.sh [every n-th k] [Uploads|Jobs] [first k]      (default: every k of both; build tests/RnnService.Tests in Release first; needs a C compiler)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc -shared -fPIC -O1 -Wall -o "$work/shim.so" "$here/faults/shim.c" -ldl
env FAULT_SHIM="$work/shim.so" FAULT_EVERY="${1:-1}" FAULT_FIRST="${3:-1}" dotnet "$here/RnnService.Tests/bin/Release/net10.0/RnnService.Tests.dll" \
  -explicit only -method "RnnService.Tests.Faults.FaultRuns.${2:-}*" -showLiveOutput -noColor
