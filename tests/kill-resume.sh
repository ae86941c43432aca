#!/usr/bin/env bash
# Kills one training job 20 times at random moments and compares its weights with those of an uninterrupted run.
# After each restart it also waits until training has taken a new step, and says how long after being ready that was.
# usage: tests/kill-resume.sh train.csv [kills] [port] [epochs] [task]      (build the service in Release first; needs curl and jq;
# choose so many epochs that the uninterrupted job takes a minute or more; the file is one of the task, sequence_classification if none is named)
set -euo pipefail
file=$1 kills=${2:-20} port=${3:-22500} epochs=${4:-20} task=${5:-sequence_classification}
here=$(cd "$(dirname "$0")/.." && pwd)
data=$(mktemp -d) url=http://127.0.0.1:$port api=http://127.0.0.1:$port/api/v1 pid=
trap 'kill -9 $pid 2>/dev/null || true; rm -rf "$data"' EXIT
start() {
  dotnet "$here/src/RnnService/bin/Release/net10.0/RnnService.dll" --urls "$url" --RnnService:DataDirectory "$data" --Logging:LogLevel:Default=Warning & pid=$!
  until curl -sf "$url/health/ready" >/dev/null; do sleep 0.05; done
}
job() { curl -sf "$api/training-jobs/$1"; }
submit() { curl -sf "$api/training-jobs" -H 'Content-Type: application/json' -d '{"dataset":"killed","model":"killed","training":{"epochs":'"$epochs"',"early_stopping_patience":0,"seed":3}}' | jq -r .id; }
finish() { until job "$1" | jq -e '.status == "succeeded" or .status == "failed"' >/dev/null; do sleep 0.5; done; job "$1" | jq -c '{status, error, attempt, started_at, finished_at}'; }
running() { job "$killed" | jq -r 'select((.worker // "") | endswith("-'"$pid"'")) | .progress.step'; }
# Milliseconds from now until this process has trained a step of the job.
resumed() {
  local begin first='' step
  begin=$(date +%s%N)
  while :; do
    step=$(running); first=${first:-$step}
    if [ -n "$step" ] && [ "$step" != "$first" ]; then break; fi
    if job "$killed" | jq -e '.finished_at != null' >/dev/null; then break; fi
    sleep 0.02
  done
  echo $((($(date +%s%N) - begin) / 1000000))
}
weights() { curl -sf "$api/models/killed/versions/$1" | jq -r .receipt.weights_sha256; }

start
curl -sf "$api/datasets" -F name=killed -F task="$task" -F "file=@$file" >/dev/null
plain=$(submit); finish "$plain"
killed=$(submit)
for ((i = 1; i <= kills; i++)); do
  sleep "$((RANDOM % 5)).$((RANDOM % 10))"
  echo "kill $i at step $(job "$killed" | jq -c '[.progress.step, .attempt, .status]')"
  kill -9 "$pid"; wait "$pid" 2>/dev/null || true
  start
  echo "  ready; a new step $(resumed) ms later"
done
finish "$killed"
[ "$(weights 1)" = "$(weights 2)" ] && echo "same weights: $(weights 1)" || { echo "weights differ: $(weights 1) and $(weights 2)"; exit 1; }
