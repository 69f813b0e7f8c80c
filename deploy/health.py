"""Asks a service for its health, as a container's health check does: exit status 0 if it is well, else 1 and why.

python deploy/health.py [URL]
"""

from __future__ import annotations

import sys
from urllib.error import HTTPError
from urllib.request import urlopen

DEFAULT = "http://127.0.0.1:8690/healthz"
SECONDS = 5
MOST = 2_000
"""Bytes of an answer that are shown."""


def main(url: str) -> int:
    """The exit status; prints what the service answers."""
    try:
        with urlopen(url, timeout=SECONDS) as answer:
            sys.stdout.write(answer.read(MOST).decode(errors="replace") + "\n")
            return 0
    except HTTPError as error:
        line = error.read(MOST).decode(errors="replace")
    except (OSError, ValueError) as error:
        line = f"{url}: {error}"
    sys.stdout.write(line + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2] or [DEFAULT]))
