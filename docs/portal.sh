#!/usr/bin/env bash
# Makes portal.png, the README's picture: the demo's voicemail in the portal, as headless Chromium shows it.
set -euo pipefail
cd "$(dirname "$0")/.."
make -s build
out=$(mktemp -d)
trap 'kill "$demo" 2>/dev/null; wait "$demo" 2>/dev/null; rm -rf "$out"' EXIT
bin/tandem demo >"$out/demo.txt" &
demo=$!
until grep -q 'Ctrl-C ends' "$out/demo.txt"; do
	kill -0 "$demo" # the demo must still be there
	sleep 1
done
url=$(sed -n 's/.*The portal is at \(http[^ ]*\)$/\1/p' "$out/demo.txt")
password=$(sed -n 's/.*bob@localhost .*password  *\([^ ]*\) .*/\1/p' "$out/demo.txt")
BASE_URL=$url USER=bob@localhost PASSWORD=$password OUT_DIR=$out node web/ui/e2e/voicemail.mjs
cp "$out/inbox.png" docs/portal.png
