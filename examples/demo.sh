#!/bin/sh
# The whole flow on sample data: examples/demo.sh FOLDER. The folder is made anew; any failing step ends the demo.
set -eu

folder=${1:?usage: examples/demo.sh FOLDER}
for name in $(env | sed -n 's/^\(DQ_[A-Z0-9_]*\|LEAD_DATABASE_PATH\|AIRTABLE_[A-Z_]*\)=.*/\1/p'); do
  unset "$name" # the demo touches its own two stores, whatever the environment names
done

say() { printf '\n== %s\n' "$1"; }
step() { printf '$ %s\n' "$*" && "$@"; }

if [ -e "$folder" ] && [ ! -d "$folder/config" ] && [ -n "$(ls -A "$folder")" ]; then
  echo "$folder is not a folder that this demo made; name another." >&2
  exit 2
fi
rm -rf "$folder"

say "1. Two stores that disagree: a SQLite database and a local Airtable with sample leads"
dq init "$folder" --sample | tail -n 1
cd "$folder"
step dq snapshot

say "2. What every cell should be, and what would change (nothing is written yet)"
step dq clean
step dq diff --limit 12

say "3. Back up, write, read back, verify"
step dq apply --yes

say "4. A second round finds nothing"
step dq snapshot
step dq clean
if ! dq diff --exit-code >/dev/null; then
  echo "The second plan is not empty." >&2
  exit 1
fi

say "Done. Look around: cd $folder; dq status; dq diff --limit 0; ls snapshots backups"
