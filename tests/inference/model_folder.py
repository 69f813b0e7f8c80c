"""A model chain of one model in a folder, as forecasts are served from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from offchain.ppdl.aggregation.messages import Header
from offchain.ppdl.inference.integer_model import PERCEPTRON
from offchain.ppdl.learning.model import Perceptron
from offchain.ppdl.learning.training import Training
from offchain.ppdl.model_chain.block import Block
from offchain.ppdl.model_chain.chain import About, ModelChain
from offchain.ppdl.model_chain.header import genesis
from offchain.ppdl.model_chain.task import HorizonName, Task
from offchain.ppdl.model_chain.testset import Testset

STATE = Perceptron().initial(7)


def begin_chain(folder: Path, horizon: HorizonName = "next_hour") -> Header:
    """Begins the chain; returns its genesis."""
    testset = Testset(np.zeros((1, PERCEPTRON[0]), np.int16), np.zeros(1, np.int32))
    task = Task(horizon, PERCEPTRON, Training(), testset)
    header = genesis(STATE, task.hash, 1)
    about = About(31337, "0x" + "11" * 20, 0, task.hash.hex(), {})
    ModelChain.begin(folder, about, Block(header, {}, None), STATE, task)
    return header


def rows(count: int) -> list[list[float]]:
    """Features, as clients send them."""
    found: list[list[float]] = np.random.default_rng(3).normal(size=(count, PERCEPTRON[0])).tolist()
    return found
