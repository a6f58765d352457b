#!/usr/bin/env bash
# One issue for what FILE holds: opened, updated, and closed when there is nothing any more.
set -euo pipefail
file=$1
title="Drift between releases and workspaces"
known=$(gh issue list --state open --search "in:title \"$title\"" --json number --jq '.[0].number // empty')
if [[ -s $file && -n $known ]]; then
    gh issue edit "$known" --body-file "$file"
elif [[ -s $file ]]; then
    gh issue create --title "$title" --body-file "$file"
elif [[ -n $known ]]; then
    gh issue close "$known" --comment "Nothing has drifted any more."
fi
