"""Commands that run for long tell of their health, where OPENMG_HEALTH_PORT says at which port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from offchain.commands.session import listen

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from offchain.health import Check


@contextmanager
def reporting(probes: Mapping[str, Check] | None = None, counters: CollectorRegistry | None = None) -> Iterator[None]:
    """Serves the process's health until the block ends, if that is set. `probes` are checked meanwhile, by the name of
    the part that they tell of; `counters` are further metrics. Raises SessionError if the port is taken."""
    from offchain.settings import settings

    if settings.health_port is None:
        yield
        return
    from offchain.health import health, probing
    from offchain.health_service import service
    from offchain.http_service import serving

    with ExitStack() as stack:
        listening = stack.enter_context(listen(settings.health_host, settings.health_port))
        stack.enter_context(serving(service(health, counters), listening))
        for part, check in (probes or {}).items():
            stack.enter_context(probing(part, check))
        yield
