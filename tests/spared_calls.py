"""Spares what Ape does anew before each test and with each transaction, always with the same outcome, and what HTTP
doesn't need on one machine: tests of contracts take half the time."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ape.api.networks import EcosystemAPI, NetworkAPI
from ape.api.providers import ProviderAPI
from ape.contracts.base import ContractMethodHandler
from ape_ethereum import provider as ethereum_provider
from ape_ethereum.ecosystem import Ethereum
from ape_foundry import provider as foundry_provider
from ape_foundry.provider import FoundryProvider
from web3 import HTTPProvider
from web3.eth import Eth

from offchain.local_session import LocalSession

POLL_SECONDS = 0.005
"""Between two looks for a receipt: Anvil has it a moment after it took the transaction."""


def spare_calls() -> None:
    """From now on Ape takes it that its Anvil mines each transaction at once (a test that has it wait tells the node
    itself, for as long as it runs), that contracts have code and log nothing to the console, and that
    `ape-config.yaml` stays as it is."""
    FoundryProvider.auto_mine = property(lambda _: True)  # type: ignore[method-assign, assignment]
    ContractMethodHandler._validate_is_contract = lambda _: None  # type: ignore[method-assign]
    ethereum_provider._post_send_transaction = lambda *_: None
    for owner, name in (
        (EcosystemAPI, "_custom_networks"),
        (Ethereum, "default_transaction_type"),
        (NetworkAPI, "config"),
        (ProviderAPI, "settings"),
    ):
        _read_once(owner, name)
    foundry_provider.HTTPProvider = _provider  # type: ignore[assignment, attr-defined]
    Eth.wait_for_transaction_receipt.__defaults__ = (120, POLL_SECONDS)


def _provider(url: str, **more: Any) -> HTTPProvider:
    return HTTPProvider(url, session=LocalSession(url), **more)


def _read_once(owner: Any, name: str) -> None:
    """A property is computed once for each object."""
    known = cached_property(vars(owner)[name].fget)
    known.__set_name__(owner, name)
    setattr(owner, name, known)
