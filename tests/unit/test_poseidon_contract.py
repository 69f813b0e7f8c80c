"""Poseidon on chain, against the hash that wallets use."""

from __future__ import annotations

from typing import Any

import pytest
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import ContractLogicError

from offchain.artifacts import load
from offchain.deployment.code import code_matches
from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon
from offchain.zk.poseidon_contract import CONTRACTS
from tests.conftest import create_account

CEILINGS = {2: 18_400, 3: 34_800, 4: 51_500}
"""Gas of a hash, the call of its contract included and the transaction left out."""
EDGES = [0, 1, 2**128, 2**253, MODULUS - 1]


@pytest.fixture(scope="module")
def hashers(deployer: Any, poseidons: tuple[str, str]) -> dict[int, Contract]:
    """The hash contracts by number of inputs."""
    web3: Web3 = deployer.provider.web3
    named = zip(CONTRACTS, (*poseidons, create_account(deployer, load("PoseidonT5").creation)), strict=True)
    return {count: load(name).at(web3, address) for count, (name, address) in enumerate(named, start=2)}


def test_published_vectors(hashers: dict[int, Contract]) -> None:
    """H7 circomlib's own vectors."""
    two = 7853200120776062878684798364095072458815029376092732009249414926327459813530
    three = 6542985608222806190361240322586112750744169038454362455181422643027100751666
    assert hashers[2].functions.hash([1, 2]).call() == two
    four = 18821383157269793795438455681495246036402687001665670618754263018637548127333
    assert hashers[3].functions.hash([1, 2, 3]).call() == three
    assert hashers[4].functions.hash([1, 2, 3, 4]).call() == four


@pytest.mark.parametrize("count", [2, 3, 4])
def test_hash_is_the_wallets(hashers: dict[int, Contract], count: int) -> None:
    """H7 zeros, the largest element, numbers beyond every size of a packed value, in each place."""
    for edge in EDGES:
        for place in range(count):
            inputs = [7] * count
            inputs[place] = edge
            assert hashers[count].functions.hash(inputs).call() == poseidon(inputs)
        assert hashers[count].functions.hash([edge] * count).call() == poseidon([edge] * count)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_inputs_are_reduced(hashers: dict[int, Contract], count: int) -> None:
    """H7 an input that isn't below the modulus is reduced: contracts check before they hash."""
    assert hashers[count].functions.hash([MODULUS] * count).call() == poseidon([0] * count)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_gas(hashers: dict[int, Contract], count: int) -> None:
    """H7 a hash costs no more than with the cheapest settings of the compiler."""
    hasher = hashers[count]
    call = hasher.functions.hash([MODULUS - 1] * count).build_transaction({"gas": 200_000})
    data = bytes.fromhex(str(call["data"])[2:])
    # Copies its own calldata, calls the hasher warm and returns the gas that took.
    probe = bytes([0x60, len(data), 0x5F, 0x5F, 0x37, 0x73]) + bytes.fromhex(hasher.address[2:])
    probe += bytes.fromhex("8031505a60205f60" + f"{len(data):02x}" + "5f855afa505a90035f5260205ff3")
    here = "0x" + "77" * 20
    request = {"to": here, "data": "0x" + data.hex(), "gas": hex(200_000)}
    answer = hasher.w3.provider.make_request(
        "eth_call", [request, "latest", {here: {"code": "0x" + probe.hex()}}]  # type: ignore[arg-type]
    )  # fmt: skip
    assert int(CEILINGS[count] * 0.98) < int(answer["result"], 16) <= CEILINGS[count]


@pytest.mark.parametrize("count", [2, 3, 4])
def test_code_on_chain_is_the_compiled(hashers: dict[int, Contract], count: int) -> None:
    """H7 what stands on chain is the compiled code, whatever address it got."""
    compiled = load(f"PoseidonT{count + 1}").runtime
    assert code_matches(compiled, bytes(hashers[count].w3.eth.get_code(hashers[count].address)))


def test_unknown_call(hashers: dict[int, Contract]) -> None:
    """P9 any other call fails."""
    with pytest.raises(ContractLogicError):
        hashers[2].w3.eth.call({"to": hashers[2].address, "data": "0xdeadbeef"})  # type: ignore[typeddict-item]
