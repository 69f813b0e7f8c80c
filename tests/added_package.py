"""A package of somebody else's, as an installer would leave it: a module, and its entry points beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from offchain.environment import PROJECT


def added_package(
    folder: Path, patch: pytest.MonkeyPatch, module: str, source: str, points: Mapping[str, Mapping[str, str]]
) -> None:
    """Puts it on the path for a test; `points` are attributes of the module by group and name."""
    place = folder / module
    info = place / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (place / f"{module}.py").write_text(dedent(source))
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    lines = []
    for group, named in points.items():
        lines += [f"[{group}]", *(f"{name} = {module}:{attribute}" for name, attribute in named.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    patch.syspath_prepend(str(place))


def documented(beginning: str) -> str:
    """The block of docs/reference/extension-points.md that begins so."""
    page = (PROJECT / "docs" / "reference" / "extension-points.md").read_text()
    (block,) = re.findall(rf"^    {re.escape(beginning)}.*\n(?:    .*\n|\n(?=    ))*", page, re.MULTILINE)
    return dedent(block)
