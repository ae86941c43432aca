#!/usr/bin/env bash
# Streams frames over many WebSockets for a long time and compares every label; prints the service's memory each minute, and fails if it grows.
# usage: tests/streams.sh [seconds] [streams]      (build tests/RnnService.Tests in Release first; default: 200 streams for 10 minutes)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
exec env STREAM_SECONDS="${1:-600}" STREAMS="${2:-200}" dotnet "$here/RnnService.Tests/bin/Release/net10.0/RnnService.Tests.dll" \
  -explicit only -class RnnService.Tests.Predictions.LabelStreamEndurance -showLiveOutput -noColor
