#!/usr/bin/env bash
# Jobs per hour with 1, 2 and 4 workers of one core each on this machine, and what idle and busy workers ask of PostgreSQL, from its own statistics;
# from both, what 100 workers would ask of it.
# usage: tests/throughput.sh [jobs] [seconds of a core per job] [seconds of watching]      (default: 12 jobs of 5 s, 15 s; needs what processes.sh names)
set -euo pipefail
jobs=${1:-12} seconds=${2:-5} watch=${3:-15}
# shellcheck source=tests/processes.sh
source "$(dirname "$0")/processes.sh"
unfinished() { sql 'SELECT count(*) FROM "TrainingJobs" WHERE "FinishedAt" IS NULL'; }
forget() { sql 'SELECT pg_stat_statements_reset(); SELECT pg_stat_reset()' >/dev/null; }
# Statements, commits and milliseconds of execution per second since they were forgotten, all that the service asked; and its connections.
asked() {
  sql "SELECT round(coalesce(sum(calls), 0) / $1.0, 2), round((coalesce(sum(total_exec_time), 0) / $1.0)::numeric, 3) FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat%'" | tr '\n' ' '
  sql "SELECT round(xact_commit / $1.0, 2) FROM pg_stat_database WHERE datname = 'rnnservice'" | tr '\n' ' '
  sql "SELECT count(*) FROM pg_stat_activity WHERE datname = 'rnnservice' AND application_name = 'RnnService'"
}
# watched <what> <workers> <what of it is the API's own>: the same per worker.
watched() {
  local figures
  forget; sleep "$watch"; figures=$(asked "$watch")
  echo "$1: $figures (statements/s, ms of execution/s, commits/s, connections)" >&2
  awk -v workers="$2" -v figures="$figures" -v own="$3" 'BEGIN { split(figures, f); split(own, o); for (i = 1; i <= 4; i++) printf "%.3f%s", (f[i] - o[i]) / workers, i < 4 ? " " : "\n" }'
}

make_database -c shared_preload_libraries=pg_stat_statements -c max_connections=200
sql 'CREATE EXTENSION pg_stat_statements'
start api-1 api; ready api-1; api=http://127.0.0.1:${ports[api-1]}/api/v1
make_datasets "$api"
own=$(watched "the API alone" 1 "0 0 0 0")
running=0
for workers in 1 2 4; do
  while [ "$running" -lt "$workers" ]; do running=$((running + 1)); start "worker-$running" worker; ready "worker-$running"; done
  sleep 2
  if [ "$workers" = 2 ]; then
    idle=$(watched "2 idle" 2 "$own")
    # Epochs of seconds, as those of models that are worth many machines: what is asked is heartbeats, progress and checkpoints.
    long=()
    for seed in 1 2; do long+=("$(ask "$api/training-jobs" -d '{"dataset":"language_modeling","model":"long","network":{"hidden_size":384},"training":{"epochs":1000,"early_stopping_patience":0,"seed":'$seed'}}' | jq -r .id)"); done
    until [ "$(sql "SELECT count(*) FROM \"TrainingJobs\" WHERE \"Status\" = 'running' AND \"Attempt\" = 0")" = 2 ]; do sleep 0.2; done
    busy=$(watched "2 busy" 2 "$own")
    for id in "${long[@]}"; do ask -o /dev/null -X POST "$api/training-jobs/$id/cancel"; done
    until [ "$(unfinished)" = 0 ]; do sleep 0.2; done
  fi
  for ((i = 0; i < jobs; i++)); do submit sequence_labeling $((i + 1)) "$seconds" >>"$work/jobs-$workers"; done
  until [ "$(unfinished)" = 0 ]; do sleep 0.2; done
  hour=$(sql "SELECT round(3600 * $jobs / extract(epoch FROM max(\"FinishedAt\") - min(\"StartedAt\"))) FROM (SELECT * FROM \"TrainingJobs\" WHERE \"Status\" = 'succeeded' ORDER BY \"Id\" DESC LIMIT $jobs) newest")
  echo "$workers workers: $hour jobs per hour ($jobs jobs of about $seconds s of a core)"
done
echo "a worker asks, idle: $idle; busy: $busy (statements/s, ms of execution/s, commits/s, connections)"

# What the server can take: the transaction of a heartbeat, by 16 connections on as many rows.
printf '%s\n' '\set row random(0, 11)' "UPDATE \"TrainingJobs\" SET \"LeaseUntil\" = now() WHERE \"Id\" = (SELECT \"Id\" FROM \"TrainingJobs\" ORDER BY \"Id\" LIMIT 1 OFFSET :row);" >"$work/heartbeat.sql"
beats=$("$bin/pgbench" -h 127.0.0.1 -p "$database_port" -U rnn -n -T 10 -c 16 -j 2 -f "$work/heartbeat.sql" rnnservice 2>/dev/null | sed -n 's/^tps = \([0-9]*\).*/\1/p')
echo "PostgreSQL here commits $beats heartbeats per second"
awk -v idle="$idle" -v busy="$busy" -v beats="$beats" 'BEGIN { split(idle, i); split(busy, b)
  printf "100 workers: idle %d, busy %d statements/s; %.2f and %.2f cores of PostgreSQL; %d commits/s when busy, of %d; %d connections; heartbeats alone are spent at %d workers\n",
    100 * i[1], 100 * b[1], i[2] / 10, b[2] / 10, 100 * b[3], beats, 100 * b[4], beats / b[3] }'
