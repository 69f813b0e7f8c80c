"""Every operation of an exchange. The order of the checks is that of our contract, because it decides which error is
told; a refusal as such doesn't depend on it.

Source of the behaviour: Uniswap V1 documentation, "Smart Contract Integration" and "API"; every operation keeps
`eth_reserve * token_reserve` from falling and rounds to the pool's favour.
"""

from __future__ import annotations

import re

from tests.invariant.reference_model.operation import (
    FORCE_ETHER,
    POOLS,
    TOKENS,
    UINT256_MAX,
    ZERO,
    Argument,
    Done,
    Operation,
    Outcome,
    Refusal,
)
from tests.invariant.reference_model.prices import input_rounded_up, output_rounded_down, product
from tests.invariant.reference_model.rules import MIN_FOUNDING_WEI, Rules
from tests.invariant.reference_model.world import World, pool_of, token_of

SWAP = re.compile(r"(ethToToken|tokenToEth|tokenToToken|tokenToExchange)(Swap|Transfer)(Input|Output)")


def perform(world: World, operation: Operation) -> tuple[Outcome, World]:
    """What comes of an operation, and the world after it; the given world stays as it is."""
    after = world.copy()
    try:
        if operation.value:
            after.move_ether(operation.actor, operation.target, operation.value)
        if operation.function == FORCE_ETHER:
            returned: tuple[int, ...] = ()
        elif operation.target in TOKENS:
            returned = _token_call(after, operation)
        else:
            call = Call(after, operation.target, operation.actor, operation.value)
            returned = call.dispatch(operation.function, operation.arguments)
    except Refusal as refusal:
        return refusal.outcome, world
    return Done(returned, tuple(after.events)), after


def _token_call(world: World, operation: Operation) -> tuple[int, ...]:
    token, (other, amount) = world.tokens[operation.target], operation.arguments
    assert isinstance(other, str)
    assert isinstance(amount, int)
    act = {"transfer": token.move, "approve": token.approve}[operation.function]
    world.events.append(act(operation.actor, other, amount))
    return (1,)


class Call:
    """One call of an exchange by `sender` with `value` wei, which the exchange holds already."""

    def __init__(self, world: World, pool: str, sender: str, value: int = 0) -> None:
        self.world = world
        self.pool = pool
        self.sender = sender
        self.value = value
        self.token = world.tokens[token_of(pool)]
        self.liquidity = world.liquidity[pool]

    @property
    def reserves(self) -> tuple[int, int]:
        """ETH without what came with this call, and tokens."""
        ether, tokens = self.world.reserves(self.pool)
        return ether - self.value, tokens

    def dispatch(self, function: str, arguments: tuple[Argument, ...]) -> tuple[int, ...]:
        """Calls a function by its ABI name; returns its words."""
        if not function:
            self.eth_to_token_input(1, self.world.now, self.sender)
            return ()
        if swap := SWAP.fullmatch(function):
            return (self._swap(swap[1], swap[2], swap[3], arguments),)
        return getattr(self, _snake(function))(*arguments)  # type: ignore[no-any-return]

    def _swap(self, way: str, kind: str, exact: str, arguments: tuple[Argument, ...]) -> int:
        """A swap pays its caller, a transfer a recipient; the address of the other token or exchange comes last."""
        plain = list(arguments)
        through = [plain.pop()] if way.startswith("tokenTo") and way != "tokenToEth" else []
        recipient = plain.pop() if kind == "Transfer" else self.sender
        checked = {"ethToToken": (ZERO, self.pool), "tokenToEth": (ZERO, self.pool), "tokenToExchange": (self.pool,)}
        if kind == "Transfer" and recipient in checked.get(way, ()):
            raise Refusal("InvalidRecipient", recipient)
        if way == "tokenToToken":
            through = [pool_of(str(through[0]))]
        way = "tokenToToken" if way == "tokenToExchange" else way
        return int(getattr(self, f"{_snake(way)}_{exact.lower()}")(*plain, recipient, *through))

    # Quotes: the prices of the documentation's four `get...Price` functions.

    def get_eth_to_token_input_price(self, wei: int) -> tuple[int, ...]:
        return (output_rounded_down(_positive(wei), *self.reserves),)

    def get_eth_to_token_output_price(self, tokens: int) -> tuple[int, ...]:
        return (input_rounded_up(_positive(tokens), *self.reserves),)

    def get_token_to_eth_input_price(self, tokens: int) -> tuple[int, ...]:
        return (output_rounded_down(_positive(tokens), *reversed(self.reserves)),)

    def get_token_to_eth_output_price(self, wei: int) -> tuple[int, ...]:
        return (input_rounded_up(_positive(wei), *reversed(self.reserves)),)

    # Swaps.

    def eth_to_token_input(self, min_tokens: int, deadline: int, recipient: str) -> int:
        self._in_time(deadline)
        _positive(self.value, min_tokens)
        bought = output_rounded_down(self.value, *self.reserves)
        _at_least(min_tokens, bought)
        self._pay_tokens(recipient, bought)
        self._log("TokenPurchase", self.sender, self.value, bought)
        return bought

    def eth_to_token_output(self, bought: int, deadline: int, recipient: str) -> int:
        self._in_time(deadline)
        _positive(bought, self.value)
        sold = input_rounded_up(bought, *self.reserves)
        _at_most(self.value, sold)
        if self.value > sold:
            self._pay_ether(self.sender, self.value - sold)
        self._pay_tokens(recipient, bought)
        self._log("TokenPurchase", self.sender, sold, bought)
        return sold

    def token_to_eth_input(self, sold: int, min_wei: int, deadline: int, recipient: str) -> int:
        self._in_time(deadline)
        _positive(sold, min_wei)
        bought = output_rounded_down(sold, *reversed(self.reserves))
        _at_least(min_wei, bought)
        self._pull_tokens(sold)
        self._pay_ether(recipient, bought)
        self._log("EthPurchase", self.sender, sold, bought)
        return bought

    def token_to_eth_output(self, bought: int, max_tokens: int, deadline: int, recipient: str) -> int:
        self._in_time(deadline)
        _positive(bought)
        sold = input_rounded_up(bought, *reversed(self.reserves))
        _at_most(max_tokens, sold)
        self._pull_tokens(sold)
        self._pay_ether(recipient, bought)
        self._log("EthPurchase", self.sender, sold, bought)
        return sold

    def token_to_token_input(
        self, sold: int, min_tokens: int, min_wei: int, deadline: int, recipient: str, exchange: str
    ) -> int:
        self._in_time(deadline)
        _positive(sold, min_tokens, min_wei)
        self._other_exchange(exchange)
        wei = output_rounded_down(sold, *reversed(self.reserves))
        _at_least(min_wei, wei)
        self._pull_tokens(sold)
        (bought,) = self._call(exchange, wei).dispatch("ethToTokenTransferInput", (min_tokens, deadline, recipient))
        self._log("EthPurchase", self.sender, sold, wei)
        return bought

    def token_to_token_output(
        self, bought: int, max_tokens: int, max_wei: int, deadline: int, recipient: str, exchange: str
    ) -> int:
        self._in_time(deadline)
        _positive(bought, max_wei)
        self._other_exchange(exchange)
        (wei,) = self._call(exchange, 0).get_eth_to_token_output_price(bought)
        sold = input_rounded_up(wei, *reversed(self.reserves))
        _at_most(max_tokens, sold)
        _at_most(max_wei, wei)
        self._pull_tokens(sold)
        self._call(exchange, wei).dispatch("ethToTokenTransferOutput", (bought, deadline, recipient))
        self._log("EthPurchase", self.sender, sold, wei)
        return sold

    # Liquidity.

    def add_liquidity(self, min_liquidity: int, max_tokens: int, deadline: int) -> tuple[int, ...]:
        self._in_time(deadline, strictly=True)
        _positive(max_tokens, self.value)
        locked, supply = self.world.rules.locked_liquidity, self.liquidity.supply
        ether, tokens = self.reserves
        if not is_founding(self.world.rules, supply, ether):
            _positive(min_liquidity)
            tokens_in = product(self.value, tokens) // ether + 1
            minted = product(self.value, supply) // ether
            _at_most(max_tokens, tokens_in)
            _at_least(min_liquidity, minted)
        else:  # founding: all ETH the exchange holds becomes liquidity, the founder sets the price
            if self.value < MIN_FOUNDING_WEI:
                raise Refusal("InitialLiquidityTooLow", self.value)
            tokens_in = max_tokens
            minted = ether + self.value - locked
            if locked and not supply:
                self.liquidity.balances[ZERO] += locked
                self._log("Transfer", ZERO, ZERO, locked)
            supply = locked
        if supply + minted > UINT256_MAX:
            raise Refusal("Panic", 0x11)
        self.liquidity.supply = supply + minted
        self.liquidity.balances[self.sender] += minted
        self._pull_tokens(tokens_in)
        self._log("AddLiquidity", self.sender, self.value, tokens_in)
        self._log("Transfer", ZERO, self.sender, minted)
        return (minted,)

    def remove_liquidity(self, amount: int, min_wei: int, min_tokens: int, deadline: int) -> tuple[int, ...]:
        self._in_time(deadline, strictly=True)
        _positive(amount, min_wei, min_tokens)
        supply = self.liquidity.supply
        if supply == 0:
            raise Refusal("NoLiquidity")
        ether, tokens = self.reserves
        wei_out, tokens_out = product(amount, ether) // supply, product(amount, tokens) // supply
        _at_least(min_wei, wei_out)
        _at_least(min_tokens, tokens_out)
        self.liquidity.debit(self.sender, amount)
        self.liquidity.supply -= amount
        self._pay_ether(self.sender, wei_out)
        self._pay_tokens(self.sender, tokens_out)
        self._log("RemoveLiquidity", self.sender, wei_out, tokens_out)
        self._log("Transfer", self.sender, ZERO, amount)
        return wei_out, tokens_out

    # Liquidity as a token.

    def transfer(self, to: str, amount: int) -> tuple[int, ...]:
        self.world.events.append(self.liquidity.move(self.sender, to, amount))
        return (1,)

    def transfer_from(self, owner: str, to: str, amount: int) -> tuple[int, ...]:
        self.liquidity.spend(owner, self.sender, amount, infinite=False)
        self.world.events.append(self.liquidity.move(owner, to, amount))
        return (1,)

    def approve(self, spender: str, amount: int) -> tuple[int, ...]:
        self.world.events.append(self.liquidity.approve(self.sender, spender, amount))
        return (1,)

    # Moving value.

    def _log(self, event: str, *arguments: Argument) -> None:
        self.world.events.append((self.pool, event, *arguments))

    def _pay_tokens(self, to: str, amount: int) -> None:
        self.world.events.append(self.token.move(self.pool, to, amount))

    def _pull_tokens(self, amount: int) -> None:
        self.token.spend(self.sender, self.pool, amount, infinite=True)
        self.world.events.append(self.token.move(self.sender, self.pool, amount))

    def _pay_ether(self, to: str, wei: int) -> None:
        if to in TOKENS or (to in POOLS and not self.world.rules.forwards_gas):
            raise Refusal("EtherRefused", to)
        try:
            self.world.move_ether(self.pool, to, wei)
            if to in POOLS:
                Call(self.world, to, self.pool, wei).dispatch("", ())
        except Refusal:
            raise Refusal("EtherRefused", to) from None

    def _call(self, exchange: str, wei: int) -> Call:
        if exchange not in POOLS:
            raise Refusal(None)
        self.world.move_ether(self.pool, exchange, wei)
        return Call(self.world, exchange, self.pool, wei)

    # Checks.

    def _in_time(self, deadline: int, strictly: bool = False) -> None:
        """A swap may happen at its deadline, a change of liquidity must (`strictly`) happen before."""
        now = self.world.now
        if deadline < now or (strictly and deadline == now):
            raise Refusal("DeadlinePassed", deadline, now)

    def _other_exchange(self, exchange: str) -> None:
        if exchange in (ZERO, self.pool):
            raise Refusal("InvalidExchange", exchange)


def is_founding(rules: Rules, supply: int, ether: int) -> bool:
    """Whether liquidity added now founds the exchange: nobody owns any, and what is locked is worth dust."""
    return supply == 0 or (supply == rules.locked_liquidity and ether < MIN_FOUNDING_WEI)


def _positive(*amounts: int) -> int:
    if 0 in amounts:
        raise Refusal("ZeroAmount")
    return amounts[0]


def _at_least(minimum: int, actual: int) -> None:
    if actual < minimum:
        raise Refusal("BelowMinimum", minimum, actual)


def _at_most(maximum: int, actual: int) -> None:
    if actual > maximum:
        raise Refusal("AboveMaximum", maximum, actual)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda match: "_" + match[1].lower(), name)
