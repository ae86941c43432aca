#!/usr/bin/env bash
# SIGKILLs at random moments over jobs of all six tasks, also during the first start, starts on an older schema, uploads, publishing and backups:
# every job must end in the weights of its undisturbed twin, nothing be left over and no start hang. Prints the kills and the slowest start.
# usage: tests/kills.sh [kills] [seed]      (default: 100; build tests/RnnService.Tests in Release first)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
exec env KILLS="${1:-100}" KILL_SEED="${2:-$RANDOM}" dotnet "$here/RnnService.Tests/bin/Release/net10.0/RnnService.Tests.dll" \
  -explicit only -class RnnService.Tests.Faults.KillRuns -showLiveOutput -noColor
