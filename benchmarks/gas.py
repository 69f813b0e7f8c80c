"""Gas of every operation, beside the same operation on Uniswap V1's own bytecode, as one JSON object.

    .venv/bin/python benchmarks/gas.py              prints the figures
    .venv/bin/python benchmarks/gas.py --check      also compares them with the committed snapshot
    .venv/bin/python benchmarks/gas.py --update     also proves the shielded operations anew and writes the snapshots

The token is OpenZeppelin's ERC-20 with finite allowances; every storage slot an operation touches is non-zero before
it, so that the figures are those of a pool in use. `_first` founds a pool or is the first of its kind, `_refund`
returns surplus ETH. The shielded operations (`shield` and below) carry real proofs: `benchmarks/shielded.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from eth_account.signers.local import LocalAccount
from web3 import Web3
from web3.contract import Contract

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds its neighbours

from benchmarks.bridge import measure as measure_bridge
from benchmarks.bridge import record as record_note
from benchmarks.inference import measure as measure_inference
from benchmarks.inference import record as record_inference
from benchmarks.registry import measure as measure_registry
from benchmarks.shielded import GENESIS, fresh_chain, record
from benchmarks.shielded import measure as measure_shielded
from offchain import artifacts
from offchain.blueprint import blueprint_transaction_data
from offchain.environment import PROJECT
from offchain.sender import Sender, development_account, key_sender, unsigned
from offchain.units import ETHER

SNAPSHOT = Path(__file__).parent / "snapshots" / "gas.json"
PAGE = PROJECT / "docs" / "reference" / "gas.md"
DEADLINE = GENESIS + 24 * 3600 + 1
CALLER, OTHER = 1, 2


BEST_PUBLIC_PORT = {
    "addLiquidity_first": 118_665,
    "addLiquidity": 61_364,
    "removeLiquidity": 62_572,
    "ethToTokenSwapInput": 43_486,
    "default": 42_858,
    "ethToTokenSwapOutput_refund": 50_613,
    "ethToTokenSwapOutput": 43_715,
    "tokenToEthSwapInput": 56_299,
    "tokenToEthSwapOutput": 56_325,
    "tokenToTokenSwapInput": 89_367,
    "tokenToTokenSwapOutput": 92_277,
    "tokenToExchangeSwapInput": 81_939,
    "liquidity_transfer": 34_355,
    "liquidity_transferFrom": 42_066,
}
"""PhABC's Solidity port of Uniswap V1, measured once in the same way."""


PAGE_TEXT = """\
# Gas

Written by `benchmarks/gas.py --update`; compared in the tests. Measured on Anvil with OpenZeppelin's ERC-20, finite
allowances and no storage slot at zero before the operation, each in a block of its own. *Original*: Uniswap V1's own
bytecode in the same run. *Best port*: the cheapest public Solidity port (PhABC), measured once in the same way.

| operation | here | original | best port |
| --- | ---: | ---: | ---: |
{rows}

`createExchange` deploys a whole exchange, the original a proxy; the port's creation took 2,881,323. `_first` founds a
pool or is the first swap of a block, `_refund` returns surplus ETH, `default` is ETH sent without calldata.

## Shielded operations

With real proofs, recorded once and sent again byte for byte. A relayer is paid in all but one. The queue has been
around once, as in a pool in use.

| operation | gas | |
| --- | ---: | --- |
{shielded}

Published figures of other systems: Zeto transfer with nullifiers 2,005,587; Railgun transfer 1.8 million,
with a swap 1.9 million.

## Plasma chain, on the root chain

Ten authorities; proofs from a real plasma chain with a thousand accounts.

| operation | gas | |
| --- | ---: | --- |
{bridge}

Published figures of other systems: a Polygon checkpoint about 18,000 a signature; Optimism proves a withdrawal for
156,000 and finalises it for 73,000.

## Forecasts for sale

With a real proof, recorded once and sent again byte for byte. Node and requester have used the market before.

| operation | gas | |
| --- | ---: | --- |
{forecasts}

## Learning together

A model with 641 weights. The largest round has 102 participants, of whom 100 are in the sum.

| operation | gas | |
| --- | ---: | --- |
{learning}
"""


SHIELDED = {
    "shield": "an ERC-20, by allowance",
    "shield_eth": "ETH",
    "shield_energy": "energy, which is burned",
    "transfer": "two notes into three",
    "transfer_without_relayer": "two notes into two",
    "transfer_new_places": "as `transfer`, in a pool whose queue was never used before",
    "consolidate": "four notes into two",
    "unshield": "ETH",
    "unshield_energy": "energy, which is minted",
    "swap": "ETH for energy",
    "swap_token_to_eth": "energy for ETH",
    "swap_token_to_token": "energy of one microgrid for another's",
    "issue": "exported energy into notes",
    "issue_first": "the first of an epoch, which opens the turnstile",
    "settle": "notes burned against imported energy",
    "flush16": "16 notes into the tree",
    "flush1": "one note into the tree",
}
"""What the figures of the shielded operations are of."""


BRIDGE = {
    "deposit": "ETH",
    "deposit_token": "an ERC-20, by allowance",
    "force_call": "100 bytes of calldata",
    "list_token": "a token, by the owner",
    "checkpoint_7": "a checkpoint with 7 signatures",
    "checkpoint_signer": "each further signature",
    "finalise_checkpoint": "a checkpoint, and all before it",
    "exit_burn": "an exit started by the exit tree",
    "exit_receipt": "an exit started by its receipt, one of 100 in the block",
    "finalise": "an exit released to its recipient",
    "claim": "ETH paid out",
    "equivocation": "a challenge: two signatures of one authority",
    "halt": "the end, after silence",
    "escape_open": "the last final state named",
    "escape": "an account's ETH",
    "escape_contract": "a contract shown, once for all who need it",
    "escape_note": "a shielded note's escape begun",
    "escape_note_release": "the same, paid after the time to cancel it",
}
"""What the figures of the plasma chain's contracts are of."""


INFERENCE = {
    "inference_request": "a request with its payment in ETH, features encrypted to a node",
    "inference_answer": "an answer that can be disputed",
    "inference_proven": "an answer with its proof, which is paid at once",
    "inference_collect": "the payment of an answer that wasn't disputed",
    "inference_dispute": "a dispute, with its deposit",
    "inference_prove": "the proof that decides it",
    "inference_convict": "its end if no proof came",
}
"""What the figures of the market for forecasts are of."""

LEARNING = {
    "ppdl_round_8": "a round of 8 closed, its aggregate posted and finalised",
    "ppdl_round": "the same of 42",
    "ppdl_round_102": "the same of 102",
    "ppdl_header": "a header with five votes",
    "ppdl_challenge": "the dearest of the next three",
    "ppdl_challenge_sum": "a node that isn't the sum of its children",
    "ppdl_challenge_leaf": "a leaf that isn't the signed update",
    "ppdl_challenge_mask": "a mask that isn't the committed one",
    "ppdl_challenge_update": "a chunk that isn't the old one plus the mean",
    "ppdl_challenge_hash": "a hash that isn't the model's",
    "ppdl_demand": "a node demanded",
    "ppdl_answer": "the same, shown",
}
"""What the figures of learning together are of."""


def original(name: str) -> artifacts.Artifact:
    """A contract of Uniswap V1 as it was deployed in 2018, from the npm package of the Uniswap team."""
    path = PROJECT / "node_modules" / "@uniswap" / "v2-periphery" / "build" / f"{name}.json"
    content = json.loads(path.read_text())
    creation = bytes.fromhex(content["evm"]["bytecode"]["object"].removeprefix("0x"))
    return artifacts.Artifact(name, content["abi"], creation, b"")


def below(amount: int) -> int:
    """An amount a little smaller, with all its digits in use."""
    return amount * 0xFEDCBA9876543211 >> 64


class Bench:
    """One factory with pools in use, and the gas of each operation on them."""

    def __init__(self, web3: Web3, create: str) -> None:
        self.web3 = web3
        self.create = create
        self.accounts: list[LocalAccount] = [development_account(index) for index in range(3)]
        self.senders: list[Sender] = [key_sender(web3, account) for account in self.accounts]
        self.gas: dict[str, int] = {}
        self.token_artifact = artifacts.load("Token")

    def send(self, call: Any, value: int = 0, by: int = CALLER) -> int:
        """Sends a call; returns the gas it used."""
        return int(self.senders[by].transact(call, value)["gasUsed"])

    def deploy(self, artifact: artifacts.Artifact, *arguments: Any) -> Contract:
        receipt = self.senders[0].deploy(artifact, *arguments)
        return artifact.at(self.web3, receipt["contractAddress"])  # type: ignore[arg-type]

    def pool(self, factory: Contract, exchange_abi: list[dict[str, Any]], measure: bool) -> tuple[Contract, Contract]:
        """A token and its exchange with liquidity, all balances and allowances non-zero."""
        token = self.deploy(self.token_artifact, 10**9 * ETHER)
        for account in self.accounts[1:]:
            self.send(token.functions.transfer(account.address, 10**6 * ETHER), by=0)
        created = self.send(factory.functions[self.create](token.address))
        exchange = self.web3.eth.contract(address=factory.functions.getExchange(token.address).call(), abi=exchange_abi)
        for by in (CALLER, OTHER):
            self.send(token.functions.approve(exchange.address, 10**9 * ETHER), by=by)
        first = self.send(exchange.functions.addLiquidity(1, 500 * ETHER, DEADLINE), 10 * ETHER, by=OTHER)
        if measure:
            self.gas[self.create] = created
            self.gas["addLiquidity_first"] = first
        self.send(exchange.functions.addLiquidity(1, 500 * ETHER, DEADLINE), ETHER)
        return token, exchange

    def measure(self, factory: Contract, exchange_abi: list[dict[str, Any]]) -> dict[str, int]:
        """Gas of all recurring operations; each is sent on its own in a block."""
        _, pool = self.pool(factory, exchange_abi, measure=True)
        other_token, other_pool = self.pool(factory, exchange_abi, measure=False)
        calls = pool.functions
        buyer, receiver = self.accounts[CALLER].address, self.accounts[OTHER].address
        # Bounds as a wallet would set them: no run of zero bytes, which would make calldata cheap.
        far, small, least = below(10**4 * ETHER), ETHER // 10, below(ETHER // 100)
        operations: dict[str, tuple[Any, int]] = {
            "addLiquidity": (calls.addLiquidity(below(ETHER), far, DEADLINE), ETHER),
            "ethToTokenSwapInput": (calls.ethToTokenSwapInput(below(ETHER), DEADLINE), small),
            "ethToTokenTransferInput": (calls.ethToTokenTransferInput(below(ETHER), DEADLINE, receiver), small),
            "ethToTokenSwapOutput": (calls.ethToTokenSwapOutput(ETHER, DEADLINE), -ETHER),
            "ethToTokenSwapOutput_refund": (calls.ethToTokenSwapOutput(ETHER, DEADLINE), ETHER),
            "ethToTokenTransferOutput": (calls.ethToTokenTransferOutput(ETHER, DEADLINE, receiver), -ETHER),
            "tokenToEthSwapInput": (calls.tokenToEthSwapInput(ETHER, least, DEADLINE), 0),
            "tokenToEthTransferInput": (calls.tokenToEthTransferInput(ETHER, least, DEADLINE, receiver), 0),
            "tokenToEthSwapOutput": (calls.tokenToEthSwapOutput(small, far, DEADLINE), 0),
            "tokenToEthTransferOutput": (calls.tokenToEthTransferOutput(small, far, DEADLINE, receiver), 0),
        }
        for kind, target in (("Token", other_token.address), ("Exchange", other_pool.address)):
            for how, to in (("Swap", ()), ("Transfer", (receiver,))):
                given = getattr(calls, f"tokenTo{kind}{how}Input")(ETHER, least, least, DEADLINE, *to, target)
                bought = getattr(calls, f"tokenTo{kind}{how}Output")(ETHER, far, far, DEADLINE, *to, target)
                operations[given.fn_name] = (given, 0)
                operations[bought.fn_name] = (bought, 0)
        operations["liquidity_transfer"] = (calls.transfer(receiver, ETHER // 100), 0)
        operations["removeLiquidity"] = (calls.removeLiquidity(ETHER // 2, least, least, DEADLINE), 0)
        for name, (call, value) in operations.items():
            if value < 0:  # exactly the price of that many tokens
                value = calls.getEthToTokenOutputPrice(-value).call()
            self.gas[name] = self.send(call, value)
        self.gas["default"] = int(self.senders[CALLER].send({"to": pool.address, "value": small})["gasUsed"])
        self.send(calls.approve(receiver, ETHER))
        self.gas["liquidity_transferFrom"] = self.send(calls.transferFrom(buyer, receiver, ETHER // 100), by=OTHER)
        return self.gas


def blueprint(bench: Bench, name: str) -> str:
    """Deploys a contract's blueprint; returns its address."""
    data = blueprint_transaction_data(artifacts.load(name).creation)
    return str(bench.senders[0].send({"data": data})["contractAddress"])


def measure_ours(web3: Web3) -> Iterator[tuple[str, int]]:
    """The plain exchange, then what the oracle variant adds: its first and a later swap of a block, a snapshot."""
    bench = Bench(web3, "createExchange")
    factory = bench.deploy(artifacts.load("UniswapFactory"))
    bench.send(factory.functions.initializeFactory(blueprint(bench, "UniswapExchange")), by=0)
    bench.send(factory.functions.initializeOracle(blueprint(bench, "UniswapOracleExchange")), by=0)
    yield from bench.measure(factory, artifacts.load("UniswapExchange").abi).items()

    bench = Bench(web3, "createOracleExchange")
    _, pool = bench.pool(factory, artifacts.load("UniswapOracleExchange").abi, measure=True)
    yield "createOracleExchange", bench.gas["createOracleExchange"]
    bench.send(pool.functions.ethToTokenSwapInput(1, DEADLINE), ETHER // 10)
    first, later = swaps_of_one_block(bench, pool)
    yield "oracle_ethToTokenSwapInput_first", first
    yield "oracle_ethToTokenSwapInput_later", later
    bench.send(pool.functions.observe())
    web3.provider.make_request("evm_increaseTime", [120])  # type: ignore[arg-type]
    web3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
    yield "oracle_observe", bench.send(pool.functions.observe())


def swaps_of_one_block(bench: Bench, pool: Contract) -> tuple[int, int]:
    """Gas of the first and the second swap of one block."""
    request = bench.web3.provider.make_request
    request("evm_setAutomine", [False])  # type: ignore[arg-type]
    call = pool.functions.ethToTokenSwapInput(below(ETHER), DEADLINE)
    hashes = []
    for by in (CALLER, OTHER):
        sender = bench.accounts[by]
        fields = unsigned(call) | {"value": ETHER // 10, "gas": 200_000}
        fields |= {"nonce": bench.web3.eth.get_transaction_count(sender.address), "chainId": bench.web3.eth.chain_id}
        fields |= {"maxFeePerGas": 10**11 - by, "maxPriorityFeePerGas": 10**10 - by}
        hashes.append(bench.web3.eth.send_raw_transaction(sender.sign_transaction(fields).raw_transaction))
    request("evm_increaseTime", [15])  # type: ignore[arg-type]
    request("evm_mine", [])  # type: ignore[arg-type]
    request("evm_setAutomine", [True])  # type: ignore[arg-type]
    receipts = [bench.web3.eth.get_transaction_receipt(hash_) for hash_ in hashes]
    assert receipts[0]["blockNumber"] == receipts[1]["blockNumber"]
    return receipts[0]["gasUsed"], receipts[1]["gasUsed"]


def measure_original(web3: Web3) -> dict[str, int]:
    """The same operations on Uniswap V1's own bytecode."""
    bench = Bench(web3, "createExchange")
    factory = bench.deploy(original("UniswapV1Factory"))
    template = bench.deploy(original("UniswapV1Exchange"))
    bench.send(factory.functions.initializeFactory(template.address), by=0)
    return bench.measure(factory, original("UniswapV1Exchange").abi)


def measure() -> dict[str, Any]:
    """All figures: ours by operation, and under `uniswap_v1` the original's."""
    with fresh_chain() as web3:
        market = dict(measure_ours(web3))
        original = measure_original(web3)
    parts = (measure_shielded(), measure_bridge(), measure_registry(), measure_inference())
    return {**market, **{name: gas for part in parts for name, gas in part.items()}, "uniswap_v1": original}


def page(figures: dict[str, Any]) -> str:
    """The figures as the page of the documentation."""
    rows = []
    for name, used in figures.items():
        if name in figures["uniswap_v1"] or "Exchange" in name or "oracle" in name:
            others = (figures["uniswap_v1"].get(name), BEST_PUBLIC_PORT.get(name))
            cells = [f"`{name}`", f"{used:,}", *(f"{other:,}" if other else "" for other in others)]
            rows.append("| " + " | ".join(cells) + " |")
    shielded = [f"| `{name}` | {figures[name]:,} | {what} |" for name, what in SHIELDED.items()]
    bridge = [f"| `{name}` | {figures[name]:,} | {what} |" for name, what in BRIDGE.items()]
    learning = [f"| `{name}` | {figures[name]:,} | {what} |" for name, what in LEARNING.items()]
    forecasts = [f"| `{name}` | {figures[name]:,} | {what} |" for name, what in INFERENCE.items()]
    parts = {"rows": rows, "shielded": shielded, "bridge": bridge, "learning": learning, "forecasts": forecasts}
    return PAGE_TEXT.format(**{name: "\n".join(lines) for name, lines in parts.items()})


@click.command(help=__doc__)
@click.option("--check", is_flag=True, help="Fail if a figure differs from the committed snapshot.")
@click.option("--update", is_flag=True, help="Write the snapshot and its page in docs/.")
def main(check: bool, update: bool) -> None:
    artifacts.compile_contracts()
    if update:
        for _ in record():
            click.echo("proved a part of the shielded operations", err=True)
        record_note()
        record_inference()
    figures = measure()
    click.echo(json.dumps(figures, indent=2))
    if update:
        SNAPSHOT.write_text(json.dumps(figures, indent=2) + "\n")
        PAGE.write_text(page(figures))
    if check:
        known = json.loads(SNAPSHOT.read_text())
        changed = [name for name in known.keys() | figures.keys() if known.get(name) != figures.get(name)]
        if changed:
            click.echo(f"differs from {SNAPSHOT.name}: {', '.join(sorted(changed))} (accept with --update)", err=True)
            sys.exit(1)


if __name__ == "__main__":
    main()
