#!/usr/bin/env bash
# Adds an environment's drift to FILE. Fails where it could not be looked at: that is no "clean".
set -euo pipefail
environment=$1 file=$2
code=0
said=$(.venv/bin/dialform drift -s "$environment" --exit-code) || code=$?
case $code in
0) ;;
2) printf '## %s\n\n~~~~~~text\n%s\n~~~~~~\n\n' "$environment" "$said" >>"$file" ;;
*) exit "$code" ;;
esac
touch "$file"
