"""Spares the calls that Ape makes to the node before each test and each call of a contract, always with the same
answer: tests of contracts take half the time."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ape.api.networks import EcosystemAPI
from ape.contracts.base import ContractMethodHandler
from ape_foundry.provider import FoundryProvider

_custom_networks: Any = EcosystemAPI._custom_networks


def spare_calls() -> None:
    """From now on Ape takes it that its Anvil mines each transaction at once (a test that has it wait tells the node
    itself, for as long as it runs), that contracts have code, and that `ape-config.yaml` names the same networks."""
    FoundryProvider.auto_mine = property(lambda _: True)  # type: ignore[method-assign, assignment]
    ContractMethodHandler._validate_is_contract = lambda _: None  # type: ignore[method-assign]
    networks = cached_property(_custom_networks.fget)
    networks.__set_name__(EcosystemAPI, "_custom_networks")
    EcosystemAPI._custom_networks = networks  # type: ignore[method-assign, assignment]
