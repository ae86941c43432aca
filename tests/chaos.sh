#!/usr/bin/env bash
# Trains jobs of all six tasks on a real PostgreSQL, by two API processes behind nginx and three workers, while again and again a worker that has a job
# is killed, frozen beyond its lease and woken, or asked to end. Every job must succeed exactly once, be taken over within 15 s each time, and
# end in the weights that one process with SQLite, left in peace, trains from the same spec.
# usage: tests/chaos.sh [minutes] [fewest jobs]      (default: 10 minutes, 30 jobs; 1 minute: 6 jobs; 0.5: 3 jobs; more as long as there is time; needs what processes.sh names)
set -euo pipefail
minutes=${1:-10} jobs=${2:-}
[[ $minutes =~ ^[0-9]*\.?[0-9]+$ && $jobs =~ ^([1-9][0-9]*)?$ ]] || { echo 'usage: tests/chaos.sh [minutes] [fewest jobs], for example 0.5 3' >&2; exit 2; }
# A part of a minute will do for a look.
lasts=$(awk "BEGIN { printf \"%d\", $minutes * 60 }")
[ -n "$jobs" ] || { if [ "$lasts" -ge 300 ]; then jobs=30; else jobs=$((lasts < 20 ? 2 : lasts / 10)); fi; }
# shellcheck source=tests/processes.sh
source "$(dirname "$0")/processes.sh"
# Two jobs at a time on three workers: when one is gone there is one that is free, so that the time of a takeover is not that of a queue.
in_flight=2
seconds=$((lasts * in_flight * 2 / 5 / jobs))
[ "$seconds" -ge 2 ] || seconds=2
limit=15000
problems=0
problem() { echo "PROBLEM: $*"; problems=$((problems + 1)); }
seed_of() { echo $(($1 / 6 % 2 + 1)); }
# Tasks and seeds that differ; jobs take them in turns.
kinds=$((jobs < 12 ? jobs : 12))

# The fingerprint of each (task, seed), trained in peace on one machine.
declare -A reference=()
train_references() {
  local alone=http://127.0.0.1:$next_port/api/v1 begin task seed id
  local -A ids=()
  begin=$(now)
  start_alone alone; ready alone
  make_datasets "$alone"
  for ((i = 0; i < kinds; i++)); do
    task=${tasks[i % 6]} seed=$(seed_of $i)
    ids[$task-$seed]=$(submit "$task" "$seed" "$seconds" "$alone")
  done
  for id in "${!ids[@]}"; do
    until job "${ids[$id]}" "$alone" | jq -e '.finished_at != null' >/dev/null; do sleep 0.2; done
    reference[$id]=$(weights "${ids[$id]}" "$alone")
  done
  kill -9 "${pids[alone]}"; wait "${pids[alone]}" 2>/dev/null || true
  unset "pids[alone]"
  echo "references: ${#reference[@]} jobs in $(($(since "$begin") / 1000)) s"
}

# Keeps so many jobs in flight until the time is over and all that must be are submitted.
submit_all() {
  local unfinished kind
  for ((i = 0; i < jobs || $(since "$begin") < lasts * 1000; i++)); do
    kind=$((i % kinds))
    while unfinished=$(sql "SELECT count(*) FROM \"TrainingJobs\" WHERE \"FinishedAt\" IS NULL"); [ "$unfinished" -ge $in_flight ]; do sleep 0.2; done
    echo "${tasks[kind % 6]}-$(seed_of $kind) $(submit "${tasks[kind % 6]}" "$(seed_of $kind)" "$seconds")" >>"$work/jobs"
  done
}

# A running job and its worker's process: "<job> <fence> <name of the worker>".
victim() {
  local id fence worker name
  read -r id fence worker < <(sql "SELECT \"Id\", \"Fence\", \"Worker\" FROM \"TrainingJobs\" WHERE \"Status\" = 'running' AND \"LeaseUntil\" > now() ORDER BY random() LIMIT 1") || return 1
  for name in "${!pids[@]}"; do [ "${pids[$name]}" != "${worker##*-}" ] || { echo "$id $fence $name"; return; }; done
  return 1
}

# Milliseconds until another has claimed the job; nothing if it ended by itself, the limit's double if nobody came.
taken_over() { # <job> <fence> <since>
  local status fence
  while :; do
    read -r status fence < <(sql "SELECT \"Status\", \"Fence\" FROM \"TrainingJobs\" WHERE \"Id\" = '$1'")
    if [ "$fence" -gt "$2" ]; then since "$3"; return; fi
    [ "$status" = running ] || [ "$status" = queued ] || return 0
    if [ "$(since "$3")" -gt $((2 * limit)) ]; then echo $((2 * limit)); return; fi
    sleep 0.05
  done
}

ways=(kill freeze end)
declare -A count=([kill]=0 [freeze]=0 [end]=0) worst=([kill]=0 [freeze]=0 [end]=0) sum=([kill]=0 [freeze]=0 [end]=0)
disturb() {
  local id fence name how begin taken code
  read -r id fence name < <(victim) || { sleep 0.2; return 0; }
  how=${ways[RANDOM % 3]}
  begin=$(now)
  case $how in
    kill) kill -9 "${pids[$name]}" ;;
    freeze) kill -STOP "${pids[$name]}" ;;
    end) kill -TERM "${pids[$name]}" ;;
  esac
  taken=$(taken_over "$id" "$fence" "$begin")
  case $how in
    # Beyond its lease (8 s) even if its job had just ended, and longer than whoever took it over needed.
    freeze) while [ "$(since "$begin")" -lt 9000 ]; do sleep 0.1; done; sleep "$((RANDOM % 3)).$((RANDOM % 10))"; kill -CONT "${pids[$name]}" ;;
    kill) wait "${pids[$name]}" 2>/dev/null || true; start "$name" worker ;;
    end) code=0; wait "${pids[$name]}" 2>/dev/null || code=$?; [ "$code" = 0 ] || problem "$name ended with $code after SIGTERM"; start "$name" worker ;;
  esac
  if [ -n "$taken" ]; then
    count[$how]=$((count[$how] + 1)) sum[$how]=$((sum[$how] + taken))
    [ "$taken" -le "${worst[$how]}" ] || worst[$how]=$taken
    [ "$taken" -le $limit ] || problem "the job $id was taken over $taken ms after a $how of $name"
    echo "$how $name, which had $id: taken over in $taken ms"
  fi
  ready "$name"
}

check() {
  local key id status version models
  jobs=$(wc -l <"$work/jobs")
  while read -r key id; do
    status=$(job "$id" | jq -r '.status + " " + (.error // "")')
    [ "$status" = "succeeded " ] || { problem "the job $id ($key) is $status"; continue; }
    [ "$(weights "$id")" = "${reference[$key]}" ] || problem "the weights of the job $id ($key) differ from those trained in peace"
  done <"$work/jobs"
  while read -r id version; do problem "the job $id has succeeded $version times"; done < <(sql "SELECT \"JobId\", count(*) FROM \"Events\" WHERE \"Kind\" = 'status' AND \"Json\" LIKE '%\"succeeded\"%' GROUP BY 1 HAVING count(*) <> 1")
  while read -r id version; do problem "the job $id has published $version versions"; done < <(sql "SELECT \"JobId\", count(*) FROM \"ModelVersions\" GROUP BY 1 HAVING count(*) <> 1")
  models=$(sql "SELECT count(*), count(DISTINCT \"JobId\") FROM \"ModelVersions\"")
  [ "$models" = "$jobs $jobs" ] || problem "$jobs jobs have published (versions, jobs) $models"
  while read -r key version; do problem "the model $key has versions to $version with a gap"; done < <(sql "SELECT \"Model\", max(\"Version\") FROM \"ModelVersions\" GROUP BY 1 HAVING max(\"Version\") <> count(*) OR min(\"Version\") <> 1")
}

echo "at least $jobs jobs of about $seconds s of a core each, $minutes minutes"
train_references
start_topology 3
make_datasets "$api"
begin=$(now)
submit_all & submitting=$!
while [ "$(since "$begin")" -lt $((lasts * 1000)) ]; do
  disturb
  sleep "$((RANDOM % 3)).$((RANDOM % 10))"
done
disturbed=$(($(since "$begin") / 1000))
wait "$submitting" || die "not all jobs could be submitted"
until [ "$(sql 'SELECT count(*) FROM "TrainingJobs" WHERE "FinishedAt" IS NULL')" = 0 ]; do
  [ "$(since "$begin")" -lt $((lasts * 3000 + 60000)) ] || { problem "jobs are not finished a minute after three times the time"; break; }
  sleep 0.2
done
check
[ $((count[kill] + count[freeze] + count[end])) -gt 0 ] || problem "nothing was disturbed"
mean() { [ "${count[$1]}" = 0 ] && echo "-" || echo $((sum[$1] / count[$1])); }
for how in "${ways[@]}"; do figures+=" ${count[$how]} ${how}s (takeover mean $(mean "$how") ms, at most ${worst[$how]} ms),"; done
echo "$jobs jobs, $disturbed s of chaos:${figures%,}; $problems problems"
[ "$problems" = 0 ]
