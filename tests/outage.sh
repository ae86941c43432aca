#!/usr/bin/env bash
# Takes the database away in the middle of training and of 200 predictions per second, and gives it back. Jobs must go on with the worker they had,
# every prediction be answered, and what needs the database be refused with 503 and Retry-After within 5 s; nothing is restarted but the database.
# usage: tests/outage.sh [seconds] [stopped|frozen]      (default: 60 s, stopped; needs what processes.sh names, and Debian's hey)
set -euo pipefail
away=${1:-60} how=${2:-stopped} rate=200 around=10
[[ $away =~ ^[1-9][0-9]*$ && $how =~ ^(stopped|frozen)$ ]] || { echo 'usage: tests/outage.sh [seconds] [stopped|frozen], for example 60 frozen' >&2; exit 2; }
# shellcheck source=tests/processes.sh
source "$(dirname "$0")/processes.sh"
command -v hey >/dev/null || die "hey is not installed"
problems=0
problem() { echo "PROBLEM: $*"; problems=$((problems + 1)); }
owners() { sql 'SELECT "Id", "Fence", "Worker" FROM "TrainingJobs" WHERE "Model" <> '"'sequence_classification'"' ORDER BY 1'; }
predict() { ask -o /dev/null -d '{"inputs":["the film was not funny"]}' "$1/api/v1/models/sequence_classification/classify"; }

# refused <curl arguments…>: asks for what needs the database; prints the milliseconds until the refusal.
refused() {
  local status time
  read -r status time < <(curl -s -o /dev/null -D "$work/headers" --max-time 20 -H 'Content-Type: application/json' -w '%{http_code} %{time_total}\n' "$@") || true
  [ "$status" = 503 ] || problem "the status is $status instead of 503: ${*: -1}"
  grep -qi '^retry-after:' "$work/headers" || problem "no Retry-After: ${*: -1}"
  awk "BEGIN { printf \"%d\n\", $time * 1000 }"
}

start_topology 3
make_datasets "$api"
loaded=$(submit sequence_classification 1 2)
until job "$loaded" | jq -e '.finished_at != null' >/dev/null; do sleep 0.2; done
# Both replicas have the model in memory.
for name in api-1 api-2; do predict "http://127.0.0.1:${ports[$name]}"; done
for task in captioning translation sequence_labeling; do submit "$task" 1 $(((away + 2 * around) * 2 / 3)) >>"$work/jobs"; done
until [ "$(sql "SELECT count(*) FROM \"TrainingJobs\" WHERE \"Status\" = 'running' AND \"Attempt\" = 0")" = 3 ]; do sleep 0.2; done
before=$(owners)
declare -A started=()
for name in "${!pids[@]}"; do started[$name]=${pids[$name]}; done

hey -z $((away + 2 * around))s -c 20 -q $((rate / 20)) -t 10 -m POST -T application/json -d '{"inputs":["the film was not funny"]}' -o csv "$api/models/sequence_classification/classify" >"$work/load.csv" 2>"$work/load.log" & load=$!
sleep $around
case $how in stopped) stop_database ;; frozen) signal_database STOP ;; *) die "how: stopped or frozen" ;; esac
begin=$(now) asked=0 slowest=0
while [ "$(since "$begin")" -lt $((away * 1000)) ]; do
  for time in $(refused "$api/training-jobs") $(refused "$api/training-jobs/$loaded") $(refused -d "$(job_body captioning 1 1)" "$api/training-jobs") $(refused -X DELETE "$api/datasets/captioning"); do
    asked=$((asked + 1)); [ "$time" -le "$slowest" ] || slowest=$time
  done
  sleep 0.5
done
[ "$slowest" -le 5000 ] || problem "a refusal took $slowest ms"
case $how in stopped) start_database ;; frozen) signal_database CONT ;; esac
begin=$(now)
until curl -sf --max-time 10 -o /dev/null "$api/training-jobs"; do sleep 0.05; [ "$(since "$begin")" -lt 60000 ] || die "the service does not come back"; done
back=$(since "$begin")
wait "$load" || problem "the load ended badly: $(cat "$work/load.log")"

while read -r id; do
  until job "$id" | jq -e '.finished_at != null' >/dev/null; do sleep 0.5; [ "$(since "$begin")" -lt 600000 ] || die "the job $id does not end"; done
  [ "$(job "$id" | jq -r .status)" = succeeded ] || problem "the job $id is $(job "$id" | jq -c '[.status, .error]')"
done <"$work/jobs"
[ "$(owners)" = "$before" ] || problem "a job has had another owner:"$'\n'"$before"$'\n'"$(owners)"
for name in "${!started[@]}"; do kill -0 "${started[$name]}" 2>/dev/null || problem "$name has ended"; done

# response-time, …, status-code, offset
predictions=$(awk -F, 'NR > 1' "$work/load.csv" | wc -l)
wrong=$(awk -F, 'NR > 1 && $7 != 200' "$work/load.csv" | wc -l)
[ "$wrong" = 0 ] || problem "$wrong of $predictions predictions were not answered with 200"
[ "$predictions" -ge $(((away + 2 * around) * rate * 9 / 10)) ] || problem "only $predictions predictions in $((away + 2 * around)) s, not $rate per second"
awk -F, 'NR > 1 { print $1 * 1000 }' "$work/load.csv" | sort -n >"$work/times"
quantile() { awk -v n="$predictions" -v q="$1" 'NR >= n * q { printf "%.1f", $1; exit }' "$work/times"; }
echo "database $how for $away s: $predictions predictions, $wrong without an answer (p50 $(quantile 0.5) ms, p99 $(quantile 0.99) ms, slowest $(tail -n 1 "$work/times") ms);" \
  "$asked requests refused, the slowest in $slowest ms; served again $back ms after its return; 3 jobs went on; $problems problems"
[ "$problems" = 0 ]
