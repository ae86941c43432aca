#!/usr/bin/env bash
# Simulated power cuts under uploads, deletions and jobs: the data on ext4 behind a loop device, its image copied while the service is frozen.
# Nothing acknowledged may be missing from a copy. First the rig shows that it would notice: without syncs it loses commits.
# usage: tests/powercut.sh [cuts]      (default: 50; as root; build tests/RnnService.Tests in Release first; needs mkfs.ext4 and loop devices)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
exec env CUTS="${1:-50}" dotnet "$here/RnnService.Tests/bin/Release/net10.0/RnnService.Tests.dll" \
  -explicit only -class RnnService.Tests.Faults.PowerCutRuns -showLiveOutput -noColor
