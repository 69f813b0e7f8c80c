"""Wrong input to the commands of the README: one clear line each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conftest import Shell

Refused = Callable[..., str]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["deploy", "verify"], "no local chains are running"),
        (["deploy", "--network", "ethereum:nowhere:node"], "nowhere"),
        (["swap_token_to_token", "--tokens", "many"], "many is not a number"),
    ],
)
def test_wrong_input_gets_one_line(refused: Refused, command: list[str], why: str) -> None:
    """P9: on the command line, one clear line and no traceback; more wrong input is in test_script_errors.py."""
    assert why in refused("ape", "run", *command)


@pytest.mark.parametrize(
    ("setting", "value", "why"),
    [
        ("OPENMG_ROOT_PORT", "abc", "OPENMG_ROOT_PORT=abc: "),
        ("OPENMG_DEPLOYMENTS", "README.md", "manifests can't be kept in"),
    ],
)
def test_a_wrong_setting_gets_one_line(shell: Shell, refused: Refused, setting: str, value: str, why: str) -> None:
    """P9: before anything is deployed."""
    shell.extra[setting] = value
    assert why in refused("ape", "run", "deploy")


def test_a_manifest_that_is_damaged_is_named(shell: Shell, refused: Refused) -> None:
    """P9: the file is told and left as it is."""
    path = shell.folder / "deployments" / "31337.json"
    path.parent.mkdir()
    path.write_text("{")
    assert "31337.json is no manifest" in refused("ape", "run", "deploy")
    assert path.read_text() == "{"
