"""Deploys the platform, and checks what is deployed."""

from __future__ import annotations

import click
from web3 import Web3

from offchain import chains
from offchain.command import Amount
from offchain.deployment.manifest import DeploymentError, Manifest
from offchain.deployment.market import LOCAL_LIQUIDITY_ETH, LOCAL_LIQUIDITY_TOKENS
from offchain.deployment.platform import LOCAL_RULES, PlatformDeployment, Rules
from offchain.deployment.verification import Verification
from scripts._command import Group, account_option, connected, network_option, reached, say_if_started


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

    Without --network: on both local chains, with public development keys. Addresses are kept in
    deployments/<chain id>.json; what that file names and the chain has is not deployed again.
    """
    if ctx.invoked_subcommand is not None:
        return
    if operator is not None and (not Web3.is_address(operator) or int(operator, 16) == 0):
        raise click.BadParameter(f"{operator} is no address", param_hint="--operator")
    with connected(network, account, chains.ROOT, chains.PLASMA) as connections:
        for chain, sender in connections:
            local = chain.chain_id in chains.LOCAL_CHAIN_IDS
            if operator is None and not local:
                raise click.UsageError(f"--operator is needed on chain {chain.chain_id}: it registers meters")
            click.echo(f"{chain.name} chain {chain.chain_id} at {chain.url}")
            deployment = PlatformDeployment(
                sender,
                Manifest.open(chain.chain_id),
                operator=Web3.to_checksum_address(operator) if operator else sender.address,
                liquidity_eth=eth if eth is not None else LOCAL_LIQUIDITY_ETH * local,
                liquidity_tokens=tokens if tokens is not None else LOCAL_LIQUIDITY_TOKENS * local,
                redeploy=redeploy,
                rules=LOCAL_RULES if local else Rules(),
            )
            for step in deployment.run():
                state = "deployed" if step.deployed else "there already"
                click.echo(f"  {step.name:18} {step.contract:22} {step.address}  {state}")
            click.echo(f"  manifest: {deployment.manifest.path}")
        for chain, _ in connections:
            say_if_started(chain)


@cli.command(name="verify")
@network_option
def verify_command(network: str | None) -> None:
    """Checks what is on chain against the manifest: code, wiring, roles, policies and keys."""
    specs = [] if network else [spec for spec in (chains.ROOT, chains.PLASMA) if chains.find(spec)]
    if not network and not specs:
        raise DeploymentError("no local chain is running: start both with `make chains`, or name one with --network")
    wrong = 0
    with reached(network, *specs) as connections:
        for chain, web3 in connections:
            click.echo(f"{chain.name} chain {chain.chain_id} at {chain.url}")
            for name, address, problem in Verification(web3, Manifest.open(chain.chain_id)).run():
                click.echo(f"  {name:18} {address}  {problem or 'right'}")
                wrong += problem is not None
    if wrong:
        raise DeploymentError(f"{wrong} of the contracts are not as they should be")
