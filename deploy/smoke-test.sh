#!/usr/bin/env bash
# Asks a running service to do its main job once: upload a tiny dataset, train, classify, clean up. Needs curl only.
# Usage: [RNN_ADMIN_KEY=…] deploy/smoke-test.sh [base address; default http://localhost:8080]
set -euo pipefail
base="${1:-http://localhost:8080}"
name="smoke-$(date +%s)-$$"
work="$(mktemp -d)"
auth=()
[ -z "${RNN_ADMIN_KEY:-}" ] || auth=(-H "Authorization: Bearer $RNN_ADMIN_KEY")

die() { echo "smoke test FAILED: $*" >&2; exit 1; }

# call <expected status> <curl arguments…>: the body on standard output.
call() {
    local expected="$1" status; shift
    status=$(curl -sS --max-time 60 "${auth[@]}" -o "$work/body" -w '%{http_code}' "$@") || die "no answer from $base"
    [ "$status" = "$expected" ] || die "status $status instead of $expected: $(cat "$work/body")"
    cat "$work/body"
}

# field <name>: the first text or number of that name in the JSON on standard input.
field() { tr -d '\n' | grep -o "\"$1\" *: *\"\{0,1\}[^,\"}]*" | head -n 1 | sed 's/.*: *"\{0,1\}//'; }

clean_up() {
    curl -s -o /dev/null --max-time 10 "${auth[@]}" -X DELETE "$base/api/v1/models/$name" || true
    curl -s -o /dev/null --max-time 10 "${auth[@]}" -X DELETE "$base/api/v1/datasets/$name" || true
    rm -rf "$work"
}
trap clean_up EXIT

for attempt in $(seq 1 60); do
    curl -sf --max-time 2 -o /dev/null "$base/health/ready" && break
    [ "$attempt" -lt 60 ] || die "$base/health/ready does not answer 200"
    sleep 1
done

awk 'BEGIN {
    split("lovely moving funny warm bright brilliant", good); split("dull boring clumsy cold weak awful", bad)
    split("film story cast plot script ending", thing)
    print "text,label"
    for (i = 1; i <= 6; i++) for (j = 1; j <= 6; j++) {
        printf "a %s %s,positive\nthe %s was %s,positive\n", good[i], thing[j], thing[j], good[i]
        printf "a %s %s,negative\nthe %s was %s,negative\n", bad[i], thing[j], thing[j], bad[i]
    }
}' >"$work/reviews.csv"
call 201 -F "name=$name" -F task=sequence_classification -F "file=@$work/reviews.csv" "$base/api/v1/datasets" >/dev/null
echo "dataset $name uploaded"

id=$(call 202 -H 'Content-Type: application/json' -d "{\"dataset\":\"$name\",\"model\":\"$name\",\"network\":{\"hidden_size\":16},\"training\":{\"epochs\":20,\"seed\":1}}" \
    "$base/api/v1/training-jobs" | field id)
for second in $(seq 1 120); do
    job=$(call 200 "$base/api/v1/training-jobs/$id")
    status=$(field status <<<"$job")
    case "$status" in
        succeeded) break ;;
        failed | cancelled) die "training $status: $job" ;;
    esac
    [ "$second" -lt 120 ] || die "training takes longer than two minutes: $job"
    sleep 1
done
echo "job $id succeeded"

answer=$(call 200 -H 'Content-Type: application/json' -d '{"inputs":["a brilliant story","the plot was awful"]}' "$base/api/v1/models/$name/classify")
labels=$(grep -o '"label" *: *"[a-z]*"' <<<"$answer" | grep -o '[a-z]*"$' | tr -d '"\n')
[ "$labels" = positivenegative ] || die "unexpected answer: $answer"
echo "classified: $answer"
echo "smoke test passed"
