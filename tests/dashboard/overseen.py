"""Both chains with all their contracts and something on each, an index of them, and the API over HTTP."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from eth_utils.crypto import keccak

from offchain.api.application import Rules, application
from offchain.api.followed import Chains, FollowedChain
from offchain.api.keys import KeyRing, Scope
from offchain.api.watch import json_log
from offchain.deployment.forecast import ForecastDeployment
from offchain.history.database import Database
from offchain.history.intake import Intake
from offchain.indexer.follower import Follower
from offchain.plasma.checkpoint import NO_CHECKPOINT, Checkpoint, Submission
from offchain.ppdl.inference.integer_model import PERCEPTRON
from offchain.ppdl.learning.training import Training
from offchain.ppdl.model_chain.task import Task
from offchain.ppdl.model_chain.testset import Testset
from offchain.signature import join, sign
from offchain.units import ETHER
from tests.dashboard.scene import OPERATOR, Scene, scene, served
from tests.history import opened
from tests.integration.grid import Grid
from tests.metered import Device, last_interval
from tests.plasma_network import AUTHORITIES, QUICK, Root, bridged_root

CHECKPOINTS, FINAL = 3, 2


@dataclass(frozen=True)
class Overseen:
    """The plasma chain with its services, the root chain, the API's URL, an operator's key, and the index."""

    stage: Scene
    root: Root
    api: str
    key: str
    followers: tuple[Follower, ...]

    def catch_up(self) -> None:
        for follower in self.followers:
            follower.catch_up()


@contextmanager
def overseen(folder: Path) -> Iterator[Overseen]:
    """A trade, meters and published sums, the first model; checkpoints, of which the older are final, and a freeze."""
    with (
        bridged_root(folder / "root") as root,
        scene(folder, origins=("*",)) as stage,
        opened("sqlite", folder) as database,
    ):
        testset = Testset(np.zeros((1, 30), np.int16), np.zeros(1, np.int32))
        task = Task("next_hour", PERCEPTRON, Training(), testset)
        list(ForecastDeployment(stage.sender(OPERATOR), stage.manifest, task).run())
        grid = Grid(stage.web3, stage.manifest)
        grid.register("MG1", 2)
        grid.publish("MG1", 700, 400)
        grid.buy("MG1", ETHER)
        _checkpoint(root)
        _freeze(root)
        chains = (FollowedChain.at(stage.node, stage.manifest), FollowedChain.at(root.url, root.manifest))
        followers = tuple(Follower(database, chain.node, chain.manifest) for chain in chains)
        rules = Rules(per_minute=1_000_000, origins=("*",))
        app = application(database, rules, json_log(io.StringIO()), Chains(*chains))
        with served(app) as url:
            found = Overseen(stage, root, url, _operator_key(database), followers)
            found.catch_up()
            yield found


def _checkpoint(root: Root) -> None:
    """Checkpoints of made-up blocks, signed by all authorities."""
    before = NO_CHECKPOINT
    submissions = []
    for epoch in range(1, CHECKPOINTS + 1):
        roots = [keccak(text=f"{name} {epoch}") for name in ("blocks", "exits", "state", "data")]
        blocks_root, exit_root, state_root, data_hash = roots
        start, end = 60 * epoch - 59, 60 * epoch
        checkpoint = Checkpoint(epoch, before, start, end, blocks_root, exit_root, 0, 0, state_root, data_hash, 1)
        root.submit(checkpoint)
        before = checkpoint.hash
        time = int(root.node.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        submissions.append(Submission(checkpoint, time, 2 ** len(AUTHORITIES) - 1))
    root.node.call("evm_increaseTime", QUICK.challenge_period)
    root.mine(1)
    final = root.contract("plasma_root").functions.finalise(submissions[FINAL - 1].abi())
    root.sender(AUTHORITIES[0]).transact(final)


def _freeze(root: Root) -> None:
    contract = root.contract("plasma_root").functions
    digest = bytes(contract.freezeDigest().call())
    signers = sorted(AUTHORITIES, key=lambda one: int(one.address, 16))[:2]
    call = contract.freeze(join(digest, [sign(digest, key) for key in signers]))
    root.sender(AUTHORITIES[0]).transact(call)


def _operator_key(database: Database) -> str:
    """Of an operator, whose microgrid's meters sent readings of the last hours."""
    devices = [Device(number).added_to(database) for number in (1, 2)]
    readings = [device.content(last_interval(back), 250 * back, 100) for device in devices for back in (1, 2, 3)]
    Intake(database, 86_400).take(readings)
    return KeyRing(database).new("operator", [Scope.OPERATOR_READ], [])
