"""``python -m tabgen`` is the command line."""

from __future__ import annotations

import sys

from tabgen.cli import main

sys.exit(main())
