"""A season of the market on the real contracts: what it does for households, and what manipulators can and can't do."""

from __future__ import annotations

from offchain.commands.simulate import simulate as cli

__all__ = ["cli"]
