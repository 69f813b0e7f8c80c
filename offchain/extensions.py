"""What others add to the project: objects of installed packages that they name as entry points, and the project's own.

Source: Python Packaging User Guide, "Entry points specification".
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
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
    own: dict[str, str]

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
        with told(f"{self.kind} {name} can't be loaded from {value}", ExtensionError):
            added = EntryPoint(name, value, self.group).load()
        if not callable(added):
            raise ExtensionError(f"{self.kind} {name} can't be loaded from {value}: it can't be called")
        return cast(Added, added)

    def _found(self) -> dict[str, set[str]]:
        """Where the objects of each name are."""
        found: dict[str, set[str]] = {name: {value} for name, value in self.own.items()}
        for name, value in _installed(self.group, tuple(sys.path)):
            found.setdefault(name, set()).add(value)
        return found


@contextmanager
def told(what: str, kind: type[UserError]) -> Iterator[None]:
    """Turns whatever goes wrong in another's code into an error of a kind, in one line; a UserError is one already."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise kind(f"{what}: {' '.join(f'{type(error).__name__}: {error}'.split())}") from error


@cache
def _installed(group: str, path: tuple[str, ...]) -> list[tuple[str, str]]:
    """Names and places in the packages on a path; to look takes 12 ms."""
    return [(point.name, point.value) for point in entry_points(group=group)]
