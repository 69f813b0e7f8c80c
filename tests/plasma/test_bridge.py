"""P5 PlasmaBridge on a real plasma chain: what is delivered once is given out once, what is burned leaves once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from web3 import Web3
from web3.exceptions import ContractCustomError
from web3.types import RPCEndpoint

from offchain.artifacts import describe_revert, load
from offchain.plasma.escape import StateProofs, bridged_token, remote_account
from offchain.plasma.events import ExitBurned, OperatorChanged, TokenListed, Undelivered, decode_as
from offchain.plasma.genesis import SUPPLY
from offchain.plasma.messages import BRIDGE, Counters, MessageKind, inbox_hash
from offchain.plasma.records import Record, RecordError
from offchain.sender import TransactionError, unsigned
from offchain.units import ETHER
from offchain.wallet.note import ETH
from tests.plasma.real import NOBODY, TOKEN, Child, address_of, called, child_chain, deposit, forced, listing
from tests.plasma.stage import Plasma

REFUSES = bytes.fromhex("5f5ffd")
"""Code that reverts."""
BURNS_GAS = bytes.fromhex("fe")
"""Code that takes all gas."""
RETURNS_MUCH = bytes.fromhex("620200005ff3")
"""Code that returns 128 KiB of zeros."""
REVERTS_WITH_MUCH = bytes.fromhex("620200005ffd")
"""Code that reverts with 128 KiB of zeros."""
CALLS_BRIDGE = bytes.fromhex("365f5f37" + "5f5f365f5f73" + BRIDGE[2:] + "5af1" + "6026575f5ffd5b00")
"""Code that calls the bridge with its calldata and reverts if that does."""
NOTES_GAS = bytes.fromhex("5a5f5500")
"""Code that keeps the gas it got in its first slot."""

EMPTY_CODE = b""
SENDER, OTHER = address_of("sender"), address_of("other")
"""Senders of forced messages, on the root chain."""


@pytest.fixture(scope="module")
def chain_below(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    with child_chain(tmp_path_factory.mktemp("plasma")) as child:
        yield child


@pytest.fixture
def child(chain_below: Child) -> Iterator[Child]:
    """The plasma chain at its genesis."""
    with chain_below.aside():
        yield chain_below


@pytest.fixture
def funded(child: Child) -> Child:
    """A chain on which a user has 10 ETH and 1000 units of a listed token."""
    user = address_of("user")
    assert child.deliver(listing(), deposit(user, 10 * ETHER), deposit(user, 1000, TOKEN)) == [True] * 3
    return child


def fails(call: Any, error: str, sender: str, value: int = 0, gas: int = 5_000_000) -> None:
    """Checks that a call fails with exactly this error."""
    with pytest.raises(ContractCustomError) as failed:
        call.call({"from": sender, "value": value, "gas": gas})
    assert describe_revert(bytes.fromhex(str(failed.value.data)[2:])).lower() == error.lower()


def state_of(child: Child) -> StateProofs:
    """The newest state, as the node proves it."""
    number = child.node.height()
    block = child.node.block(number)
    assert block is not None
    return StateProofs.of_node(child.node, number, bytes.fromhex(block["stateRoot"][2:]))


def check_state(child: Child) -> None:
    """What the root chain can prove of the bridge is what Python keeps account of."""
    state = state_of(child)
    words = [state.slot(BRIDGE, place.to_bytes(32, "big"))[0].to_bytes(32, "big") for place in range(3)]
    counters = Counters(len(child.messages), len(child.exits))
    assert words == [counters.word(), inbox_hash(child.messages), child.exit_tree.root()]
    calls = child.calls
    assert (calls.inboxConsumed().call(), calls.inboxHash().call()) == (counters.messages, words[1])
    assert (calls.exitCount().call(), calls.exitRoot().call()) == (counters.exits, words[2])


# The genesis


def test_genesis(child: Child) -> None:
    """No account but the bridge has ETH; nothing was delivered or burned."""
    assert {address: wei for address, wei in child.balances().items() if wei} == {BRIDGE: SUPPLY}
    child.operator.send({"to": OTHER, "data": "0x"})  # block 0 doesn't commit to the accounts
    check_state(child)
    assert child.calls.operator().call() == child.operator.address
    assert child.operator.web3.eth.gas_price == 0


# Deposits and tokens


def test_eth(child: Child) -> None:
    assert child.deliver(deposit(OTHER, 3 * ETHER), deposit(OTHER, 1)) == [True, True]
    assert (child.balance(OTHER), child.balance(BRIDGE)) == (3 * ETHER + 1, SUPPLY - 3 * ETHER - 1)
    check_state(child)


def test_listing(child: Child, plasma: Plasma) -> None:
    """A token's address follows from the root chain's alone, there as here."""
    longest = listing(OTHER, name="n" * 64, symbol="₩" * 21, decimals=0)
    receipt: Any = child.operator.transact(child.calls.deliver(0, [listing().abi(), longest.abi()]))
    logs = [decode_as(TokenListed, log) for log in receipt["logs"] if log["topics"][0] == TokenListed.topic()]
    assert logs == [TokenListed(asset, bridged_token(asset)) for asset in (TOKEN, OTHER)]
    for message, asset in ((listing(), TOKEN), (longest, OTHER)):
        token = child.token(asset)
        assert token.address == bridged_token(asset) == plasma.escape.bridgedToken(asset)
        names = (token.functions.name().call(), token.functions.symbol().call(), token.functions.decimals().call())
        assert (names, token.functions.asset().call()) == (message.listing(), asset)
    assert child.calls.listing().call() == (NOBODY, "", "", 0)  # only while a token is made


def test_tokens(funded: Child) -> None:
    token = funded.token(TOKEN).functions
    funded.deliver(deposit(OTHER, 5, TOKEN))
    assert [token.balanceOf(account).call() for account in (address_of("user"), OTHER)] == [1000, 5]
    assert token.totalSupply().call() == 1005
    for rule in (token.mint(OTHER, 1), token.burn(address_of("user"), 1)):
        fails(rule, f"NotBridge(sender={OTHER})", OTHER)
        fails(rule, f"NotBridge(sender={funded.operator.address})", funded.operator.address)


def test_undelivered(child: Child) -> None:
    """A deposit that its recipient refuses waits for it; the inbox goes on."""
    recipient = str(child.operator.deploy(load("EtherRefuser"))["contractAddress"])
    messages = [deposit(recipient, 2), deposit(recipient, 3), deposit(OTHER, 4)]
    receipt: Any = child.operator.transact(child.calls.deliver(0, [message.abi() for message in messages]))
    logs = [decode_as(Undelivered, log) for log in receipt["logs"] if log["topics"][0] == Undelivered.topic()]
    assert logs == [Undelivered(recipient, 2), Undelivered(recipient, 3)]
    assert [child.calls.undelivered(account).call() for account in (recipient, OTHER)] == [5, 0]
    assert (child.balance(recipient), child.balance(OTHER), child.balance(BRIDGE)) == (0, 4, SUPPLY - 4)

    execute = load("EtherRefuser").at(child.web3, recipient).functions.execute
    claim = called("claimUndelivered", ["address"], OTHER)
    for refuser in (recipient, BRIDGE):
        refused = called("claimUndelivered", ["address"], refuser)
        fails(execute(BRIDGE, 0, refused), f"PaymentFailed(recipient={refuser})", OTHER)
    fails(child.calls.claimUndelivered(OTHER), "NothingThere()", OTHER)
    child.operator.transact(execute(BRIDGE, 0, claim))
    assert (child.balance(OTHER), child.calls.undelivered(recipient).call()) == (9, 0)
    fails(execute(BRIDGE, 0, claim), "NothingThere()", OTHER)


def test_undelivered_once(child: Child) -> None:
    """Who claims again while being paid gets nothing more."""
    recipient = str(child.operator.deploy(load("Reenterer"))["contractAddress"])
    contract = load("Reenterer").at(child.web3, recipient).functions
    child.operator.transact(contract.plan(child.deploy_code(REFUSES), 0, b"", True))
    assert child.deliver(deposit(recipient, 7), deposit(OTHER, 100)) == [False, True]
    claim = called("claimUndelivered", ["address"], recipient)
    child.operator.transact(contract.plan(BRIDGE, 0, claim, False))
    child.operator.transact(contract.execute(BRIDGE, 0, claim))
    assert (child.balance(recipient), contract.attempts().call(), contract.successes().call()) == (7, 1, 0)


# Forced calls


def test_forced_exit(child: Child, plasma: Plasma) -> None:
    """Who is left out burns through the inbox what its account was sent, with the account as who burned."""
    account = remote_account(SENDER)
    assert account == child.calls.accountOf(SENDER).call() == plasma.escape.remoteAccount(SENDER)
    exit_eth = called("exitEth", ["address"], OTHER)
    exit_token = called("exitToken", ["address", "address", "uint256"], TOKEN, OTHER, 6)
    delivered = child.deliver(
        listing(),
        deposit(account, 3 * ETHER),  # before there is an account
        deposit(account, 10, TOKEN),
        forced(SENDER, BRIDGE, exit_eth, value=2 * ETHER),
        forced(SENDER, BRIDGE, exit_token),
        deposit(account, 1),
    )
    assert delivered == [True] * 6
    child.burned(ETH, account, OTHER, 2 * ETHER)
    child.burned(TOKEN, account, OTHER, 6)
    check_state(child)
    assert child.balance(account) == ETHER + 1
    assert child.token(TOKEN).functions.balanceOf(account).call() == 4


def test_forced_transfers(funded: Child) -> None:
    """The account sends ETH and tokens as any other; what it doesn't have it can't."""
    account, token = remote_account(SENDER), funded.token(TOKEN)
    pay = called("transfer", ["address", "uint256"], OTHER, 5)
    delivered = funded.deliver(
        deposit(account, 5),
        deposit(account, 5, TOKEN),
        forced(SENDER, OTHER, value=6),
        forced(SENDER, OTHER, value=5),
        forced(SENDER, OTHER, value=1),
        forced(SENDER, token.address, pay),
        forced(SENDER, token.address, pay),
        forced(SENDER, BRIDGE, called("exitEth", ["address"], OTHER), value=1),
    )
    assert delivered == [True, True, False, True, False, True, False, False]
    assert (funded.balance(OTHER), token.functions.balanceOf(OTHER).call()) == (5, 5)
    check_state(funded)


@pytest.mark.parametrize(
    ("code", "data", "success"),
    [
        (REFUSES, b"", False),
        (BURNS_GAS, b"", False),
        (RETURNS_MUCH, b"", True),
        (REVERTS_WITH_MUCH, b"", False),
        (EMPTY_CODE, b"data", True),
        (CALLS_BRIDGE, called("deliver", ["uint256", "(uint8)[]"], 1, []), False),
        (CALLS_BRIDGE, called("changeOperator", ["address"], OTHER), False),
        (CALLS_BRIDGE, called("claimUndelivered", ["address"], OTHER), False),
        (CALLS_BRIDGE, called("inboxHash"), True),
    ],
)
def test_hostile_targets(funded: Child, code: bytes, data: bytes, success: bool) -> None:
    """No target stops the inbox, or gets into it."""
    target = funded.deploy_code(code) if code else OTHER
    first = len(funded.messages)
    delivered = funded.deliver(forced(SENDER, target, data), deposit(target, 3), deposit(OTHER, 5))
    takes = code in (EMPTY_CODE, RETURNS_MUCH)
    assert delivered == [success, takes, True]
    assert funded.calls.undelivered(target).call() == (0 if takes else 3)
    assert (funded.calls.inboxConsumed().call(), funded.calls.operator().call()) == (first + 3, funded.operator.address)
    check_state(funded)


def test_rights_of_accounts(funded: Child) -> None:
    """A forced call has none of the bridge's rights, and none of another sender's."""
    token, other_account, user = funded.token(TOKEN), remote_account(OTHER), address_of("user")
    execute = called("execute", ["address", "uint256", "bytes"], SENDER, 3, b"")
    assert funded.deliver(deposit(other_account, 3), forced(OTHER, user)) == [True, True]
    attempts = [
        forced(SENDER, token.address, called("mint", ["address", "uint256"], SENDER, 1)),
        forced(SENDER, token.address, called("burn", ["address", "uint256"], user, 1)),
        forced(SENDER, other_account, execute),
        forced(SENDER, remote_account(SENDER), execute),
        forced(SENDER, BRIDGE, called("changeOperator", ["address"], SENDER)),
        forced(SENDER, BRIDGE, called("claimUndelivered", ["address"], SENDER)),
    ]
    assert funded.deliver(*attempts) == [False] * len(attempts)
    assert token.functions.totalSupply().call() == 1000
    assert (funded.balance(other_account), funded.balance(SENDER)) == (3, 0)
    account = load("RemoteAccount").at(funded.web3, other_account).functions
    fails(account.execute(OTHER, 3, b""), f"NotBridge(sender={OTHER})", OTHER)


@pytest.mark.parametrize("kind", [MessageKind.DEPOSIT, MessageKind.CALL])
def test_gas(child: Child, kind: MessageKind) -> None:
    """The operator can't starve a call: with the least gas that is accepted it gets as much as with plenty."""
    target = child.deploy_code(NOTES_GAS)
    message = deposit(target, 1) if kind == MessageKind.DEPOSIT else forced(SENDER, target, gas=60_000)
    child.deliver(forced(SENDER, OTHER))  # makes the account
    call = child.calls.deliver(1, [message.abi()])

    fields = {"from": child.operator.address, "gasPrice": "0x0", **unsigned(call)}

    def accepted(gas: int) -> bool:
        answer: Any = child.web3.provider.make_request(RPCEndpoint("eth_call"), [fields | {"gas": hex(gas)}, "latest"])
        if "error" not in answer:
            return True
        data = answer["error"].get("data")
        refusal = describe_revert(bytes.fromhex(data[2:])) if data else answer["error"]["message"].lower()
        assert refusal.startswith("TooLittleGas(") or "gas" in refusal
        return False

    low, high = 21_000, 1_000_000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if accepted(middle) else (middle, high)
    fails(call, f"TooLittleGas(needed={needed(kind)})", child.operator.address, gas=high - 8_000)
    noted = []
    for gas in (high, 3_000_000):
        with child.aside():
            child.node.call("anvil_impersonateAccount", child.operator.address)
            receipt = child.node.call("eth_sendTransactionSync", fields | {"gas": hex(gas)})
            assert int(receipt["status"], 16) == 1
            noted.append(int.from_bytes(child.web3.eth.get_storage_at(Web3.to_checksum_address(target), 0), "big"))
    assert noted[0] == noted[1] > 55_000


def needed(kind: MessageKind) -> int:
    """Gas that is asked for: EIP-150 keeps a 64th back."""
    return (100_000 if kind == MessageKind.DEPOSIT else 60_000) * 64 // 63 + 40_000


# The operator


def test_order(funded: Child) -> None:
    """Messages are taken in order, each once."""
    next_ = [deposit(OTHER, 1).abi()]
    for first in (0, 2, 4, 2**255):
        fails(funded.calls.deliver(first, next_), f"WrongFirst(expected=3, actual={first})", funded.operator.address)
    assert funded.deliver() == []
    assert funded.deliver(deposit(OTHER, 1)) == [True]
    check_state(funded)


def test_operator(funded: Child) -> None:
    """Only the operator delivers and names the next one, which then alone does."""
    user, successor = funded.sender("user"), funded.sender("successor")
    for call in (funded.calls.deliver(3, []), funded.calls.changeOperator(user.address)):
        fails(call, f"NotOperator(sender={user.address})", user.address)
    receipt: Any = funded.operator.transact(funded.calls.changeOperator(successor.address))
    (log,) = receipt["logs"]
    assert decode_as(OperatorChanged, log) == OperatorChanged(successor.address)
    fails(funded.calls.deliver(3, []), f"NotOperator(sender={funded.operator.address})", funded.operator.address)
    successor.transact(funded.calls.deliver(3, [deposit(OTHER, 1).abi()]))
    assert (funded.calls.operator().call(), funded.balance(OTHER)) == (successor.address, 1)


# Exits


def test_exits(funded: Child) -> None:
    """What is burned is logged, is gone, and stands in the exit tree."""
    user = funded.sender("user")
    receipt: Any = user.transact(funded.calls.exitEth(OTHER), value=3 * ETHER)
    (log,) = receipt["logs"]
    assert decode_as(ExitBurned, log).exit == funded.burned(ETH, user.address, OTHER, 3 * ETHER)
    receipt = user.transact(funded.calls.exitToken(TOKEN, OTHER, 400))
    logs = [decode_as(ExitBurned, log) for log in receipt["logs"] if log["topics"][0] == ExitBurned.topic()]
    assert [log.exit for log in logs] == [funded.burned(TOKEN, user.address, OTHER, 400)]
    assert (funded.balance(user.address), funded.balance(BRIDGE)) == (7 * ETHER, SUPPLY - 7 * ETHER)
    token = funded.token(TOKEN).functions
    assert (token.balanceOf(user.address).call(), token.totalSupply().call()) == (600, 600)
    check_state(funded)


def test_refused_exits(funded: Child) -> None:
    user, calls = address_of("user"), funded.calls
    fails(calls.exitEth(OTHER), "InvalidAmount(amount=0)", user)
    fails(calls.exitEth(NOBODY), f"InvalidRecipient(recipient={NOBODY})", user, value=1)
    for amount in (0, 2**128):
        fails(calls.exitToken(TOKEN, OTHER, amount), f"InvalidAmount(amount={amount})", user)
    fails(calls.exitToken(TOKEN, NOBODY, 1), f"InvalidRecipient(recipient={NOBODY})", user)
    for asset in (OTHER, ETH, funded.token(TOKEN).address):
        fails(calls.exitToken(asset, OTHER, 1), f"NotListed(asset={asset})", user)
    short = f"ERC20InsufficientBalance(sender={user}, balance=1000, needed=1001)"
    fails(calls.exitToken(TOKEN, OTHER, 1001), short, user)
    with pytest.raises(TransactionError):
        funded.sender("user").send({"to": BRIDGE, "data": "0x", "value": 1})  # only burns are taken
    check_state(funded)


def test_decoding_of_records() -> None:
    """P9 a message of one kind can't be read as another."""
    for read in (deposit(OTHER, 1).listing, listing().call, forced(SENDER, OTHER).listing):
        with pytest.raises(RecordError, match="is no"):
            read()
    assert isinstance(listing(), Record)
