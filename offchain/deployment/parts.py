"""What a platform is made of: the names of its contracts, and what is built into which."""

from __future__ import annotations

from offchain.zk.circuits import CIRCUITS

MICROGRIDS = ("MG1", "MG2")
"""Names of the energy tokens; the exchange of one is `<name>_exchange`."""
BLUEPRINTS = {"exchange_template": "UniswapExchange", "oracle_template": "UniswapOracleExchange"}
POSEIDONS = {"poseidon_t3": "PoseidonT3", "poseidon_t4": "PoseidonT4"}
MONEY_CIRCUITS = ("joinsplit", "consolidate", "trade", "issue", "settle")
"""Those of the pool and of the registry."""
VERIFIERS = {f"{name}_verifier": f"{CIRCUITS[name].title}Verifier" for name in MONEY_CIRCUITS}

REGISTRY_PARTS = (*POSEIDONS, "issue_verifier", "settle_verifier", "factory")
"""What the registry's constructor takes, after its owner."""
POOL_PARTS = (*POSEIDONS, "joinsplit_verifier", "consolidate_verifier", "trade_verifier", "registry", "factory")
"""What the pool's constructor takes."""

PLATFORM = (
    *BLUEPRINTS,
    "factory",
    *POSEIDONS,
    *VERIFIERS,
    "registry",
    "pool",
    *MICROGRIDS,
    *(f"{microgrid}_exchange" for microgrid in MICROGRIDS),
)
"""All contracts of a platform, in the order in which they are deployed."""

ROLES = ("MINTER_ROLE", "BURNER_ROLE")
"""Roles of an energy token that the pool has, and nobody else."""

BRIDGE_PARTS = {
    "joinsplit_verifier": ("JoinsplitVerifier",),
    "plasma_root": ("PlasmaRoot",),
    "plasma_vault": ("PlasmaVault", "plasma_root"),
    "plasma_challenges": ("PlasmaChallenges", "plasma_root", "plasma_vault"),
    "plasma_escape": ("PlasmaEscape", "plasma_root", "plasma_vault", "joinsplit_verifier"),
    "plasma_inclusion": ("PlasmaInclusion", "plasma_root"),
}
"""The plasma chain's contracts on the root chain in the order in which they are deployed, and the first parts of each
one's constructor."""

FORECAST_PARTS = ("poseidon_t5", "inference_verifier", "ppdl_registry", "ppdl_challenges", "inference_market")
"""What a common forecast needs, in the order in which it is deployed."""
