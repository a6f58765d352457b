#!/usr/bin/env bash
# Puts FILE, a review, into the pull request NUMBER: one comment, updated in place by its marker.
set -euo pipefail
number=$1 file=$2
marker='<!-- dialform:review -->'
known=$(gh api "repos/{owner}/{repo}/issues/$number/comments" --paginate \
    --jq ".[] | select(.body | startswith(\"$marker\")) | .id" | head -n 1)
if [[ -n $known ]]; then
    gh api "repos/{owner}/{repo}/issues/comments/$known" --method PATCH --field "body=@$file" >/dev/null
else
    gh api "repos/{owner}/{repo}/issues/$number/comments" --method POST --field "body=@$file" >/dev/null
fi
