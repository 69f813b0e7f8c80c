"""Sends one account's transactions, one after the other, or together where none depends on another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from hexbytes import HexBytes
from web3 import Web3
from web3.contract.contract import ContractConstructor, ContractFunction
from web3.exceptions import (
    ContractLogicError,
    TransactionIndexingInProgress,
    TransactionNotFound,
    Web3Exception,
    Web3RPCError,
)
from web3.types import TxReceipt

from offchain.artifacts import Artifact, describe_revert
from offchain.chains import DEVELOPMENT_MNEMONIC, LOCAL_CHAIN_IDS
from offchain.errors import UserError

Call = ContractFunction | ContractConstructor
Sign = Callable[[dict[str, Any]], bytes]

SHORTEST_PAUSE = 0.005
"""Seconds after which a receipt is first looked for again; then later each time."""

Account.enable_unaudited_hdwallet_features()


class TransactionError(UserError):
    """Says in one line why a transaction was refused or failed."""


class Sender:
    """An account on one chain: signs, sends and waits.

    `sign` takes a complete transaction as a dict and returns its signed raw bytes.
    """

    def __init__(self, web3: Web3, address: str, sign: Sign) -> None:
        self.web3 = web3
        self.address = Web3.to_checksum_address(address)
        self._sign = sign
        self._chain_id = web3.eth.chain_id
        self._longest_pause = 0.1 if self._chain_id in LOCAL_CHAIN_IDS else 1.0

    def deploy(self, artifact: Artifact, *arguments: Any) -> TxReceipt:
        """Deploys a contract; its address is the receipt's `contractAddress`. Raises TransactionError."""
        return self.transact(artifact.factory(self.web3).constructor(*arguments))

    def transact(self, call: Call, value: int = 0) -> TxReceipt:
        """Sends a contract call with `value` wei. Raises TransactionError, before sending if it would revert."""
        return self.send(unsigned(call) | {"value": value})

    def transact_all(self, calls: Iterable[Call], value: int = 0) -> list[TxReceipt]:
        """As `send_all`, for contract calls with `value` wei each."""
        return self.send_all([unsigned(call) | {"value": value} for call in calls])

    def send(self, transaction: dict[str, Any]) -> TxReceipt:
        """Sends a transaction given by `to`, `data` and `value`. Raises TransactionError."""
        return self.send_all([transaction])[0]

    def send_all(self, transactions: Iterable[dict[str, Any]]) -> list[TxReceipt]:
        """Sends transactions that don't depend on one another, then waits for all of them. Raises TransactionError,
        before any is sent if one would revert."""
        tried = [self.tried(transaction) for transaction in transactions]
        signed = [self.numbered(one, place) for place, one in enumerate(tried)]
        sent = [self.broadcast(raw) for raw in signed]
        return [self.wait(one) for one in sent]

    def signed(self, transaction: dict[str, Any]) -> HexBytes:
        """The raw transaction, signed, with the next nonce. Raises TransactionError if it would revert."""
        return self.numbered(self.tried(transaction))

    def tried(self, transaction: dict[str, Any]) -> dict[str, Any]:
        """The transaction with its gas and fees, all but the nonce. Raises TransactionError if it would revert."""
        eth = self.web3.eth
        with _reasons():
            filled = {"from": self.address, "value": 0} | transaction
            filled["gas"] = eth.estimate_gas(filled) * 5 // 4  # type: ignore[arg-type]
            fee = eth.gas_price
            return filled | {"maxFeePerGas": 2 * fee, "maxPriorityFeePerGas": min(fee, 10**9)}

    def numbered(self, tried: dict[str, Any], ahead: int = 0) -> HexBytes:
        """The raw transaction of what was tried, signed, with the next nonce, behind as many others that aren't handed
        over yet. Raises TransactionError."""
        with _reasons():
            nonce = self.web3.eth.get_transaction_count(self.address, "pending") + ahead
            return HexBytes(self._sign(tried | {"chainId": self._chain_id, "nonce": nonce, "type": 2}))

    def broadcast(self, raw: HexBytes) -> HexBytes:
        """Hands a signed transaction to the node; returns its hash. Raises TransactionError."""
        with _reasons():
            return self.web3.eth.send_raw_transaction(raw)

    def mined(self, sent: HexBytes, seconds: float = 120) -> TxReceipt | None:
        """The receipt of a transaction, None if it isn't mined in that time. Raises TransactionError."""
        with _reasons():
            deadline, pause = time.monotonic() + seconds, SHORTEST_PAUSE
            while time.monotonic() < deadline:
                try:
                    return self.web3.eth.get_transaction_receipt(sent)
                except (TransactionNotFound, TransactionIndexingInProgress):
                    time.sleep(pause)
                    pause = min(1.5 * pause, self._longest_pause)
            return None

    def wait(self, sent: HexBytes) -> TxReceipt:
        """The receipt of a transaction, once it is mined. Raises TransactionError if it failed or isn't mined."""
        receipt = self.mined(sent)
        if receipt is None:
            raise TransactionError(f"transaction {sent.to_0x_hex()} is not mined yet")
        if receipt["status"] != 1:
            raise TransactionError(f"transaction {sent.to_0x_hex()} failed on chain")
        return receipt


@contextmanager
def _reasons() -> Iterator[None]:
    try:
        yield
    except (ContractLogicError, Web3RPCError) as error:
        raise TransactionError(_reason(error)) from error
    except Web3Exception as error:
        raise TransactionError(str(error)) from error


def unsigned(call: Call) -> dict[str, Any]:
    """The `data` of a contract call and, unless it deploys, its `to`."""
    # No field is left open, so the chain is not asked.
    complete = {"gas": 0, "maxFeePerGas": 0, "maxPriorityFeePerGas": 0, "chainId": 0, "nonce": 0, "value": 0}
    built = call.build_transaction(complete)  # type: ignore[arg-type]
    return {name: built[name] for name in ("to", "data") if built.get(name)}


def key_sender(web3: Web3, account: LocalAccount) -> Sender:
    """A sender that signs with a private key held in memory."""

    def sign(transaction: dict[str, Any]) -> bytes:
        fields = {name: value for name, value in transaction.items() if name != "from"}
        return bytes(account.sign_transaction(fields).raw_transaction)

    return Sender(web3, account.address, sign)


def development_account(index: int) -> LocalAccount:
    """One of the local chains' public development accounts: anyone can spend from it."""
    account: LocalAccount = Account.from_mnemonic(DEVELOPMENT_MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
    return account


def development_sender(web3: Web3, index: int) -> Sender:
    """A sender for a development account."""
    return key_sender(web3, development_account(index))


def _reason(error: Exception) -> str:
    data = getattr(error, "data", None)
    if isinstance(data, str) and data.startswith("0x"):
        return f"the contract refused: {describe_revert(bytes(HexBytes(data)))}"
    response = getattr(error, "rpc_response", None) or {}
    message = response.get("error", {}).get("message") if isinstance(response, dict) else None
    return str(message or error)
