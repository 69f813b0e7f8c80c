"""`openmg` as a test runs it: in this process, with folders and a port of its own."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from offchain import chains
from offchain.chains import ChainSpec
from offchain.cli import main
from offchain.settings import settings
from offchain.wallet import keystore

QUICK_SCRYPT = 1 << 10
"""For wallets of tests, whose passwords need no slow hash."""


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def content(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        (line,) = self.out.splitlines()
        content: dict[str, Any] = json.loads(line)
        return content

    @property
    def error(self) -> str:
        """The one line of a command that failed, without `Error: `."""
        assert self.status == 1, self.out + self.err
        assert self.out == ""
        (line,) = self.err.splitlines()
        assert line.startswith("Error: ")
        return line.removeprefix("Error: ")


class CommandLine:
    """Runs commands. `password` is what OPENMG_PASSWORD is set to, None: not set."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self.wallets = folder / "wallets"
        self.password: str | None = "correct horse"
        self._patch, self._capture = patch, capture
        patch.setattr(settings, "wallets", self.wallets)
        patch.setattr(settings, "deployments", folder / "deployments")
        patch.setattr(settings, "metering", folder / "metering")
        patch.setattr(settings, "models", folder / "models")
        patch.setattr(settings, "reports", folder / "reports")
        patch.setattr(settings, "database", f"sqlite:///{folder}/history.db")
        patch.setattr(keystore, "SCRYPT_N", QUICK_SCRYPT)
        patch.setattr(keystore.save, "__defaults__", (QUICK_SCRYPT,))
        self.use(chains.ChainSpec("plasma", 950327, 1))
        for name in ("OPENMG_RELAYER", "OPENMG_READINGS", "OPENMG_VIEWING_KEY"):
            patch.delenv(name, raising=False)

    def use(self, spec: ChainSpec) -> None:
        """Takes this chain for the local plasma chain."""
        self._patch.setattr(chains, "PLASMA", spec)

    def run(self, *arguments: str, typed: str = "") -> Ended:
        """Runs a command with `typed` on standard input, which is no terminal."""
        if self.password is None:
            self._patch.delenv("OPENMG_PASSWORD", raising=False)
        else:
            self._patch.setenv("OPENMG_PASSWORD", self.password)
        self._patch.setattr("sys.stdin", io.StringIO(typed))
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = self._capture.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Ended(code, out, err)

    def done(self, *arguments: str, typed: str = "") -> Any:
        """Runs a command that must succeed with `--json`; returns the object."""
        ended = self.run(*arguments, "--json", typed=typed)
        assert ended.status == 0, ended.out + ended.err
        return ended.content

    def files(self) -> dict[str, bytes]:
        """All files of the folder of wallets."""
        found = self.wallets.rglob("*") if self.wallets.exists() else []
        return {str(path.relative_to(self.wallets)): path.read_bytes() for path in found if path.is_file()}
