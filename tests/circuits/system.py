"""A compiled circuit's constraints A * B = C, and what they leave open.

The plan of a system shows in which order the constraints give all other wires from the inputs, whatever the inputs are.
Two rules are enough: a wire that is alone in C, A and B being known; and bits, each bound to 0 or 1, whose sum with
different powers of two is known. Where the compiler has put sums of many wires in the place of one, Gauss's elimination
comes first. If the plan leaves no wire out, then for given inputs one assignment at most satisfies the constraints, and
a wrong statement is refuted for every prover by computing that one and finding a constraint that it violates.
"""

from __future__ import annotations

import struct
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import mul
from pathlib import Path
from typing import Any

from offchain.zk.field import ELEMENT_BYTES, MODULUS
from offchain.zk.sections import SectionedFile

ONE = 0
"""The wire that is always 1."""
SUM_BITS = 253
"""Sums of so many bits and powers of two stay below the modulus."""
LOGARITHMS = {pow(2, exponent, MODULUS): exponent for exponent in range(-SUM_BITS, SUM_BITS)}

Values = list[int]
Form = dict[int, int]
"""A linear form: coefficients by wire."""


class Violated(Exception):
    """No assignment with these inputs satisfies the constraints; tells the first that is violated."""

    def __init__(self, constraint: int) -> None:
        super().__init__(f"constraint {constraint} is violated")
        self.constraint = constraint


@dataclass(frozen=True)
class Constraint:
    """A * B = C."""

    number: int
    a: Form
    b: Form
    c: Form

    @property
    def wires(self) -> set[int]:
        return (self.a.keys() | self.b.keys() | self.c.keys()) - {ONE}

    @property
    def factors(self) -> set[int]:
        return (self.a.keys() | self.b.keys()) - {ONE}

    @property
    def either(self) -> Form | None:
        """The form that this constraint binds to 0 or 1, if it says so: a form times itself less a constant is 0."""
        if self.c or not self.factors or self.a.keys() - {ONE} != self.b.keys() - {ONE}:
            return None
        wire = next(iter(self.factors))
        scale = self.a[wire] * pow(self.b[wire], -1, MODULUS) % MODULUS
        if any(self.a[wire] != self.b[wire] * scale % MODULUS for wire in self.factors):
            return None
        apart = (self.a.get(ONE, 0) - self.b.get(ONE, 0) * scale) % MODULUS
        return _scaled(self.a, pow(apart, -1, MODULUS)) if apart else None


Step = Callable[[Values], None]


class System:
    """The constraints of a circuit. Wires: 1, outputs, public inputs, private inputs, all others."""

    def __init__(self, path: Path) -> None:
        self.path = path
        file = SectionedFile.open(path, b"r1cs")
        header = file.read(1)
        assert header.number(header.number()) == MODULUS
        self.wires = header.number()
        self.outputs, self.public_inputs, private_inputs = (header.number() for _ in range(3))
        header.number(8)
        self.constraints = list(_constraints(file.read(2).content, header.number()))
        signals = struct.unpack(f"<{self.wires}Q", file.read(3).content)
        self.last_input = self.outputs + self.public_inputs + private_inputs
        self.inputs = {wire for wire, signal in enumerate(signals) if self.outputs < signal <= self.last_input}
        """The wires of inputs. One that others determine may have none: the compiler put the sum in its place."""

    @cached_property
    def symbols(self) -> list[tuple[int, int, str]]:
        """Number, wire (-1: none) and name of every signal."""
        lines = [line.split(",") for line in self.path.with_suffix(".sym").read_text().splitlines()]
        return [(int(signal), int(wire), name.removeprefix("main.")) for signal, wire, _, name in lines]

    @cached_property
    def names(self) -> dict[int, str]:
        """The wires' names; where several signals share one, the first."""
        return {wire: name for _, wire, name in reversed(self.symbols)}

    @cached_property
    def input_names(self) -> set[str]:
        """The names of all inputs."""
        return {name for signal, _, name in self.symbols if self.outputs < signal <= self.last_input}

    @cached_property
    def plan(self) -> Plan:
        """How the wires follow from the inputs."""
        return Plan(self)

    @cached_property
    def undetermined(self) -> list[str]:
        """The wires that the inputs don't determine, as far as the plan can tell."""
        return [self.names[wire] for wire in range(1, self.wires) if wire not in self.plan.known]

    @property
    def unbound(self) -> list[str]:
        """The public signals that stand in no constraint."""
        used = {wire for constraint in self.constraints for wire in constraint.wires}
        return [self.names[wire] for wire in range(1, 1 + self.outputs + self.public_inputs) if wire not in used]

    def assignment(self, inputs: Mapping[str, Any]) -> Values:
        """The assignment that follows from inputs by name. Raises Violated if there is none."""
        assert not self.undetermined, "the inputs don't determine everything"
        values = [1] + [0] * (self.plan.width - 1)
        given = dict(named(inputs))
        assert given.keys() == self.input_names
        for wire in self.inputs:
            values[wire] = given[self.names[wire]] % MODULUS
        for step in self.plan.steps:
            step(values)
        return values[: self.wires]

    def violated(self, values: Values) -> int | None:
        """The first constraint that an assignment violates."""
        for constraint in self.constraints:
            a, b, c = (_value(form, values) for form in (constraint.a, constraint.b, constraint.c))
            if (a * b - c) % MODULUS:
                return constraint.number
        return None

    def named_outputs(self, values: Values) -> dict[str, int]:
        """The outputs of an assignment by name."""
        return {self.names[wire]: values[wire] for wire in range(1, 1 + self.outputs)}


class Plan:
    """The steps that compute all wires from the inputs, each constraint used or checked as early as possible."""

    def __init__(self, system: System) -> None:
        self.steps: list[Step] = []
        self.known = {ONE, *system.inputs}
        self.width = system.wires
        """Wires and, after them, the sums that steps keep."""
        self._constraints = [
            Constraint(constraint.number, dict(constraint.a), dict(constraint.b), dict(constraint.c))
            for constraint in system.constraints
        ]
        self._bits = {
            wire
            for constraint in self._constraints
            if (form := constraint.either) and len(wires := form.keys() - {ONE}) == 1
            for wire in wires
            if (form[wire], form.get(ONE, 0)) in ((1, 0), (MODULUS - 1, 1))
        }
        self._users = defaultdict[int, set[int]](set)
        for constraint in self._constraints:
            for wire in constraint.wires - self.known:
                self._users[wire].add(constraint.number)
        self._open = set(range(len(self._constraints)))
        self._equations: set[int] = set()  # those whose product is known, but more than one wire of the sum is not
        self._resolved: set[int] = set()  # what the wires are that others were put in the place of
        self._queue = deque(self._open)
        self._follow()
        while self._equations:
            self._eliminate(min(self._equations, key=lambda number: len(self._unknown(number))))
            self._follow()

    def _unknown(self, number: int) -> set[int]:
        return self._constraints[number].wires - self.known

    def _follow(self) -> None:
        while self._queue:
            number = self._queue.popleft()
            if number in self._open:
                self._visit(self._constraints[number])

    def _visit(self, constraint: Constraint) -> None:
        number = constraint.number
        unknown = constraint.wires - self.known
        linear = constraint.factors <= self.known
        if not unknown:
            self._add(_check(constraint), number, unknown)
        elif linear and len(unknown) == 1:
            self._add(_solve(constraint, *unknown), number, unknown)
        elif unknown <= self._bits and (step := _decompose(constraint, unknown, linear)):
            self._add(step, number, unknown)
        elif linear and number not in self._resolved:
            self._equations.add(number)

    def _add(self, step: Step, number: int, found: set[int]) -> None:
        self.steps.append(step)
        self._open.discard(number)
        self._equations.discard(number)
        self.known |= found
        for wire in found:
            self._queue.extend(self._users[wire])

    def _eliminate(self, number: int) -> None:
        """Keeps an equation's known part, and puts the other wires in the place of one of them."""
        constraint = self._constraints[number]
        total = self.width
        self.width += 1
        wires = constraint.c.keys() - self.known
        wire = min(wires, key=lambda wire: len(self._users[wire]))
        self._add(_keep(constraint, wires, total), number, {total})
        scale = pow(constraint.c[wire], -1, MODULUS)
        stands = {total: scale} | {other: -constraint.c[other] * scale % MODULUS for other in wires - {wire}}
        for user in self._users.pop(wire) & self._open:
            for form in (self._constraints[user].a, self._constraints[user].b, self._constraints[user].c):
                if factor := form.pop(wire, 0):
                    for other, coefficient in stands.items():
                        form[other] = (form.get(other, 0) + coefficient * factor) % MODULUS
                        if not form[other]:
                            del form[other]
            for other in wires - {wire}:
                self._users[other].add(user)
            self._queue.append(user)
        resolved = len(self._constraints)
        self._constraints.append(Constraint(resolved, {}, {}, {wire: MODULUS - 1} | stands))
        self._open.add(resolved)
        self._resolved.add(resolved)
        for other in wires - {wire}:
            self._users[other].add(resolved)
        self._queue.append(resolved)


def named(inputs: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Inputs by the names of their wires: `x`, `x[0]`, `x[0][1]`."""
    for name, value in inputs.items():
        if isinstance(value, int):
            yield name, value
        else:
            yield from named({f"{name}[{place}]": part for place, part in enumerate(value)})


def _constraints(content: bytes, count: int) -> Iterator[Constraint]:
    place = 0

    def form() -> Form:
        nonlocal place
        (terms,) = struct.unpack_from("<I", content, place)
        place += 4
        found = {}
        for _ in range(terms):
            (wire,) = struct.unpack_from("<I", content, place)
            found[wire] = int.from_bytes(content[place + 4 : place + 4 + ELEMENT_BYTES], "little")
            place += 4 + ELEMENT_BYTES
        return found

    for number in range(count):
        yield Constraint(number, form(), form(), form())


def _scaled(form: Form, factor: int) -> Form:
    return {wire: coefficient * factor % MODULUS for wire, coefficient in form.items()}


def _value(form: Form, values: Values) -> int:
    return sum(map(mul, form.values(), map(values.__getitem__, form)))


def _check(constraint: Constraint) -> Step:
    def step(values: Values) -> None:
        product = _value(constraint.a, values) * _value(constraint.b, values)
        if (product - _value(constraint.c, values)) % MODULUS:
            raise Violated(constraint.number)

    return step


def _solve(constraint: Constraint, wire: int) -> Step:
    """Gives the wire of C that is left."""
    rest = {other: coefficient for other, coefficient in constraint.c.items() if other != wire}
    inverse = pow(constraint.c[wire], -1, MODULUS)

    def step(values: Values) -> None:
        product = _value(constraint.a, values) * _value(constraint.b, values)
        values[wire] = (product - _value(rest, values)) * inverse % MODULUS

    return step


def _keep(constraint: Constraint, wires: set[int], place: int) -> Step:
    """Keeps what the part of C in those wires is."""
    rest = {wire: coefficient for wire, coefficient in constraint.c.items() if wire not in wires}

    def step(values: Values) -> None:
        product = _value(constraint.a, values) * _value(constraint.b, values)
        values[place] = (product - _value(rest, values)) % MODULUS

    return step


def _decompose(constraint: Constraint, unknown: set[int], linear: bool) -> Step | None:
    """Gives bits from their known sum with different powers of two; None if the constraint doesn't say that.

    Either the constraint is the sum, or the compiler put the sum in the place of one of its bits.
    """
    form = constraint.c if linear else constraint.either
    if form is None:
        return None
    wires = sorted(unknown)
    sign = 1 if form[wires[0]] in LOGARITHMS else -1
    scale = pow(form[wires[0]], -1, MODULUS) if linear else sign
    powers = [form[wire] * scale % MODULUS for wire in wires]
    if not all(power in LOGARITHMS for power in powers):
        return None
    places = {wire: LOGARITHMS[power] for wire, power in zip(wires, powers, strict=True)}
    taken = [*places.values(), *([] if linear else [0])]
    lowest = min(taken)
    if len(set(taken)) < len(taken) or max(taken) - lowest >= SUM_BITS:
        return None
    rest = {wire: coefficient for wire, coefficient in form.items() if wire not in unknown}
    up = pow(2, -lowest, MODULUS)
    allowed = sum(1 << exponent - lowest for exponent in taken)

    def step(values: Values) -> None:
        if linear:  # product - rest = sum / scale
            known = (_value(constraint.a, values) * _value(constraint.b, values) - _value(rest, values)) * scale
        else:  # rest + scale * sum is 0 or 1
            known = _value(rest, values)
            known = 1 - known if scale == 1 else known
        total = known * up % MODULUS
        if total & ~allowed:
            raise Violated(constraint.number)
        for wire, exponent in places.items():
            values[wire] = total >> exponent - lowest & 1

    return step
