"""Money between the root chain and the plasma chain: deposits and exits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from offchain.command import Amount, Command
from offchain.commands.output import answer, columns, json_option, stages
from offchain.commands.plasma_session import chain_options, plasma_node, root_chain, signer, signer_options
from offchain.commands.session import Opening, wallet_option

if TYPE_CHECKING:
    from offchain.assets import Asset, Assets
    from offchain.plasma.root_chain import RootChain


@click.command(cls=Command)
@click.argument("amount", type=Amount())
@click.argument("asset", default="ETH")
@click.option("--to", metavar="ADDRESS", help="Account on the plasma chain.  [default: the same account]")
@signer_options
@chain_options
@json_option
def deposit(
    amount: int,
    asset: str,
    to: str | None,
    name: str,
    key_file: Path | None,
    rpc: str | None,
    root_url: str | None,
    manifests: Path | None,
    as_json: bool,
) -> None:
    """Deposits AMOUNT of ASSET (ETH, or a listed token's address) from the root chain for the plasma chain.

    It arrives there when its block on the root chain is final.

    \b
    openmg plasma deposit 2 ETH
    openmg plasma deposit 100 0x... --to 0x...
    """
    from offchain.assets import checked_address
    from offchain.plasma.events import MessageSent, decode_as
    from offchain.sender import key_sender

    account = signer(name, key_file)
    root = root_chain(root_url, manifests)
    what = _asset(root, asset)
    units = what.base_units(amount)
    recipient = checked_address(to) if to else str(account.address)
    sender = key_sender(root.node.web3, account)
    vault = root.vault.functions
    with stages("depositing"):
        if what.name == "ETH":
            receipt = sender.transact(vault.depositEth(recipient), units)
        else:
            from offchain.artifacts import load

            token = load("Token").at(root.node.web3, what.address).functions
            if token.allowance(sender.address, root.vault.address).call() < units:
                sender.transact(token.approve(root.vault.address, units))
            receipt = sender.transact(vault.depositToken(what.address, recipient, units))
    (log,) = [one for one in receipt["logs"] if bytes(one["topics"][0]) == MessageSent.topic()]
    message = decode_as(MessageSent, log)
    transaction = "0x" + bytes(receipt["transactionHash"]).hex()
    content = {"message": message.id, "recipient": recipient, "amount": str(units), "transaction": transaction}
    answer(as_json, content, f"Deposited {what.shown(units)} for {recipient}, message {message.id}: {transaction}")


@click.command("exit", cls=Command)
@click.argument("amount", type=Amount())
@click.argument("asset", default="ETH")
@click.option("--to", metavar="ADDRESS", help="Account on the root chain.  [default: the same account]")
@signer_options
@chain_options
@json_option
def exit_command(
    amount: int,
    asset: str,
    to: str | None,
    name: str,
    key_file: Path | None,
    rpc: str | None,
    root_url: str | None,
    manifests: Path | None,
    as_json: bool,
) -> None:
    """Burns AMOUNT of ASSET on the plasma chain, to be paid on the root chain; `openmg plasma exits` sees it through.

    \b
    openmg plasma exit 1 ETH
    openmg plasma exit 100 0x... --to 0x...
    """
    from offchain.artifacts import load
    from offchain.assets import checked_address
    from offchain.plasma.events import ExitBurned, decode_as
    from offchain.plasma.messages import BRIDGE
    from offchain.sender import key_sender

    account = signer(name, key_file)
    root, plasma = root_chain(root_url, manifests), plasma_node(rpc)
    what = _asset(root, asset)
    units = what.base_units(amount)
    recipient = checked_address(to) if to else str(account.address)
    sender = key_sender(plasma.web3, account)
    bridge = load("PlasmaBridge").at(plasma.web3, BRIDGE).functions
    with stages("burning"):
        if what.name == "ETH":
            receipt = sender.transact(bridge.exitEth(recipient), units)
        else:
            receipt = sender.transact(bridge.exitToken(what.address, recipient, units))
    (log,) = [one for one in receipt["logs"] if bytes(one["topics"][0]) == ExitBurned.topic()]
    burned = decode_as(ExitBurned, log)
    transaction = "0x" + bytes(receipt["transactionHash"]).hex()
    content = {"exit": burned.id, "recipient": recipient, "amount": str(units), "transaction": transaction}
    answer(as_json, content, f"Exit {burned.id} of {what.shown(units)} to {recipient}: {transaction}")


@click.command(cls=Command)
@click.option("--list", "only_list", is_flag=True, help="Only show how far they are; send nothing.")
@click.option("--of", "recipient", metavar="ADDRESS", help="Whose exits.  [default: the signing account's]")
@signer_options
@chain_options
@json_option
def exits(
    only_list: bool,
    recipient: str | None,
    name: str,
    key_file: Path | None,
    rpc: str | None,
    root_url: str | None,
    manifests: Path | None,
    as_json: bool,
) -> None:
    """Takes the next step of each exit that is due: start, release, pay. Run it again until all are paid.

    \b
    openmg plasma exits
    openmg plasma exits --list --of 0x...
    """
    from offchain.assets import checked_address
    from offchain.plasma.exits import Exits
    from offchain.sender import key_sender

    account = None if only_list and recipient else signer(name, key_file)
    root, plasma = root_chain(root_url, manifests), plasma_node(rpc)
    whose = checked_address(recipient) if recipient else str(account.address) if account else ""
    all_exits = Exits(root, plasma, plasma.chain_id())
    done = []
    if not only_list and account is not None:
        with stages("seeing exits through"):
            done = [
                (state.exit.id, what) for state, what in all_exits.advance(key_sender(root.node.web3, account), whose)
            ]
    assets = _assets(root)
    states = all_exits.of(whose)
    content = [
        {"exit": one.exit.id, "asset": one.exit.asset, "amount": str(one.exit.amount), "stage": one.stage.value}
        for one in states
    ]
    rows = [
        (f"exit {one.exit.id}", assets.at(one.exit.asset).shown(one.exit.amount), one.stage.value) for one in states
    ]
    lines = [f"Exit {number}: {what}." for number, what in done]
    shown = columns(rows) if rows else ["No exits."]
    answer(
        as_json, {"done": [{"exit": number, "step": what} for number, what in done], "exits": content}, *lines, *shown
    )


def _asset(root: RootChain, text: str) -> Asset:
    return _assets(root).parse(text)


def _assets(root: RootChain) -> Assets:
    """ETH, and tokens by their addresses on the root chain."""
    from offchain.assets import Assets
    from offchain.deployment.manifest import Manifest

    return Assets(Manifest(root.domain.chain_id, Path()), root.node)


@click.command(cls=Command)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File.  [default: beside the wallet's]")
@wallet_option
@chain_options
@json_option
def keep(
    out: Path | None, name: str, rpc: str | None, root_url: str | None, manifests: Path | None, as_json: bool
) -> None:
    """Keeps proofs of what is the wallet's after the newest checkpoint.

    With them its money can leave when the chain has ended, whoever is still there. Run it after each larger change.

    \b
    openmg plasma keep
    """
    from offchain.deployment.manifest import Manifest
    from offchain.plasma.escape import StateProofs
    from offchain.plasma.messages import MessageKind
    from offchain.settings import settings
    from offchain.wallet.kept_proofs import KeptProofsError, gather
    from offchain.wallet.wallet import Wallet

    root, plasma = root_chain(root_url, manifests), plasma_node(rpc)
    opening = Opening(name)
    epoch = root.head().epoch
    submission = root.submission(epoch) if epoch else None
    if submission is None:
        raise KeptProofsError("there is no checkpoint yet: try again after the first one")
    chain_id, checkpoint = plasma.chain_id(), submission.checkpoint
    wallet = Wallet(opening.keys, plasma.web3, Manifest.open(chain_id, manifests))
    with stages("reading the chain"):
        wallet.sync()
    platform = (wallet.manifest.address("factory"), wallet.manifest.address("pool"))
    assets = [message.asset for message in root.messages() if message.kind == MessageKind.LIST_TOKEN]
    proofs = StateProofs.of_node(plasma, checkpoint.end, checkpoint.last_state_root)
    kept = gather(wallet, submission, proofs, platform, assets)
    path = out or settings.wallets / f"{name}-escape-{chain_id}.json"
    kept.save(path)
    content = {"epoch": checkpoint.epoch, "file": str(path), "found": list(kept.found)}
    shown = [f"  {one}" for one in kept.found] or ["  nothing: this wallet had nothing there"]
    answer(as_json, content, f"Proofs of what was there after checkpoint {checkpoint.epoch}: {path}", *shown)
