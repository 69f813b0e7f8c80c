"""What others add to the project: objects of installed packages that they name as entry points, and the project's own.

Source: Python Packaging User Guide, "Entry points specification".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar, cast

from offchain.errors import UserError

Added = TypeVar("Added", bound=Callable[..., Any])


class ExtensionError(UserError):
    """Says in one line why something that was added can't be used."""


@dataclass(frozen=True)
class ExtensionPoint(Generic[Added]):
    """A group of entry points. `kind` is what errors call one; `own` are the project's, `module:attribute` by name."""

    group: str
    kind: str
    own: Mapping[str, str]

    def names(self) -> list[str]:
        """Everything there is, in order."""
        return sorted(self._found())

    def load(self, name: str) -> Added:
        """What stands under a name. Raises ExtensionError if nothing does, two different things do, or it can't be
        loaded."""
        found = self._found().get(name)
        if not found:
            raise ExtensionError(f"there is no {self.kind} {name}: there are {', '.join(self.names())}")
        if len(found) > 1:
            raise ExtensionError(f"{self.kind} {name} is there more than once: {', '.join(sorted(found))}")
        (value,) = found
        try:
            added = EntryPoint(name, value, self.group).load()
        except Exception as error:  # anything may be raised by what others wrote
            raise ExtensionError(f"{self.kind} {name} can't be loaded from {value}: {one_line(error)}") from error
        if not callable(added):
            raise ExtensionError(f"{self.kind} {name} can't be loaded from {value}: it can't be called")
        return cast(Added, added)

    def _found(self) -> dict[str, set[str]]:
        """Where the objects of each name are."""
        found: dict[str, set[str]] = {name: {value} for name, value in self.own.items()}
        for point in entry_points(group=self.group):
            found.setdefault(point.name, set()).add(point.value)
        return found


def one_line(error: Exception) -> str:
    """What went wrong in another's code."""
    return " ".join(f"{type(error).__name__}: {error}".split())
