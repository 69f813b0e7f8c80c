"""Everything that two exchanges, their tokens and their traders own."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.invariant.reference_model.operation import (
    ACTORS,
    POOLS,
    STRANGER,
    TOKENS,
    UINT256_MAX,
    ZERO,
    Event,
    Refusal,
)
from tests.invariant.reference_model.rules import Rules

HOLDERS = (*ACTORS, *POOLS, STRANGER)
"""Who can hold ETH and tokens."""
OWNERS = (*HOLDERS, ZERO)
"""Who can hold liquidity."""

View = dict[tuple[str, ...], int]
"""All numbers of a world by their names, e.g. `("pool0", "balanceOf", "ann")`."""


@dataclass
class Ledger:
    """An ERC-20 token, or the liquidity of an exchange (which is one too). Amounts in base units."""

    name: str
    balances: dict[str, int]
    allowances: dict[tuple[str, str], int]
    supply: int

    def copy(self) -> Ledger:
        return Ledger(self.name, self.balances.copy(), self.allowances.copy(), self.supply)

    def debit(self, owner: str, amount: int) -> None:
        if self.balances[owner] < amount:
            raise Refusal("ERC20InsufficientBalance", owner, self.balances[owner], amount)
        self.balances[owner] -= amount

    def move(self, owner: str, to: str, amount: int) -> Event:
        self.debit(owner, amount)
        self.balances[to] += amount
        return (self.name, "Transfer", owner, to, amount)

    def spend(self, owner: str, spender: str, amount: int, infinite: bool) -> None:
        """Takes from an allowance; if `infinite`, the greatest one never shrinks (OpenZeppelin's ERC-20)."""
        allowed = self.allowances.get((owner, spender), 0)
        if infinite and allowed == UINT256_MAX:
            return
        if allowed < amount:
            raise Refusal("ERC20InsufficientAllowance", spender, allowed, amount)
        self.allowances[owner, spender] = allowed - amount

    def approve(self, owner: str, spender: str, amount: int) -> Event:
        self.allowances[owner, spender] = amount
        return (self.name, "Approval", owner, spender, amount)


@dataclass
class World:
    """Exchange `pool0` trades `token0`, `pool1` trades `token1`. ETH in wei, `now` in Unix seconds."""

    rules: Rules
    now: int
    ether: dict[str, int]
    tokens: dict[str, Ledger]
    liquidity: dict[str, Ledger]
    events: list[Event] = field(default_factory=list)

    @classmethod
    def new(cls, rules: Rules, now: int, wei_each: int, tokens_each: int) -> World:
        """Traders with ETH, tokens and unlimited allowances for the exchanges; nobody has founded an exchange yet."""
        held = dict.fromkeys(HOLDERS, 0) | dict.fromkeys(ACTORS, tokens_each)
        tokens = {
            token: Ledger(token, held.copy(), {(actor, pool): UINT256_MAX for actor in ACTORS}, 3 * tokens_each)
            for token, pool in zip(TOKENS, POOLS, strict=True)
        }
        liquidity = {pool: Ledger(pool, dict.fromkeys(OWNERS, 0), {}, 0) for pool in POOLS}
        return cls(rules, now, dict.fromkeys(HOLDERS, 0) | dict.fromkeys(ACTORS, wei_each), tokens, liquidity)

    def copy(self) -> World:
        """An independent copy, without events."""
        tokens = {name: ledger.copy() for name, ledger in self.tokens.items()}
        liquidity = {name: ledger.copy() for name, ledger in self.liquidity.items()}
        return World(self.rules, self.now, self.ether.copy(), tokens, liquidity)

    def reserves(self, pool: str) -> tuple[int, int]:
        """ETH and tokens that an exchange holds: its reserves are its balances."""
        return self.ether[pool], self.tokens[token_of(pool)].balances[pool]

    def move_ether(self, sender: str, to: str, wei: int) -> None:
        assert self.ether[sender] >= wei, "nobody can send more ETH than there is"
        self.ether[sender] -= wei
        self.ether[to] += wei

    def view(self) -> View:
        """All numbers of this world."""
        numbers: View = {("ether", holder): wei for holder, wei in self.ether.items()}
        for name, ledger in self.tokens.items():
            numbers |= {(name, "balanceOf", holder): ledger.balances[holder] for holder in HOLDERS}
            pool = POOLS[TOKENS.index(name)]
            numbers |= {(name, "allowance", actor, pool): ledger.allowances[actor, pool] for actor in ACTORS}
        for name, ledger in self.liquidity.items():
            numbers[name, "totalSupply"] = ledger.supply
            numbers |= {(name, "balanceOf", owner): ledger.balances[owner] for owner in OWNERS}
            for owner in ACTORS:
                for spender in ACTORS:
                    numbers[name, "allowance", owner, spender] = ledger.allowances.get((owner, spender), 0)
        return numbers


def token_of(pool: str) -> str:
    """The token an exchange trades."""
    return TOKENS[POOLS.index(pool)]


def pool_of(token: str) -> str:
    """The exchange of a token, `zero` if there is none."""
    return POOLS[TOKENS.index(token)] if token in TOKENS else ZERO
