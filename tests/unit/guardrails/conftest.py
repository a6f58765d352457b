"""Lets these tests use the declarations' small project when they are run alone."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "declaration"))
