#!/usr/bin/env bash
# Takes docs/images/demo.png from the demo's real page, with one execution done, and one that waits for approval. `make screenshot`.
set -euo pipefail
cd "$(dirname "$0")/../.."
page=127.0.0.1:18280
temp=$(mktemp -d)

bin/bot demo --no-browser --listen "$page" --ssm-listen 127.0.0.1:18281 >"$temp/demo.log" 2>&1 &
demo=$!
trap 'kill "$demo" 2>/dev/null || true; wait "$demo" 2>/dev/null || true; rm -rf "$temp"' EXIT

ask() {
  curl -sSf -X POST "http://$page/control/command" \
    -d "{\"user\":\"ana\",\"channel\":\"ops\",\"command\":\"/runbook\",\"text\":\"$1\"}" >/dev/null
}

# A command answers ok only once the bot is there to acknowledge it.
for _ in {1..100}; do
  ask "help" 2>/dev/null && break
  sleep 0.1
done

# wait_for TEXT waits until a message in #ops has it.
wait_for() {
  for _ in {1..300}; do
    if curl -sS "http://$page/control/messages?channel=ops&user=ana" >"$temp/messages" && grep -q "$1" "$temp/messages"; then return; fi
    sleep 0.1
  done
  echo "never saw $1" >&2
  exit 1
}

ask "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1 reason=\\\"checkout is slow, INC-204\\\""
wait_for "succeeded"
ask "run failover-db ClusterId=shop-cluster reason=\\\"the writer is slow\\\""
wait_for "waiting for approval"

go run docs/images/shoot.go "http://$page/#/ben/ops" "Deny" docs/images/demo.png
echo "docs/images/demo.png"
