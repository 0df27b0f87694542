"""`python -m agents.cli` is the `metazoo` command."""

import sys

from .main import main

sys.exit(main())
