"""What a store takes from whom, by what the registry says: strangers can't fill it."""

from __future__ import annotations

from offchain.ppdl.network.publication import Kind, Publication
from offchain.ppdl.network.registry import Phase, Registry

PHASES = {
    Kind.SHARES: (Phase.OPEN,),
    Kind.UPDATE: (Phase.OPEN,),
    Kind.REVEAL: (Phase.CLOSED, Phase.POSTED),
    Kind.MODEL: (Phase.CLOSED, Phase.POSTED),
    Kind.VOTE: (Phase.FINAL,),
}


class Permission:
    """Permits the task that the genesis names, from anyone; everything else from who is in the round that runs, in the
    phase that it is for. Updates are taken until uploading ends."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._task = registry.genesis().testset_hash

    def __call__(self, publication: Publication) -> bool:
        if publication.kind == Kind.TASK:
            return publication.round == 0 and publication.hash == self._task
        round_ = self._registry.round()
        if publication.round != round_.number or round_.phase not in PHASES[publication.kind]:
            return False
        if publication.kind == Kind.UPDATE:
            rules = self._registry.rules
            until = round_.opened_at + rules.keys_window + rules.seeds_window + rules.upload_window
            if self._registry.node.time() >= until:
                return False
        return round_.index_of(publication.sender) is not None
