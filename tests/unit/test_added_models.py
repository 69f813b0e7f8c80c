"""Forecast models of other packages: trained, verified and compared by their name, and refused in one line."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from offchain.extensions import ExtensionError
from offchain.ppdl.inference.integer_model import ModelError
from offchain.ppdl.inference.served import ChainModels
from offchain.ppdl.learning.models import MODELS, AddedModelError, model_of, shape_of
from offchain.ppdl.model_chain.task import Task, TaskError
from offchain.ppdl.plan import Plan
from tests.added_package import added_package, documented
from tests.unit.command_line import CommandLine

Add = Callable[..., None]

THEIRS = f"""
from __future__ import annotations

import numpy as np
import torch

{documented("class Tilted:")}

class Restless(Tilted):
    def initial(self, seed):
        return super().initial(None)

class Numb(Tilted):
    def forward(self, parameters, features):
        return super().forward(parameters.detach(), features) + 0 * parameters.sum().detach()

class Broad(Tilted):
    def forward(self, parameters, features):
        return features

class Late(Tilted):
    inputs = 12

class Doubled(Tilted):
    def initial(self, seed):
        return super().initial(seed) / 2

class Narrow(Tilted):
    def forward(self, parameters, features):
        assert features.shape[1] == 3, "three rows"
        return super().forward(parameters, features)

class Failing(Tilted):
    def forward(self, parameters, features):
        raise RuntimeError("out of\\nmemory")

def none():
    return None
"""


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Add:
    """Installs their models, one of them by its name."""

    def installed(**points: str) -> None:
        monkeypatch.delitem(sys.modules, "their_models", raising=False)
        added_package(tmp_path, monkeypatch, "their_models", THEIRS, {MODELS.group: points})

    return installed


@pytest.fixture
def openmg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


def test_another_packages_model_is_trained(
    add: Add, openmg: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """J1 J2 by its name, masked as any; who has the package verifies and compares it, who hasn't is told what lacks. No
    node takes its answers for a perceptron's."""
    add(tilted="Tilted")
    done = openmg.done("ppdl", "train", "--model", "tilted", "--homes", "10", "--rounds", "1")
    assert done["model"] == {"weights": 37, "provable": False}
    found = openmg.done("ppdl", "verify")
    assert (found["right"], found["height"]) == (True, 1)
    assert openmg.done("ppdl", "evaluate")["scores"]["model"]["nrmse"] < 2
    served = ChainModels(tmp_path / "models" / "demand")
    assert served.horizon is None
    with pytest.raises(ModelError, match="have no form in whole numbers"):
        served.model(1)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if "their_models" not in place])
    assert openmg.run("ppdl", "verify").error == "there is no forecast model tilted: there are gru, linear"


def test_the_projects_own_come_the_same_way() -> None:
    """J1 and are written down as tasks always were."""
    assert MODELS.names() == ["gru", "linear"]
    assert shape_of("linear", model_of("linear")) == ((30, 1), 0, "")
    assert shape_of("gru", model_of("gru")) == ((54, 16, 1), 24, "")


@pytest.mark.parametrize(
    ("attribute", "why"),
    [
        ("Restless", "can't be trained: the same seed gives another state"),
        ("Numb", "can't be trained: its answers have no gradient"),
        ("Broad", r"can't be trained: it answers torch.float32 \(2, 3, 36\) to two clients' three rows"),
        ("Late", "can't be trained: it takes 12 features, not 30 and up to 168 hours"),
        ("Doubled", "can't be trained: its state is float64"),
        ("Failing", "fails: RuntimeError: out of memory"),
        ("none", "fails: AttributeError: 'NoneType' object has no attribute 'inputs'"),
    ],
)
def test_models_that_are_none(add: Add, attribute: str, why: str) -> None:
    """P9 J2 named in one line before anything is trained."""
    add(theirs=attribute)
    with pytest.raises(AddedModelError, match=why) as refused:
        model_of("theirs")
    assert "\n" not in str(refused.value)


def test_a_command_names_what_is_wrong(add: Add, openmg: CommandLine, tmp_path: Path) -> None:
    """P9 J2 and begins no chain."""
    add(theirs="Late", gru="Tilted", narrow="Narrow")
    assert "the model theirs can't be trained" in openmg.run("ppdl", "train", "--model", "theirs").error
    assert "forecast model gru is there more than once" in openmg.run("ppdl", "train", "--model", "gru").error
    assert "16,8 (up to 6), gru or linear or narrow or theirs" in openmg.run("ppdl", "train", "--model", "their").error
    assert not (tmp_path / "models").exists()
    training = openmg.run("ppdl", "train", "--model", "narrow", "--homes", "10", "--rounds", "1")
    assert training.err == "Error: the model narrow fails: AssertionError: three rows\n"


def test_a_task_names_its_model(add: Add) -> None:
    """P7 J1 the name is part of the hash, and read as it is written; other layers are refused."""
    add(tilted="Tilted", other="Tilted")
    layers, window, kind = shape_of("tilted", model_of("tilted"))
    plan = Plan(homes=10, layers=layers, window=window, kind=kind)
    task = plan.task(plan.cohort())
    again = Task.from_bytes(task.to_bytes())
    assert (again.kind, again.hash, again.whole, again.provable) == ("tilted", task.hash, False, False)
    assert dataclasses.replace(task, kind="other").hash != task.hash
    with pytest.raises(TaskError, match="the model tilted takes 36 features"):
        dataclasses.replace(task, window=5)
    with pytest.raises(ExtensionError, match="there is no forecast model gone"):
        dataclasses.replace(task, kind="gone")
