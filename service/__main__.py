"""Lets `python -m service` be the `accord` command."""

import sys

from service.cli import main

sys.exit(main())
