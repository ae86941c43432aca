# shellcheck shell=bash
# Sourced by chaos.sh, outage.sh, throughput.sh and topology.sh: the topology of docker-compose.yml as plain processes of this machine.
# PostgreSQL, processes of the service and nginx, all on loopback addresses from $port on, all data in $work; all is ended and deleted at the end.
# Needs Debian's postgresql and nginx-light (or nginx), curl and jq, and the service built in Release.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=$here/src/RnnService/bin/Release/net10.0/RnnService.dll
port=${PORT:-24000}
work=$(mktemp -d)
chmod 755 "$work"
declare -A pids=() # of each process by name: api-1, worker-1, nginx …
declare -A ports=()
database_port=$port
gateway=http://127.0.0.1:$((port + 1))
api=$gateway/api/v1
next_port=$((port + 10))

die() { echo "FAILED: $*" >&2; exit 1; }
now() { date +%s%N; }
since() { echo $((($(now) - $1) / 1000000)); } # milliseconds

# As PostgreSQL refuses to be run by root, root runs it as the user postgres, whom its package makes.
PATH=$PATH:/usr/sbin
for bin in /usr/lib/postgresql/*/bin; do :; done
for tool in nginx curl jq; do command -v $tool >/dev/null || die "$tool is not installed"; done
[ -x "$bin/initdb" ] || die "PostgreSQL is not installed (/usr/lib/postgresql/*/bin)"
postgres() { local name=$1; shift; if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$bin/$name" "$@"); else "$bin/$name" "$@"; fi; }
connection="Host=127.0.0.1;Port=$database_port;Username=rnn;Database=rnnservice"

make_database() { # [options of the server…]
  mkdir "$work/db"; [ "$(id -u)" != 0 ] || chown postgres "$work/db"
  postgres initdb -D "$work/db/data" -A trust -U rnn -E UTF8 --no-sync >/dev/null
  database_options="-p $database_port -k $work/db -c listen_addresses=127.0.0.1 $*"
  start_database
  "$bin/createdb" -h 127.0.0.1 -p "$database_port" -U rnn rnnservice
}
start_database() { postgres pg_ctl -D "$work/db/data" -w -s -l "$work/db/log" -o "$database_options" start >/dev/null; }
stop_database() { postgres pg_ctl -D "$work/db/data" -w -s -m "${1:-fast}" stop >/dev/null; }
# Sends a signal to the server and all its processes.
signal_database() {
  local postmaster; postmaster=$(head -n 1 "$work/db/data/postmaster.pid")
  # shellcheck disable=SC2046  # a list of ids; one of them may have ended
  kill -"$1" "$postmaster" $(cat "/proc/$postmaster/task/$postmaster/children") 2>/dev/null || true
}
sql() { "$bin/psql" -h 127.0.0.1 -p "$database_port" -U rnn -d rnnservice -qAtX -F ' ' -c "$1"; }

# start <name> <role> [settings…]: a process of the service; its log is $work/<name>.log, and goes on where it was after a restart.
start() {
  local name=$1 role=$2; shift 2
  [ -n "${ports[$name]:-}" ] || { ports[$name]=$next_port; next_port=$((next_port + 1)); }
  ( cd "$work" && exec dotnet "$program" --urls "http://127.0.0.1:${ports[$name]}" --RnnService:Role="$role" --RnnService:Database=postgresql \
      --ConnectionStrings:RnnService="$connection" --RnnService:TrainingCores=1 --Logging:LogLevel:Default=Warning "$@" >>"$work/$name.log" 2>&1 ) &
  pids[$name]=$!
}
# start_alone <name> [settings…]: one that is its own, with SQLite.
start_alone() {
  local name=$1; shift
  ports[$name]=$next_port; next_port=$((next_port + 1))
  ( cd "$work" && exec dotnet "$program" --urls "http://127.0.0.1:${ports[$name]}" --RnnService:DataDirectory="$work/$name" --Logging:LogLevel:Default=Warning "$@" >>"$work/$name.log" 2>&1 ) &
  pids[$name]=$!
}
ready() { # <name> [seconds]
  local begin; begin=$(now)
  until curl -sf --max-time 2 -o /dev/null "http://127.0.0.1:${ports[$1]}/health/ready"; do
    kill -0 "${pids[$1]}" 2>/dev/null || { cat "$work/$1.log" >&2; die "$1 has ended"; }
    [ "$(since "$begin")" -lt $((${2:-60} * 1000)) ] || die "$1 is not ready after ${2:-60} s"
    sleep 0.1
  done
}

# nginx with deploy/nginx-topology.conf, its two servers being the processes api-1 and api-2.
start_nginx() {
  mkdir -p "$work/nginx"
  {
    [ "$(id -u)" != 0 ] || echo "user root;"
    echo "pid $work/nginx/pid; error_log $work/nginx/error.log; daemon off; worker_processes 1; events { worker_connections 2048; }"
    echo "http { access_log off;"
    for path in client_body proxy fastcgi uwsgi scgi; do echo "${path}_temp_path $work/nginx/$path;"; done
    sed -e "s/api-1:8080/127.0.0.1:${ports[api-1]}/; s/api-2:8080/127.0.0.1:${ports[api-2]}/; s/listen 8080/listen 127.0.0.1:$((port + 1))/" "$here/deploy/nginx-topology.conf"
    echo "}"
  } >"$work/nginx/nginx.conf"
  nginx -q -t -c "$work/nginx/nginx.conf" || die "nginx does not like deploy/nginx-topology.conf"
  nginx -c "$work/nginx/nginx.conf" >"$work/nginx.log" 2>&1 & pids[nginx]=$!
  until curl -sf --max-time 2 -o /dev/null "$gateway/health/ready"; do sleep 0.1; done
}

# The whole of it: as many workers as are asked for.
start_topology() { # <workers> [options of the database server…]
  local workers=$1 name; shift
  make_database "$@"
  start api-1 api; start api-2 api
  for ((worker = 1; worker <= workers; worker++)); do start "worker-$worker" worker; done
  for name in "${!pids[@]}"; do ready "$name"; done
  start_nginx
}

end_processes() {
  local status=$? pid
  trap - EXIT INT TERM
  # Its worker would outlive a killed nginx.
  if [ -n "${pids[nginx]:-}" ]; then kill "${pids[nginx]}" 2>/dev/null || true; wait "${pids[nginx]}" 2>/dev/null || true; unset "pids[nginx]"; fi
  for pid in "${pids[@]}"; do kill -CONT "$pid" 2>/dev/null || true; kill -9 "$pid" 2>/dev/null || true; done
  [ ! -f "$work/db/data/postmaster.pid" ] || { signal_database CONT; stop_database immediate || true; }
  wait 2>/dev/null || true
  if [ "$status" != 0 ] && [ -n "${KEEP:-}" ]; then echo "kept: $work" >&2; else rm -rf "$work"; fi
  exit "$status"
}
trap end_processes EXIT INT TERM

# ask <curl arguments…>: of the JSON interface; fails on any status but a success.
ask() { curl -sS --fail-with-body --max-time 30 -H 'Content-Type: application/json' "$@"; }
job() { ask "${2:-$api}/training-jobs/$1"; }

# A dataset for each of the six tasks, each so regular that a small network learns it.
tasks=(vector_classification captioning sequence_classification translation sequence_labeling language_modeling)
make_datasets() { # <address of the interface>
  awk 'BEGIN { print "x,y,label"; for (x = -9; x <= 9; x += 1.5) for (y = -9; y <= 9; y += 1.5) print x "," y "," (x * y > 0 ? "same" : "opposite") }' >"$work/vector_classification.csv"
  awk 'BEGIN { print "degrees,wind,text"; for (d = -10; d <= 30; d += 2) for (w = 0; w <= 40; w += 4) print d "," w ",a " (d < 10 ? "cold" : "warm") " and " (w < 20 ? "calm" : "windy") " day" }' >"$work/captioning.csv"
  awk 'BEGIN { print "text,label"; n = split("the this their", a); m = split("film story cast music plot", b); split("wonderful moving funny dull boring awful", c)
    for (i = 1; i <= n; i++) for (j = 1; j <= m; j++) for (k = 1; k <= 6; k++) { print a[i] " " b[j] " was " c[k] "," (k <= 3 ? "positive" : "negative"); print a[i] " " b[j] " was not " c[k] "," (k <= 3 ? "negative" : "positive") } }' >"$work/sequence_classification.csv"
  awk 'BEGIN { print "source,target"; n = split("book:libro dog:perro cat:gato car:coche hat:sombrero glass:vaso", a); m = split("red:rojo white:blanco black:negro old:viejo new:nuevo", b)
    for (i = 1; i <= n; i++) for (j = 1; j <= m; j++) { split(a[i], x, ":"); split(b[j], y, ":"); print "look at the " y[1] " " x[1] ",mira el " x[2] " " y[2]; print "look at the " y[1] " " x[1] "s,mira los " x[2] "s " y[2] "s" } }' >"$work/translation.csv"
  awk 'BEGIN { srand(1); for (i = 0; i < 120; i++) { t = ""; l = ""; door = "shut"; for (j = 0; j < 8; j++) { r = int(rand() * 3); e = r == 0 ? "open" : r == 1 ? "close" : "wait"; if (r == 0) door = "open"; if (r == 1) door = "shut"; t = t (j ? "," : "") "\"" e "\""; l = l (j ? "," : "") "\"" door "\"" }
    print "{\"tokens\": [" t "], \"labels\": [" l "]}" } }' >"$work/sequence_labeling.jsonl"
  awk 'BEGIN { n = split("Monday Tuesday Wednesday Thursday Friday Saturday Sunday", d); for (i = 0; i < 300; i++) print "After " d[i % n + 1] " comes " d[(i + 1) % n + 1] "." }' >"$work/language_modeling.txt"
  local task
  for task in "${tasks[@]}"; do
    curl -sS --fail-with-body -o /dev/null -F name="$task" -F task="$task" -F "file=@$(echo "$work/$task".*)" "$1/datasets" || die "the dataset $task was refused"
  done
}

# The body of a job of a task: seconds of one core, about, which are turned into epochs by what they take on the machine this was written on.
job_body() { # <task> <seed> <seconds>
  local epochs
  case $1 in
    vector_classification) epochs=75 ;;
    captioning) epochs=7 ;;
    sequence_classification) epochs=26 ;;
    translation) epochs=4 ;;
    sequence_labeling) epochs=26 ;;
    language_modeling) epochs=3 ;;
  esac
  printf '{"dataset":"%s","model":"%s","network":{"hidden_size":48},"training":{"epochs":%d,"early_stopping_patience":0,"seed":%d}}' "$1" "$1" $((epochs * $3)) "$2"
}
submit() { ask "${4:-$api}/training-jobs" -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" -d "$(job_body "$1" "$2" "$3")" | jq -r .id; }
weights() { # <job> [address]: the fingerprint of the version it published
  local model version
  read -r model version < <(job "$1" "${2:-$api}" | jq -r '"\(.result.model) \(.result.version)"')
  ask "${2:-$api}/models/$model/versions/$version" | jq -r .receipt.weights_sha256
}
