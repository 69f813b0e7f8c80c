"""Into the pool, to somebody within it, and out again."""

from __future__ import annotations

import click

from offchain.command import Amount, Command
from offchain.commands.output import answer, json_option, stages
from offchain.commands.session import (
    Opening,
    network,
    own_sender,
    payer_options,
    receiver,
    rpc_option,
    submitter_of,
    wallet_option,
)


@click.command(cls=Command)
@click.argument("amount", type=Amount())
@click.argument("asset")
@click.option("--to", "receiver_text", metavar="ADDRESS", help="Whose note it becomes.  [default: this wallet's]")
@wallet_option
@rpc_option
@json_option
def shield(amount: int, asset: str, receiver_text: str | None, name: str, rpc: str | None, as_json: bool) -> None:
    """Brings an amount of an asset from the wallet's public account into the pool.

    Account, asset and amount are public; what is done with it afterwards isn't. ASSET is ETH, MG1, MG2 or a token's
    address.

    \b
    openmg wallet shield 2 ETH
    openmg wallet shield 15 MG1 --to openmg1...
    """
    to = receiver(receiver_text) if receiver_text else None
    opening = Opening(name)
    chain = network(rpc)
    chosen = chain.assets.parse(asset)
    units = chosen.base_units(amount)
    wallet = opening.wallet(chain)
    with stages("waiting for the chain"):
        transaction = wallet.shield(units, chosen.address, own_sender(wallet), to)
    content = {"transaction": transaction, "operation": "shield", "asset": chosen.name, "amount": str(units)}
    answer(as_json, content, f"Shielded {chosen.shown(units)}: {transaction}")


@click.command(cls=Command)
@click.argument("amount", type=Amount())
@click.argument("asset")
@click.argument("address")
@payer_options
@wallet_option
@rpc_option
@json_option
def send(
    amount: int,
    asset: str,
    address: str,
    relayer: str | None,
    own_account: bool,
    name: str,
    rpc: str | None,
    as_json: bool,
) -> None:
    """Pays an amount of an asset to an address of the pool (openmg1...).

    Nobody but the receiver sees what and how much, and nobody sees from whom. The chain shows the account that sends
    the transaction: with a relayer it is not yours.

    \b
    openmg wallet send 0.5 ETH openmg1...
    openmg wallet send 3 MG1 openmg1... --relayer http://relayer.example:8650
    """
    opening = Opening(name, "joinsplit")
    to = receiver(address)
    chain = network(rpc)
    chosen = chain.assets.parse(asset)
    units = chosen.base_units(amount)
    wallet = opening.wallet(chain)
    with stages("reading the chain") as stage:
        wallet.sync()
        transaction = wallet.send(to, units, chosen.address, submitter_of(wallet, relayer, own_account, stage), stage)
    content = {"transaction": transaction, "operation": "transfer", "asset": chosen.name, "amount": str(units)}
    answer(as_json, {**content, "to": str(to)}, f"Sent {chosen.shown(units)}: {transaction}")


@click.command(cls=Command)
@click.argument("amount", type=Amount())
@click.argument("asset")
@click.argument("account")
@payer_options
@wallet_option
@rpc_option
@json_option
def unshield(
    amount: int,
    asset: str,
    account: str,
    relayer: str | None,
    own_account: bool,
    name: str,
    rpc: str | None,
    as_json: bool,
) -> None:
    """Pays an amount of an asset out to a public account (0x...).

    Recipient, asset and amount are public; whose they were isn't.

    \b
    openmg wallet unshield 1 ETH 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
    """
    from offchain.assets import checked_address

    to = checked_address(account)
    opening = Opening(name, "joinsplit")
    chain = network(rpc)
    chosen = chain.assets.parse(asset)
    units = chosen.base_units(amount)
    wallet = opening.wallet(chain)
    with stages("reading the chain") as stage:
        wallet.sync()
        submitter = submitter_of(wallet, relayer, own_account, stage)
        transaction = wallet.unshield(to, units, chosen.address, submitter, stage)
    content = {"transaction": transaction, "operation": "unshield", "asset": chosen.name, "amount": str(units)}
    answer(as_json, {**content, "to": to}, f"Paid {chosen.shown(units)} to {to}: {transaction}")
