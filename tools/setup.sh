#!/bin/sh
# Sets the checkout up: finds a Python, then leaves the work to setup_venv.py and setup_pulumi.py.
# `tools/setup.sh --find-python` prints the Python that a new .venv would be made with.
set -eu
cd "$(dirname "$0")/.."

usable='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
version='import sys; print("Python %d.%d.%d" % sys.version_info[:3])'

find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do
        if "$name" -c "$usable" >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
    {
        echo "setup: no usable Python: dialform needs 3.11 or newer, with venv and ensurepip. Looked at:"
        for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do
            if found=$("$name" -c "$version" 2>/dev/null); then
                "$name" -c 'import venv, ensurepip' 2>/dev/null || found="$found without venv or ensurepip"
                echo "  $name: $found"
            fi
        done
        echo "Install Python 3.11 or newer (Debian, Ubuntu: apt install python3-venv), or name one:"
        echo "  make setup PYTHON=/path/to/python3"
    } >&2
    return 1
}

if [ "${1:-}" = --find-python ]; then
    find_python
    exit
fi
if ! .venv/bin/python tools/setup_venv.py --check 2>/dev/null; then
    python=$(find_python)
    "$python" tools/setup_venv.py
fi
exec .venv/bin/python tools/setup_pulumi.py
