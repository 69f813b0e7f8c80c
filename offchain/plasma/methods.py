"""Which JSON-RPC methods strangers may call, and within what limits. What isn't here doesn't exist for them: the
embedded engine has methods that change balances, code and time, or sign for others."""

from __future__ import annotations

from typing import Any

from offchain.plasma.jsonrpc import INVALID_PARAMETERS, LIMIT_EXCEEDED, NO_METHOD, Refusal

SEND, SUBSCRIBE, UNSUBSCRIBE = "eth_sendRawTransaction", "eth_subscribe", "eth_unsubscribe"

MOST_RANGE = 100_000
"""Blocks that one search for logs may span."""

MOST_GAS = 100_000_000
"""Gas of a call that isn't a transaction: a tenth of a second."""

MOST_HISTORY = 1024
"""Blocks of one fee history."""

FIXED: dict[str, Any] = {
    "eth_accounts": [],
    "eth_mining": False,
    "eth_hashrate": "0x0",
    "net_peerCount": "0x0",
    "net_listening": True,
    "web3_clientVersion": "EnhancedOpenMG/plasma",
}
"""Methods whose answer is always the same."""

FEES = {"eth_gasPrice", "eth_maxPriorityFeePerGas"}
"""Methods that tell what to pay: nothing, on a chain whose base fee is zero. An engine suggests a fee all the same, and
a client that takes it couldn't send before it has ETH."""

CALLS = {"eth_call", "eth_estimateGas", "eth_createAccessList"}
SEARCHES = {"eth_getLogs", "eth_newFilter"}

PASSED = CALLS | SEARCHES
PASSED |= {f"eth_{name}" for name in ("blockNumber", "chainId", "coinbase", "protocolVersion", "syncing")}
PASSED |= {f"eth_{name}" for name in ("blobBaseFee", "feeHistory", "gasPrice", "maxPriorityFeePerGas")}
PASSED |= {f"eth_get{name}" for name in ("Balance", "Code", "Proof", "StorageAt", "TransactionCount")}
PASSED |= {f"eth_getBlock{name}" for name in ("ByHash", "ByNumber", "Receipts")}
PASSED |= {f"eth_getBlockTransactionCountBy{name}" for name in ("Hash", "Number")}
PASSED |= {f"eth_getTransaction{name}" for name in ("ByHash", "Receipt")}
PASSED |= {f"eth_getTransactionByBlock{name}AndIndex" for name in ("Hash", "Number")}
PASSED |= {f"eth_getRawTransactionBy{name}" for name in ("Hash", "BlockHashAndIndex", "BlockNumberAndIndex")}
PASSED |= {f"eth_getUncle{name}" for name in ("CountByBlockHash", "CountByBlockNumber")}
PASSED |= {f"eth_{name}" for name in ("newBlockFilter", "newPendingTransactionFilter", "uninstallFilter")}
PASSED |= {f"eth_getFilter{name}" for name in ("Changes", "Logs")}
PASSED |= {"net_version", "web3_sha3"}
"""Methods that the engine answers."""

TAGS = {"latest", "pending", "safe", "finalized", "earliest"}


def check(method: str, parameters: list[Any], height: int) -> list[Any]:
    """The parameters that the engine gets. `height` is the last block's number. Raises Refusal."""
    if method not in PASSED:
        raise Refusal(NO_METHOD, f"the method {method[:64]} does not exist/is not available")
    if method in CALLS:
        return [_capped(parameters), *parameters[1:3]]
    if method in SEARCHES:
        _check_search(parameters, height)
    if method == "eth_getProof" and len(parameters) > 1 and isinstance(parameters[1], list):
        return [parameters[0], [f"0x{_quantity(slot):064x}" for slot in parameters[1]], *parameters[2:]]
    if method == "eth_feeHistory" and parameters and _quantity(parameters[0]) > MOST_HISTORY:
        raise Refusal(LIMIT_EXCEEDED, f"a fee history has at most {MOST_HISTORY:,} blocks")
    return parameters


def raw_transaction(parameters: list[Any]) -> bytes:
    """The bytes of a raw transaction. Raises Refusal."""
    if len(parameters) != 1 or not isinstance(parameters[0], str):
        raise Refusal(INVALID_PARAMETERS, f"{SEND} takes one raw transaction in hex")
    text = parameters[0]
    try:
        raw = bytes.fromhex(text[2:]) if text[:2] in ("0x", "0X") else b""
    except ValueError:
        raw = b""
    if not raw or len(text) != 2 + 2 * len(raw):
        raise Refusal(INVALID_PARAMETERS, f"{SEND} takes one raw transaction in hex")
    return raw


def _capped(parameters: list[Any]) -> dict[str, Any]:
    if not parameters or not isinstance(parameters[0], dict):
        raise Refusal(INVALID_PARAMETERS, "the first parameter must be a call object")
    call: dict[str, Any] = parameters[0]
    gas = call.get("gas")
    return call | {"gas": hex(MOST_GAS if gas is None else min(_quantity(gas), MOST_GAS))}


def _check_search(parameters: list[Any], height: int) -> None:
    if not parameters or not isinstance(parameters[0], dict):
        raise Refusal(INVALID_PARAMETERS, "the first parameter must be a filter object")
    wanted: dict[str, Any] = parameters[0]
    if wanted.get("blockHash") is not None:
        return
    first, last = (_number(wanted.get(name), height) for name in ("fromBlock", "toBlock"))
    if first > last:
        raise Refusal(INVALID_PARAMETERS, "fromBlock comes after toBlock")
    if last - first >= MOST_RANGE:
        raise Refusal(LIMIT_EXCEEDED, f"a search spans at most {MOST_RANGE:,} blocks")


def _number(given: Any, height: int) -> int:
    if given is None or (isinstance(given, str) and given in TAGS):
        return 0 if given == "earliest" else height
    return min(_quantity(given), height)


def _quantity(given: Any) -> int:
    if isinstance(given, int) and not isinstance(given, bool) and given >= 0:
        return given
    try:
        if isinstance(given, str) and given[:2] == "0x" and len(given) <= 66:
            return int(given[2:], 16)
    except ValueError as error:
        raise Refusal(INVALID_PARAMETERS, f"{given} is no number") from error
    raise Refusal(INVALID_PARAMETERS, "a number is written in hex, like 0x1f")
