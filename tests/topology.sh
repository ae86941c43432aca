#!/usr/bin/env bash
# Runs the topology of docker-compose.yml as plain processes and passes through deploy/nginx-topology.conf what a client does: deploy/smoke-test.sh,
# an event stream and a WebSocket. Where Debian's prometheus is installed, it reads deploy/monitoring, and every expression of the dashboard must find something.
# usage: tests/topology.sh      (needs what processes.sh names)
set -euo pipefail
# shellcheck source=tests/processes.sh
source "$(dirname "$0")/processes.sh"
start_topology 3
"$here/deploy/smoke-test.sh" "$gateway"
make_datasets "$api"
id=$(submit sequence_labeling 1 2)
# Events leave as they happen: the first is there long before the last.
begin=$(now)
curl -sfN --max-time 120 "$api/training-jobs/$id/events" | while read -r line; do echo "$(since "$begin") $line"; done >"$work/events"
grep -q 'event: done' "$work/events" || die "the stream of events did not end with done"
read -r first _ <"$work/events"
last=$(tail -n 1 "$work/events" | cut -d ' ' -f 1)
[ $((last - first)) -gt 500 ] || die "the events came all at once, $first to $last ms: nginx keeps them back"
echo "events: the first after $first ms, the last after $last ms"
door=$(ask -d '{"dataset":"sequence_labeling","model":"door","network":{"bidirectional":false,"hidden_size":16},"training":{"epochs":5}}' "$api/training-jobs" | jq -r .id)
until job "$door" | jq -e '.finished_at != null' >/dev/null; do sleep 0.2; done
status=$(curl -s -o /dev/null --max-time 3 -w '%{http_code}' --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
  -H 'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==' "$api/models/door/label/stream" || true)
[ "$status" = 101 ] || die "a WebSocket is answered with $status"
echo "WebSocket: $status"

if ! command -v prometheus >/dev/null; then echo "prometheus is not installed: its configuration was not tried"; exit; fi
targets=$(for name in api-1 api-2 worker-1 worker-2 worker-3; do printf "'127.0.0.1:%s', " "${ports[$name]}"; done)
mkdir "$work/prometheus"; cp "$here/deploy/monitoring/alerts.yml" "$work/prometheus/"
awk -v targets="[${targets%, }]" '/authorization:/ { getline; next } /dns_sd_configs:/ { print "    static_configs:\n      - targets: " targets; skip = 1; next } skip { next } { print }' \
  "$here/deploy/monitoring/prometheus.yml" | sed 's/5s/1s/' >"$work/prometheus/prometheus.yml"
prometheus --config.file="$work/prometheus/prometheus.yml" --storage.tsdb.path="$work/prometheus/data" --web.listen-address="127.0.0.1:$((port + 2))" >"$work/prometheus.log" 2>&1 & pids[prometheus]=$!
query() { curl -sf --max-time 5 -G "http://127.0.0.1:$((port + 2))/api/v1/query" --data-urlencode "query=$1"; }
until [ "$(query 'sum(up)' | jq -r '.data.result[0].value[1]')" = 5 ]; do kill -0 "${pids[prometheus]}" || die "$(cat "$work/prometheus.log")"; sleep 0.5; done
# Rates want two readings with work in between.
id=$(submit sequence_labeling 2 2)
for ((i = 0; i < 20; i++)); do ask -o /dev/null -d '{"inputs":[["open","wait"]]}' "$api/models/sequence_labeling/label"; sleep 0.3; done
until job "$id" | jq -e '.finished_at != null' >/dev/null; do sleep 0.2; done
sleep 2
found=0
while read -r expression; do
  [ "$(query "$expression" | jq '.data.result | length')" -gt 0 ] || die "the dashboard's expression finds nothing: $expression"
  found=$((found + 1))
done < <(jq -r '.panels[].targets[].expr' "$here/deploy/monitoring/dashboard.json")
[ "$(curl -sf "http://127.0.0.1:$((port + 2))/api/v1/rules" | jq '[.data.groups[].rules[] | select(.health != "ok" and .health != "unknown")] | length')" = 0 ] || die "an alert cannot be evaluated"
echo "Prometheus reads 5 processes; all $found expressions of the dashboard find something"
