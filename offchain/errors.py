"""The one kind of error that a user can cause."""

from __future__ import annotations


class UserError(Exception):
    """What went wrong and what to do, in one line; commands print it without a traceback."""
