"""Deploys the platform, and checks what is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click
from web3 import Web3

from offchain import chains
from offchain.command import Amount
from offchain.commands.training_options import PrivateBudget
from offchain.deployment.bridge import BridgeDeployment, BridgeRules
from offchain.deployment.deployment import Step
from offchain.deployment.manifest import DeploymentError, Manifest
from offchain.deployment.market import LOCAL_LIQUIDITY_ETH, LOCAL_LIQUIDITY_TOKENS, check_liquidity
from offchain.deployment.platform import LOCAL_RULES, PlatformDeployment, Rules
from offchain.deployment.verification import verified
from offchain.sender import Sender
from offchain.settings import settings
from scripts._command import Group, account_option, connected, network_option, reached, say_if_started

if TYPE_CHECKING:
    from offchain.ppdl.plan import Private

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(cls=Group, invoke_without_command=True)
@network_option
@account_option
@click.option(
    "--operator",
    metavar="ADDRESS",
    help="Account that registers meters and publishes readings.  [default: the deployer, on local chains]",
)
@click.option("--eth", type=Amount(), help="ETH to put into each exchange.  [default: 10 locally, else 0]")
@click.option("--tokens", type=Amount(), help="kWh to put into each exchange.  [default: 500 locally, else 0]")
@click.option("--redeploy", is_flag=True, help="Put the manifest aside and deploy everything anew.")
@click.pass_context
def cli(
    ctx: click.Context,
    network: str | None,
    account: str | None,
    operator: str | None,
    eth: int | None,
    tokens: int | None,
    redeploy: bool,
) -> None:
    """Deploys the platform: factory, verifiers, registry, pool, and two microgrids with token, exchange, liquidity.

    Without --network: on the local plasma chain, with public development keys, and on the local root chain the bridge
    to it. With --network: the platform on that chain; `ape run deploy bridge` puts the bridge there. Addresses are kept
    in deployments/<chain id>.json; what that file names and the chain has is not deployed again.
    """
    if ctx.invoked_subcommand is not None:
        return
    if operator is not None and (not Web3.is_address(operator) or int(operator, 16) == 0):
        raise click.BadParameter(f"{operator} is no address", param_hint="--operator")
    if network is None:
        check_liquidity(
            LOCAL_LIQUIDITY_ETH if eth is None else eth, LOCAL_LIQUIDITY_TOKENS if tokens is None else tokens
        )
    with connected(network, account) as connections:
        chain, sender = connections[-1]
        local = chain.chain_id in chains.LOCAL_CHAIN_IDS
        if operator is None and not local:
            raise click.UsageError(f"--operator is needed on chain {chain.chain_id}: it registers meters")
        if network is None:
            bridge = bridge_of(*connections[0])
            show(connections[0][0], bridge)
        platform = PlatformDeployment(
            sender,
            Manifest.open(chain.chain_id),
            operator=Web3.to_checksum_address(operator) if operator else sender.address,
            liquidity_eth=eth if eth is not None else LOCAL_LIQUIDITY_ETH * local,
            liquidity_tokens=tokens if tokens is not None else LOCAL_LIQUIDITY_TOKENS * local,
            redeploy=redeploy,
            rules=LOCAL_RULES if local else Rules(),
        )
        show(chain, platform)
        if network is None:
            bridge.name_platform(*map(platform.manifest.address, ("factory", "pool")))
        for chain, _ in connections:
            say_if_started(chain)


@cli.command(name="bridge")
@network_option
@account_option
@click.option("--child-chain-id", type=click.IntRange(1), default=chains.PLASMA.chain_id, show_default=True)
@click.option("--authority", "authorities", multiple=True, metavar="ADDRESS", help="Of the first set; 4 at least.")
@click.option("--bond", type=Amount(), default="32", show_default=True, help="ETH that each has at stake.")
@click.option("--cap", type=Amount(), default="1000", show_default=True, help="Most ETH that leaves in a day.")
def bridge_command(
    network: str | None, account: str | None, child_chain_id: int, authorities: tuple[str, ...], bond: int, cap: int
) -> None:
    """Deploys the bridge to a plasma chain: PlasmaRoot, its vault, challenges, escape and proofs.

    With --authority the deployer pays the bonds and makes them the first set. If the platform of the plasma chain is in
    deployments/<child chain id>.json, its factory and pool are named for escapes.
    """
    if network is None:
        raise click.UsageError("--network is needed: the local bridge comes with `ape run deploy`")
    for authority in authorities:
        if not Web3.is_address(authority) or int(authority, 16) == 0:
            raise click.BadParameter(f"{authority} is no address", param_hint="--authority")
    with connected(network, account) as [(chain, sender)]:
        members = [Web3.to_checksum_address(one) for one in authorities]
        rules = BridgeRules(bond=bond, eth_cap=cap)
        bridge = BridgeDeployment(sender, Manifest.open(chain.chain_id), child_chain_id, members, rules)
        show(chain, bridge)
        platform = Manifest.open(child_chain_id)
        if "pool" in platform.contracts and bridge.name_platform(*map(platform.address, ("factory", "pool"))):
            click.echo(f"  escapes know the platform of chain {child_chain_id}")


@cli.command(name="forecast")
@network_option
@account_option
@click.option("--data", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Volunteers' readings.")
@click.option("--zone", help="Time zone of readings without an offset.")
@click.option("--horizon", type=click.Choice(["next_hour", "day_ahead"]), default="next_hour", show_default=True)
@click.option(
    "--rounds", type=click.IntRange(1, 10_000), default=60, show_default=True, help="Over which learning slows."
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Of the first model.")
@click.option(
    "--private",
    type=PrivateBudget(),
    metavar="EPSILON,DELTA[,LENGTH]",
    help="All who take part do so in private mode, with this budget.",
)
def forecast_command(
    network: str | None,
    account: str | None,
    data: Path | None,
    zone: str | None,
    horizon: Any,
    rounds: int,
    seed: int,
    private: Private | None,
) -> None:
    """Deploys what a common forecast needs: registry of rounds and models, challenges, and the market for answers.

    The volunteers' readings become public: they are the test set by which every model is judged. Without --data they
    are made-up homes.
    """
    from offchain.deployment import forecast
    from offchain.ppdl.network.synced_chain import keep_task
    from offchain.ppdl.plan import volunteers_task

    task = volunteers_task(data, zone, horizon, rounds, seed, private)
    with connected(network, account) as connections:
        chain, sender = connections[-1]
        local = chain.chain_id in chains.LOCAL_CHAIN_IDS
        rules = (
            (forecast.LOCAL_RULES, forecast.LOCAL_MARKET_RULES) if local else (forecast.RULES, forecast.MARKET_RULES)
        )
        keep_task(settings.models, task)
        show(chain, forecast.ForecastDeployment(sender, Manifest.open(chain.chain_id), task, *rules))


def bridge_of(chain: chains.Chain, sender: Sender) -> BridgeDeployment:
    """The local bridge."""
    return BridgeDeployment(sender, Manifest.open(chain.chain_id), chains.PLASMA.chain_id)


class Runs(Protocol):
    """A deployment."""

    manifest: Manifest

    def run(self) -> Iterator[Step]:
        """Deploys, a step at a time."""


def show(chain: chains.Chain, deployment: Runs) -> None:
    """Runs a deployment and tells each step."""
    click.echo(f"{chain.name} chain {chain.chain_id} at {chain.url}")
    for step in deployment.run():
        state = "deployed" if step.deployed else "there already"
        click.echo(f"  {step.name:18} {step.contract:22} {step.address}  {state}")
    click.echo(f"  manifest: {deployment.manifest.path}")


@cli.command(name="verify")
@network_option
def verify_command(network: str | None) -> None:
    """Checks what is on chain against the manifest: code, wiring, roles, policies and keys."""
    if not network and not (chains.find(chains.ROOT) and chains.find(chains.PLASMA)):
        raise DeploymentError("no local chains are running: start both with `make chains`, or name one with --network")
    wrong = 0
    with reached(network) as connections:
        for chain, web3 in connections:
            click.echo(f"{chain.name} chain {chain.chain_id} at {chain.url}")
            for name, address, problem in verified(web3, Manifest.open(chain.chain_id)):
                click.echo(f"  {name:18} {address}  {problem or 'right'}")
                wrong += problem is not None
    if wrong:
        raise DeploymentError(f"{wrong} of the contracts are not as they should be")
