"""Deploys a season's platform: as any other, of as many microgrids as the season has, with verifiers that take every
proof. Never on a chain that others use."""

from __future__ import annotations

from dataclasses import dataclass

from offchain.chains import LOCAL_CHAIN_IDS
from offchain.deployment.manifest import DeploymentError
from offchain.deployment.parts import VERIFIERS
from offchain.deployment.platform import PlatformDeployment

MOCK_VERIFIERS = dict.fromkeys(VERIFIERS, "YesVerifier")


@dataclass
class MockProofDeployment(PlatformDeployment):
    """The whole platform, with `MOCK_VERIFIERS`: whoever asks gets what they ask for."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.verifiers = MOCK_VERIFIERS

    def _check_keys(self) -> None:
        """There are none. Raises DeploymentError elsewhere than on a local chain."""
        if self.manifest.chain_id not in LOCAL_CHAIN_IDS:
            raise DeploymentError("verifiers that take every proof are for the simulator's own chain")
