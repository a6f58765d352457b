"""``python -m dialform``."""

from __future__ import annotations

import sys

from dialform.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
