#!/usr/bin/env bash
# Mixed load on a copy of the built service: jobs that are followed, ended, cancelled and deleted, classify, explain, label, generate, WebSockets, uploads,
# deletions and requests it must refuse, with pauses, so that it takes a sixth of two cores. Samples the service's resident memory every 10 s and fails
# unless the last quarter of the time needs what the second did (10 % and 8 MiB more at most) or if an answer is not what it must be.
# usage: tests/mixed.sh [minutes]      (default: 60; build in Release first; needs curl and jq)
set -euo pipefail
minutes=${1:-60}
[[ $minutes =~ ^[1-9][0-9]*$ ]] || { echo 'usage: tests/mixed.sh [minutes], 1 at least' >&2; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
for tool in curl jq; do command -v $tool >/dev/null || { echo "$tool is not installed" >&2; exit 1; }; done
work=$(mktemp -d)
pids=()
end_processes() { trap - EXIT INT TERM; kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"; }
trap end_processes EXIT
trap 'exit 1' INT TERM

# A copy, so that the next build disturbs nothing.
cp -r "$here/src/RnnService/bin/Release/net10.0" "$work/program"
address=127.0.0.1:${PORT:-24900}
api=http://$address/api/v1
(cd "$work" && exec nice -n 10 dotnet program/RnnService.dll --urls "http://$address" --RnnService:DataDirectory=data --RnnService:TrainingCores=1 --Logging:LogLevel:Default=Warning >log 2>&1) &
service=$!
pids+=("$service")
until curl -sf -o /dev/null "http://$address/health/ready"; do kill -0 $service 2>/dev/null || { cat "$work/log" >&2; exit 1; }; sleep 0.2; done

ask() { curl -sS --fail-with-body --max-time 60 -H 'Content-Type: application/json' "$@"; }
refused() { local want=$1 got; shift; got=$(curl -s --max-time 60 -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' "$@"); [ "$got" = "$want" ] || { echo "$got instead of $want: $*" >&2; return 1; }; }
upload() { curl -sS --fail-with-body --max-time 60 -o /dev/null -F name="$1" -F task="$2" -F "file=@$3" "$api/datasets"; }
# trained <dataset> <model> <job> <epochs> [more of the network]: a small job, followed to its end, which must be a success.
trained() {
  ask -o /dev/null "$api/training-jobs" -d '{"dataset":"'"$1"'","model":"'"$2"'","name":"'"$3"'","network":{"hidden_size":32'"${5:-}"'},"training":{"epochs":'"$4"',"early_stopping_patience":0}}' &&
    curl -sSN --fail-with-body --max-time 300 "$api/training-jobs/$3/events" >"$work/events-$3" && rm "$work/events-$3" &&
    ask "$api/training-jobs/$3" | jq -e '.status == "succeeded"' >/dev/null
}

forward=',"bidirectional":false' # labels as each input arrives, so that a state can be carried
awk 'BEGIN { print "text,label"; n = split("the this their", a); m = split("film story cast music plot", b); split("wonderful moving funny dull boring awful", c)
  for (i = 1; i <= n; i++) for (j = 1; j <= m; j++) for (k = 1; k <= 6; k++) { print a[i] " " b[j] " was " c[k] "," (k <= 3 ? "positive" : "negative"); print a[i] " " b[j] " was not " c[k] "," (k <= 3 ? "negative" : "positive") } }' >"$work/reviews.csv"
awk 'BEGIN { srand(1); for (i = 0; i < 120; i++) { t = ""; l = ""; door = "shut"; for (j = 0; j < 8; j++) { r = int(rand() * 3); e = r == 0 ? "open" : r == 1 ? "close" : "wait"; if (r == 0) door = "open"; if (r == 1) door = "shut"; t = t (j ? "," : "") "\"" e "\""; l = l (j ? "," : "") "\"" door "\"" }
  print "{\"tokens\": [" t "], \"labels\": [" l "]}" } }' >"$work/door.jsonl"
awk 'BEGIN { n = split("Monday Tuesday Wednesday Thursday Friday Saturday Sunday", d); for (i = 0; i < 300; i++) print "After " d[i % n + 1] " comes " d[(i + 1) % n + 1] "." }' >"$work/days.txt"
awk 'BEGIN { srand(2); print "text,label"; for (i = 0; i < 15000; i++) { t = ""; for (j = 0; j < 12; j++) t = t " word" int(rand() * 3000); print t "," (i % 2 ? "a" : "b") } }' >"$work/large.csv"
upload reviews sequence_classification "$work/reviews.csv"
upload door sequence_labeling "$work/door.jsonl"
upload days language_modeling "$work/days.txt"
trained reviews reviews first-reviews 20
trained door door first-door 20 "$forward"
trained days days first-days 5

round=0 # of the loop that reads it: each has its own
training() {
  case $((round % 3)) in
    0) trained reviews reviews "job-$round" 6 ;;
    1) trained door door "job-$round" 6 "$forward" ;;
    2) trained days days "job-$round" 1 ;;
  esac && ask "$api/training-jobs/job-$round/metrics" >/dev/null && ask "$api/training-jobs/job-$round/gradient-flow" >/dev/null && ask -X DELETE "$api/training-jobs/job-$round"
}
cancelling() {
  ask -o /dev/null "$api/training-jobs" -d '{"dataset":"days","model":"cancelled","name":"cancel-'$round'","network":{"hidden_size":32},"training":{"epochs":1000,"early_stopping_patience":0}}' && sleep 3 &&
    ask -o /dev/null -X POST "$api/training-jobs/cancel-$round/cancel" && curl -sSN --max-time 60 -o /dev/null "$api/training-jobs/cancel-$round/events" && ask -X DELETE "$api/training-jobs/cancel-$round"
}
# Data, a job and a model that nobody needs afterwards.
passing() {
  sed "s/film/film$round/" "$work/reviews.csv" >"$work/passing.csv" && upload "passing-$round" sequence_classification "$work/passing.csv" && trained "passing-$round" "passing-$round" "passing-$round" 2 &&
    ask -o /dev/null "$api/models/passing-$round/classify" -d '{"inputs":["the film was funny"]}' && ask -o /dev/null "$api/models/passing-$round/versions/1/weights" &&
    ask -X DELETE "$api/training-jobs/passing-$round" && ask -X DELETE "$api/models/passing-$round" && ask -X DELETE "$api/datasets/passing-$round"
}
uploading() {
  { cat "$work/large.csv"; echo "round $round,a"; } >"$work/upload.csv" && upload "upload-$round" sequence_classification "$work/upload.csv" && ask -o /dev/null "$api/datasets/upload-$round/content" && ask -X DELETE "$api/datasets/upload-$round"
}
classifying() {
  ask "$api/models/reviews/classify" -d '{"inputs":["the film was not funny","their music was moving","word '$round'"]}' | jq -e '.predictions | length == 3' >/dev/null &&
    if [ $((round % 10)) = 0 ]; then ask -o /dev/null "$api/models/reviews/classify" -d '{"inputs":["the plot was not dull"],"explain":true}'; fi
}
labeling() {
  local answer version state
  # The state goes on with the version that gave it: a newer one may have been published meanwhile.
  answer=$(ask "$api/models/door/label" -d '{"inputs":[["close","open","wait"]]}') && version=$(jq -er .version <<<"$answer") && state=$(jq -er '.predictions[0].state' <<<"$answer") &&
    ask "$api/models/door:$version/label" -d '{"inputs":[["wait","close"]],"states":["'"$state"'"]}' | jq -e '.predictions[0].labels | length == 2' >/dev/null
}
generating() {
  case $((round % 3)) in
    0) ask -o /dev/null "$api/models/days/generate" -d '{"inputs":["After Monday"],"max_tokens":100,"seed":'$round'}' ;;
    1) ask -N "$api/models/days/generate" -d '{"inputs":["After Friday"],"max_tokens":60,"stream":true,"seed":'$round'}' | grep -q '^event: done' ;;
    2) ask -o /dev/null "$api/models/days/generate" -d '{"inputs":["After "],"max_tokens":20,"beam_width":4,"n":2}' ;;
  esac
}
# A WebSocket as in the README, a message every fifth of a second; each must be answered.
streaming() {
  local message token
  trap '' PIPE
  exec 3<>"/dev/tcp/${address/://}" || return 1
  printf '%s\r\n' 'GET /api/v1/models/door/label/stream HTTP/1.1' "Host: $address" 'Connection: Upgrade' 'Upgrade: websocket' 'Sec-WebSocket-Version: 13' 'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==' '' >&3
  for _ in {1..25}; do
    for token in open wait; do
      message='{"token":"'$token'"}'
      # shellcheck disable=SC2059  # the head of the frame is made of escapes
      printf "\x81\x$(printf %x $((128 + ${#message})))\0\0\0\0%s" "$message" >&3
      sleep 0.2
    done
  done
  printf '\x88\x80\0\0\0\0' >&3
  [ "$(grep -ao '{.*}' <&3 | grep -c '"label"')" = 50 ]
}
erring() {
  refused 404 "$api/models/nobody/classify" -d '{"inputs":["x"]}' && refused 400 "$api/models/reviews/classify" -d '{"inputs":' && refused 400 "$api/models/reviews/classify" -d '{"input":["x"]}' &&
    refused 422 "$api/models/door/classify" -d '{"inputs":["x"]}' && refused 422 "$api/training-jobs" -d '{"dataset":"days","model":"x","network":{"hidden_size":-1}}'
}
looking() {
  for path in "/api/v1/training-jobs?limit=100" /api/v1/models /api/v1/models/reviews /api/v1/datasets /metrics /health/ready /swagger/v1/swagger.json; do ask -o /dev/null "http://$address$path" || return 1; done
  # The versions that jobs leave behind, but for the last ones.
  local model
  for model in reviews door days; do
    ask "$api/models/$model" | jq -r '[.versions[].version] | sort | .[:-3][]' | while read -r version; do ask -X DELETE "$api/models/$model/versions/$version" || return 1; done || return 1
  done
}

# again <seconds> <what>: the same again and again, with a pause.
again() {
  local seconds=$1 what=$2
  while :; do
    round=$((round + 1))
    # Its own way to stop: a wish in the file system, as a signal would cut a request that is then missed.
    [ ! -e "$work/over" ] || return 0
    if "$what" >>"$work/answers-$what" 2>&1; then echo >>"$work/right-$what"; else echo >>"$work/wrong-$what"; tail -n 2 "$work/answers-$what" | sed "s/^/$what $round: /" >&2; fi
    : >"$work/answers-$what"
    sleep "$seconds"
  done
}
loops=("training 25" "cancelling 70" "passing 60" "uploading 30" "classifying 1" "labeling 3" "generating 3" "streaming 10" "erring 10" "looking 30")
users=()
for loop in "${loops[@]}"; do read -r what seconds <<<"$loop"; again "$seconds" "$what" & users+=($!); done
pids+=("${users[@]}")

lines() { if [ -e "$1" ]; then wc -l <"$1"; else echo 0; fi; }
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$service/status"; } # KiB
processor() { awk '{ print $14 + $15 }' "/proc/$service/stat"; } # hundredths of a second
begin=$(date +%s) samples=$((minutes * 6)) spent=$(processor)
for ((sample = 1; sample <= samples; sample++)); do
  pause=$((begin + 10 * sample - $(date +%s)))
  [ "$pause" -le 0 ] || sleep "$pause"
  resident >>"$work/resident" || { cat "$work/log" >&2; echo "FAILED: the service has ended" >&2; exit 1; }
  [ $((sample % 6)) != 0 ] || printf '%s  minute %d: %d MiB, %d %% of a core, %s right, %s wrong, database %d MiB\n' "$(date +%T)" $((sample / 6)) $(($(tail -n 1 "$work/resident") / 1024)) \
    $((($(processor) - spent) / (10 * sample))) "$(cat "$work"/right-* | wc -l)" "$(cat "$work"/wrong-* 2>/dev/null | wc -l)" $(($(du -sk "$work/data" | cut -f 1) / 1024))
done
touch "$work/over"
wait "${users[@]}"

for loop in "${loops[@]}"; do read -r what _ <<<"$loop"; echo "$what: $(lines "$work/right-$what") right, $(lines "$work/wrong-$what") wrong"; done
median() { sed -n "$1,$2p" "$work/resident" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
second=$(median $((samples / 4 + 1)) $((samples / 2))) last=$(median $((samples * 3 / 4 + 1)) "$samples")
peak=$(awk '/^VmHWM/ { print $2 }' "/proc/$service/status") wrong=$( (cat "$work"/wrong-* 2>/dev/null || true) | wc -l)
[ ! -s "$work/log" ] || { echo "the service's log:"; tail -n 20 "$work/log"; }
flat=1; [ "$last" -le $((second * 11 / 10 + 8192)) ] || flat=0
echo "resident: median of the second quarter $((second / 1024)) MiB, of the last $((last / 1024)) MiB, peak $((peak / 1024)) MiB: $([ $flat = 1 ] && echo flat || echo "it grows"); $wrong wrong answers"
[ $flat = 1 ] && [ "$wrong" = 0 ]
