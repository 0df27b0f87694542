"""`python -m agents.cli` is the `metazoo` command."""

import sys

from agents.cli.main import main

sys.exit(main())
