#!/usr/bin/env bash
# Fills the disk, and locks the database, under a training job, uploads and predictions: uploads are refused with the reason, predictions go on,
# the job waits, goes on by itself and ends in the same weights.
# usage: tests/fulldisk.sh [seconds]      (default: 60 each; as root, for the small disk; build tests/RnnService.Tests in Release first)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
exec env FAULT_SECONDS="${1:-60}" dotnet "$here/RnnService.Tests/bin/Release/net10.0/RnnService.Tests.dll" \
  -explicit only -class RnnService.Tests.Faults.FullDiskRuns -showLiveOutput -noColor
