"""Whether code on chain is what was compiled here."""

from __future__ import annotations

from typing import Any

from web3 import Web3
from web3.exceptions import ContractLogicError, Web3Exception

from offchain.artifacts import load
from offchain.blueprint import blueprint_code
from offchain.deployment.manifest import DeploymentError
from offchain.deployment.parts import BLUEPRINTS
from offchain.sender import unsigned

PUSH32_OF_IMMUTABLE = b"\x7f" + bytes(32)
PUSH20_OF_ITSELF = b"\x73" + bytes(20)


def code_matches(compiled: bytes, on_chain: bytes) -> bool:
    """Whether code on chain is the compiled runtime code, whatever its constructor filled in as immutables (which the
    compiler leaves as `PUSH32 0`) or, at the start of a library, as its own address (`PUSH20 0`)."""
    masked = bytearray(on_chain)
    if compiled.startswith(PUSH20_OF_ITSELF):
        masked[1:21] = bytes(20)
    position = compiled.find(PUSH32_OF_IMMUTABLE)
    while position >= 0:
        masked[position + 1 : position + 33] = bytes(32)
        position = compiled.find(PUSH32_OF_IMMUTABLE, position + 33)
    return bytes(masked) == compiled


def check_code(web3: Web3, name: str, contract: str, address: str) -> str | None:
    """What is wrong with the code at an address, or None. Says nothing of immutables: see `is_constructed_of`."""
    on_chain = bytes(web3.eth.get_code(Web3.to_checksum_address(address)))
    if not on_chain:
        return f"{name} has no code at {address}"
    artifact = load(contract)
    if name in BLUEPRINTS:
        right = on_chain == blueprint_code(artifact.creation)
    else:
        right = code_matches(artifact.runtime, on_chain)
    return None if right else f"{name} at {address} runs other code than {contract} as compiled here"


def is_constructed_of(web3: Web3, contract: str, address: str, *arguments: Any) -> bool:
    """Whether the code at an address is, to the byte, what the contract's constructor leaves for these arguments.

    The node runs the constructor without sending anything. Not for contracts that keep their own address. Raises
    DeploymentError if the node doesn't do that.
    """
    creation = unsigned(load(contract).factory(web3).constructor(*arguments))["data"]
    try:
        expected = bytes(web3.eth.call({"data": creation}))
    except ContractLogicError:  # a constructor that refuses leaves nothing
        return False
    except Web3Exception as error:
        raise DeploymentError(f"the node doesn't run the constructor of {contract}: {error}") from error
    return expected == bytes(web3.eth.get_code(Web3.to_checksum_address(address)))
