#!/usr/bin/env bash
# Mutation testing of the core with dotnet-stryker: changes the code of a folder in many small ways and asks whether a test notices.
# Prints each folder's survivors and score; exit code 0 only if every score is at least 85 %.
# Stryker instruments whole projects, and instrumented kernels run for minutes. So it works on a copy in which every folder
# of src/Rnn is a project of its own, one upon the other in the order of the README, and only the folder asked for is mutated.
# usage: tests/mutation.sh [folder...]      (default Cells Layers Training; needs jq; reports go to TestResults/mutation/<folder>)
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- Cells Layers Training
reports=$PWD/TestResults/mutation copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_UI_LANGUAGE=en

git ls-files -z --cached --others --exclude-standard -- .config .editorconfig global.json 'Directory.*' src/Rnn tests/Rnn.Tests |
  xargs -0 cp --parents -t "$copy"
rooms=() below='' visible='<InternalsVisibleTo Include="Rnn.Tests" />' all=''
for room in Kernels Tensors Data Metrics Cells Layers Models Decoding Training Interchange; do
  [ ! -d "src/Rnn/$room" ] || rooms+=("$room")
done
for room in "${rooms[@]}"; do visible+="<InternalsVisibleTo Include=\"Rnn.$room\" />"; done
for room in "${rooms[@]}"; do
  sed -e '/InternalsVisibleTo/d' -e "s|</ItemGroup>|$visible$below</ItemGroup>|" src/Rnn/Rnn.csproj >"$copy/src/Rnn/$room/Rnn.$room.csproj"
  below="<ProjectReference Include=\"../$room/Rnn.$room.csproj\" />"
  all+="<ProjectReference Include=\"../../src/Rnn/$room/Rnn.$room.csproj\" />"
done
# The tests that read the sources would find them moved, and see no mutation.
rm "$copy/src/Rnn/Rnn.csproj" "$copy/tests/Rnn.Tests/ArchitectureTests.cs"
# The first test that notices is enough.
echo '{ "stopOnFail": true }' >"$copy/tests/Rnn.Tests/xunit.runner.json"
all+='<Content Include="xunit.runner.json" CopyToOutputDirectory="PreserveNewest" />'
sed -i "s|<ProjectReference .*Rnn.csproj\" />|$all|" "$copy/tests/Rnn.Tests/Rnn.Tests.csproj"

cd "$copy/tests/Rnn.Tests"
dotnet tool restore >/dev/null
failed=0
for room in "$@"; do
  rm -rf "${reports:?}/$room"
  dotnet stryker --project "Rnn.$room.csproj" --output "$reports/$room" --skip-version-check || failed=1
  # As Stryker counts: killed or hung against survived or not covered. Hung ones are named too: on a busy machine it may be the tests that were slow.
  jq -r --arg room "$room" '
    def among($kinds): map(select(.status | IN($kinds[])));
    [.files | to_entries[] | .key as $file | .value.mutants[] | {file: ($file | split("/") | last), line: .location.start.line, status, mutatorName, replacement}] as $all
    | ($all | among(["Killed"]) | length) as $killed
    | ($all | among(["Timeout"])) as $hung
    | ($all | among(["Survived", "NoCoverage"])) as $left
    | ($left + $hung | sort_by(.file, .line)[] | "  \(.file):\(.line) \(.status) \(.mutatorName): \(.replacement | gsub("\\s+"; " "))"),
      "\($room): \(1000 * ($killed + ($hung | length)) / ([$killed + ($hung + $left | length), 1] | max) | floor / 10) % (\($killed) killed, \($hung | length) hung, \($left | length) left)"
  ' "$reports/$room/reports/mutation-report.json" || failed=1
done
exit $failed
