"""The keys of a wallet: made, restored, shown. The commands that need a chain are added from the modules beside."""

from __future__ import annotations

import click

from offchain.command import Group
from offchain.commands.account import balance, history, meter
from offchain.commands.disclosure import disclose, verify_disclosure
from offchain.commands.operation import send, shield, unshield
from offchain.commands.output import answer, json_option
from offchain.commands.session import Opening, password, typed_secret, wallet_file, wallet_option
from offchain.commands.trade import issue, settle, swap


@click.group(cls=Group)
def wallet() -> None:
    """A private wallet: its seed lies in a file in the folder `wallets`, encrypted with a password.

    The password is asked for, or taken from OPENMG_PASSWORD. What the wallet holds is read from the chain, so the
    words alone bring everything back.
    """


@wallet.command()
@wallet_option
@click.option("--words", type=click.Choice(["12", "24"]), default="24", show_default=True, help="How many words.")
@json_option
def new(name: str, words: str, as_json: bool) -> None:
    """Makes a wallet and shows its words, once.

    \b
    openmg wallet new
    openmg wallet new --wallet savings --words 12
    """
    from offchain.wallet.keys import Seed

    _make(name, Seed.new(int(words)), as_json, show_words=True)


@wallet.command()
@wallet_option
@json_option
def restore(name: str, as_json: bool) -> None:
    """Makes a wallet from its words, which are asked for or read from standard input.

    \b
    openmg wallet restore --wallet savings
    """
    from offchain.wallet.keys import Seed

    _refuse_existing(name)
    _make(name, Seed.from_words(typed_secret("The words")), as_json, show_words=False)


@wallet.command()
@wallet_option
@json_option
def address(name: str, as_json: bool) -> None:
    """Shows what others pay to, and the wallet's public account.

    \b
    openmg wallet address
    """
    keys = Opening(name).keys
    content = {"wallet": name, "address": str(keys.address), "account": keys.account.address}
    answer(
        as_json,
        content,
        f"Address: {keys.address}",
        f"Account: {keys.account.address}  (public: it shields, and pays gas; everybody sees what it does)",
    )


@wallet.command(name="viewing-key")
@wallet_option
@json_option
def viewing_key(name: str, as_json: bool) -> None:
    """Shows the key that reads the wallet's whole history, for good, and can't spend.

    To show less, use `openmg wallet disclose`.

    \b
    openmg wallet viewing-key
    """
    key = Opening(name).keys.viewing.export()
    note = "Whoever has this key sees all that the wallet ever did and will do. It can't be taken back."
    answer(as_json, {"wallet": name, "viewing_key": key}, key, note)


def _make(name: str, seed: object, as_json: bool, *, show_words: bool) -> None:
    from offchain.wallet.keys import Seed
    from offchain.wallet.keystore import save

    assert isinstance(seed, Seed)
    _refuse_existing(name)
    path = wallet_file(name)
    save(seed, path, password(confirm=True))
    keys = seed.keys()
    content = {"wallet": name, "file": str(path), "address": str(keys.address), "account": keys.account.address}
    lines = [f"Wallet {name}: {path}", f"Address: {keys.address}", f"Account: {keys.account.address}"]
    if show_words:
        content["words"] = seed.words
        lines += [
            "",
            seed.words,
            "",
            "These words are the wallet: whoever has them can spend all of it; without them and the file, it is lost.",
            "Write them on paper now. They are not shown again.",
        ]
    answer(as_json, content, *lines)


def _refuse_existing(name: str) -> None:
    from offchain.wallet.keystore import KeyFileError

    path = wallet_file(name)
    if path.exists():
        raise KeyFileError(f"there is a wallet {name} already ({path}): give another name with --wallet")


for command in (
    balance, history, meter, shield, send, unshield, swap, issue, settle, disclose, verify_disclosure
):  # fmt: skip
    wallet.add_command(command)
