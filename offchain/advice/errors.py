"""What can't be advised on."""

from __future__ import annotations

from offchain.errors import UserError


class AdviceError(UserError):
    """Says in one line why advice can't be given: what was asked makes no sense, or a tariff says nothing of it."""
