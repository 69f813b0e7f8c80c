"""Poseidon as contracts of their own, compiled apart from the others with the settings that measure cheapest.

Gas of a call's execution, by settings (solc 0.8.37, without the metadata): PoseidonT3 18,945 unoptimised, 29,336 at 200
runs, 18,229 at a million; PoseidonT4 35,451, 77,077, 34,592. Through the IR both are too large to deploy.
"""

from __future__ import annotations

import json
from typing import Any

from solcx import compile_standard

from offchain.environment import PROJECT

CONTRACTS = ("PoseidonT3", "PoseidonT4", "PoseidonT5")
FOLDER = PROJECT / "node_modules" / "poseidon-solidity"
SETTINGS: dict[str, Any] = {
    "optimizer": {"enabled": True, "runs": 1_000_000},
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},
    "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]}},
}


def compile_poseidon() -> dict[str, dict[str, Any]]:
    """All contracts by name, in the shape of Ape's build file. Raises solcx.exceptions.SolcError."""
    version = json.loads((PROJECT / "package.json").read_text())["devDependencies"]["solc"]
    sources = {f"{name}.sol": {"content": (FOLDER / f"{name}.sol").read_text()} for name in CONTRACTS}
    request = {"language": "Solidity", "sources": sources, "settings": SETTINGS}
    compiled = compile_standard(request, solc_version=version)["contracts"]
    return {
        name: {
            "abi": compiled[f"{name}.sol"][name]["abi"],
            "deploymentBytecode": {"bytecode": "0x" + compiled[f"{name}.sol"][name]["evm"]["bytecode"]["object"]},
            "runtimeBytecode": {"bytecode": "0x" + compiled[f"{name}.sol"][name]["evm"]["deployedBytecode"]["object"]},
            "sourceId": f"node_modules/poseidon-solidity/{name}.sol",
        }
        for name in CONTRACTS
    }
