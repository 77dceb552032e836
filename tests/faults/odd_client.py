"""client.py with little patience, so that a test of dead links takes seconds.

python -m tests.faults.odd_client [what client.py takes]
"""

from __future__ import annotations

import sys

import client
from client_parts.link.link import Patience


def hurried() -> Patience:
    return Patience(connect=1.0, quiet=1.0, dead=3.0, longest_pause=1.0)


if __name__ == "__main__":
    vars(client)["Patience"] = hurried
    sys.exit(client.main(sys.argv[1:]))
