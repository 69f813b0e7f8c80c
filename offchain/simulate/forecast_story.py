"""A common forecast on the day's chain: homes train it in secret sums, headers are relayed, answers are sold.

Every home has an account, a bond and files of its own, and takes its steps as its process would; the store is a folder.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from eth_account.signers.local import LocalAccount
from nacl.public import PrivateKey

from offchain.deployment.forecast import LOCAL_MARKET_RULES, ForecastDeployment
from offchain.errors import UserError
from offchain.journal import Journal
from offchain.outbox import Outbox
from offchain.ppdl.cohort import Cohort
from offchain.ppdl.evaluation import MODEL, NAIVE, Evaluation
from offchain.ppdl.forecast_picture import draw
from offchain.ppdl.inference.enrolment import enrol
from offchain.ppdl.inference.integer_model import ANSWER_FRACTION, IntegerModel
from offchain.ppdl.inference.market import ETH, Market, Order
from offchain.ppdl.inference.market import Kind as Worth
from offchain.ppdl.inference.node import InferenceNode
from offchain.ppdl.inference.question import Question
from offchain.ppdl.inference.served import ChainModels
from offchain.ppdl.model_chain.verification import verify
from offchain.ppdl.network.member import Ground
from offchain.ppdl.network.participation import Participation
from offchain.ppdl.network.permission import Permission
from offchain.ppdl.network.publication import Kind, Publication
from offchain.ppdl.network.registry import Registry, Rules
from offchain.ppdl.network.relayer import HeaderRelayer
from offchain.ppdl.network.store import FolderStore
from offchain.ppdl.network.training import HomeTraining
from offchain.ppdl.plan import Plan
from offchain.ppdl.trainer import development_account
from offchain.ppdl.upcoming import Upcoming
from offchain.sender import development_sender, key_sender
from offchain.simulate.bridged_chain import BridgedChain
from offchain.simulate.private_day import PrivateDay
from offchain.units import ETHER, shown

RULES = Rules(60, 60, 120, 120, 120, 30, 30, 300, 20, ETHER // 10, ETHER // 1_000)
"""Windows in seconds of the simulated clock."""

FOUNDER, RELAYER, NODE = 0, 5, 6
"""Development accounts."""

PRICES = {(ETH, Worth.DISPUTABLE): ETHER // 1_000, (ETH, Worth.PROVEN): ETHER // 500}

SKIP = 20
"""Seconds by which the clock is set forward when nobody has anything to do."""

PATIENCE_SECONDS = 300


class ForecastStoryError(UserError):
    """Says in one line what didn't happen."""


@dataclass
class ForecastStory:
    """Goes through it on the chain of a day, in the plan's rounds; `run` yields what it is at, the rest is for the
    report."""

    day: PrivateDay
    ground: BridgedChain
    plan: Plan
    folder: Path
    picture: Path
    lines: list[tuple[str, str]] = field(default_factory=list)
    checks: dict[str, bool] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """How many `run` takes."""
        return 3 + self.plan.rounds

    def run(self) -> Iterator[str]:
        """Goes through it. Raises UserError if something fails."""
        yield "contracts and bonds"
        self._deploy()
        self._join()
        for number in range(1, self.plan.rounds + 1):
            yield f"training, round {number}"
            self._train(number)
        yield "the model chain again"
        self._verify()
        yield "answers for sale"
        self._sell()

    @cached_property
    def cohort(self) -> Cohort:
        """Whose readings there are."""
        return self.plan.cohort()

    @cached_property
    def accounts(self) -> dict[str, LocalAccount]:
        """The participants' keys, by home."""
        return {home: development_account(self.plan.seed, home) for home in self.cohort.members}

    @cached_property
    def registry(self) -> Registry:
        """Once it is deployed."""
        return Registry(self.day.web3, self.day.manifest.address("ppdl_registry"))

    @cached_property
    def market(self) -> Market:
        """Once it is deployed."""
        return Market(self.day.web3, self.day.manifest.address("inference_market"))

    @cached_property
    def store(self) -> FolderStore:
        """The participants' store."""
        return FolderStore(self.folder / "store", self.registry.domain, Permission(self.registry))

    @cached_property
    def homes(self) -> dict[str, Participation]:
        """The participants, by home."""
        task = self.plan.task(self.cohort)
        found = {}
        for home, account in self.accounts.items():
            ground = Ground(self.registry, self.store, key_sender(self.day.web3, account), account, self.folder / home)
            training = HomeTraining(task, self.cohort.readings_of(home), self.cohort.training_hours)
            found[home] = Participation(ground, training, self.plan.rounds)
        return found

    @cached_property
    def relayer(self) -> HeaderRelayer:
        """Who relays headers."""
        sender = development_sender(self.day.web3, RELAYER)
        account = development_account(self.plan.seed, "relayer")
        return HeaderRelayer(Ground(self.registry, self.store, sender, account, self.folder / "relayer"))

    def _deploy(self) -> None:
        amounts: dict[str, int] = {account.address: 2 * RULES.bond for account in self.accounts.values()}
        for index in (RELAYER, NODE):
            amounts[development_sender(self.day.web3, index).address] = ETHER
        self.ground.deposit(amounts)
        founder = development_sender(self.day.web3, FOUNDER)
        task = self.plan.task(self.cohort)
        for _ in ForecastDeployment(founder, self.day.manifest, task, RULES, LOCAL_MARKET_RULES).run():
            pass
        first = next(iter(self.accounts.values()))
        self.store.publish(Publication.signed(self.registry.domain, first, 0, Kind.TASK, task.to_bytes()))

    def _join(self) -> None:
        join = self.registry.contract.functions.join()
        for account in self.accounts.values():
            key_sender(self.day.web3, account).transact(join, RULES.bond)
        count, volunteers = len(self.accounts), self.cohort.volunteers
        stake = f"{shown(RULES.bond)} ETH at stake each"
        self.lines.append(("participants", f"{count} homes, {stake}; {volunteers} more give test data"))

    def _train(self, number: int) -> None:
        """Steps of everybody until the header of a number is on the chain."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.registry.head() < number:
            if time.monotonic() > deadline:
                raise ForecastStoryError(f"header {number} didn't come within {PATIENCE_SECONDS} s")
            if not self._step():
                self.ground.set_time(self.registry.node.time() + SKIP)
        header = [self.registry.genesis(), *self.registry.headers_after(self.registry.genesis())][number]
        losses = f"{header.loss_before / 2**20:.3f} to {header.loss_after / 2**20:.3f}"
        said = "follows" if header.accepted else "refused"
        self.lines.append((f"header {number}", f"loss on the test set from {losses}: {said}"))

    def _step(self) -> list[str]:
        """One step of everybody; what was done. Who is hindered tries again at the next."""
        done = []
        for participation in self.homes.values():
            try:
                done += list(participation.step())
            except UserError:
                continue
        relayed = self.relayer.step(self.registry.round())
        return [*done, relayed] if relayed else done

    def _verify(self) -> None:
        """A participant computes its copy of the chain again, and looks at what the forecast is worth."""
        chain = self.buyer.ground.synced
        head = chain.update().header
        whole = [block.header.number for block in verify(chain.chain)]
        self.checks["the model chain can be computed again from what is public"] = whole == list(
            range(self.plan.rounds + 1)
        )
        self.checks["its newest block is the registry's newest header"] = head.hash == self.registry.header_hash(
            self.plan.rounds
        )
        evaluation = Evaluation.with_data(chain.chain, self.cohort)
        scores = evaluation.scores()
        model, naive = scores[MODEL], scores[NAIVE]
        self.lines.append(("forecast", f"nRMSE {model.nrmse:.3f}; same hour last week {naive.nrmse:.3f}"))
        draw(evaluation, self.picture)

    @property
    def buyer(self) -> Participation:
        """The home that asks for a forecast."""
        return next(iter(self.homes.values()))

    @property
    def models(self) -> ChainModels:
        """Those of the model chain, as that home has it."""
        return ChainModels(self.buyer.ground.folder / "chain")

    def _sell(self) -> None:
        """A node answers a request, and one that only a proof can answer."""
        sender = development_sender(self.day.web3, NODE)
        key, said = PrivateKey.generate(), list[str]()
        for _ in enrol(self.market, sender, key, PRICES):
            pass
        outbox = Outbox(sender, Journal(self.folder / "node.db"))
        models = self.models
        node = InferenceNode(self.market, sender.address, models, outbox, key, PRICES, said.append)
        model = models.model(self.registry.head()).model
        home = self.cohort.readings_of(next(iter(self.accounts)))
        upcoming = Upcoming.of(home, self.plan.task(self.cohort).foreseen_hour)
        for kind in (Worth.DISPUTABLE, Worth.PROVEN):
            self._ask(kind, upcoming, node, model)
        self.ground.set_time(self.registry.node.time() + LOCAL_MARKET_RULES.dispute_window + 1)
        node.look()
        earned = self.market.node.ask(self.market.calls.claimable(ETH, sender.address))
        self.checks["the node was paid for both answers"] = earned == sum(
            PRICES[ETH, kind] for kind in (Worth.DISPUTABLE, Worth.PROVEN)
        )

    def _ask(self, kind: Worth, upcoming: Upcoming, node: InferenceNode, model: IntegerModel) -> None:
        question, price = Question.of(upcoming.features), PRICES[ETH, kind]
        asker = self.buyer.ground.sender
        address = development_sender(self.day.web3, NODE).address
        deadline = self.registry.node.time() + 600
        order = Order(kind, True, 0, deadline, address, ETH, price, question.hash)
        receipt = asker.transact(self.market.ask(order, question.sealed(self.market.encryption_key(address))), price)
        number = self.market.calls.requestCount().call() - 1
        began = time.monotonic()
        node.look()
        answered = self.market.answer_of(number)
        if answered is None:
            raise ForecastStoryError(f"request {number} wasn't answered")
        value = answered.opened(question.salt)
        word = "proven" if kind is Worth.PROVEN else "sold"
        seconds = time.monotonic() - began
        kwh = f"{upcoming.hour:%a %H:00}, {upcoming.kwh(value):.3f} kWh"
        self.lines.append((word, f"{kwh}, for {price / ETHER:g} ETH in {seconds:.1f} s"))
        exact = value == model.answer(question.features) / (1 << ANSWER_FRACTION)
        sent = bytes(self.day.web3.eth.get_transaction(receipt["transactionHash"])["input"])
        hidden = question.to_bytes()[: 2 * len(question.features)] not in sent
        self.checks[f"the {word} answer is the model's, and the chain saw neither features nor answer"] = (
            exact and hidden
        )
