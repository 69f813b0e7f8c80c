"""An answer as the chain shows it: a hash, and a ciphertext for who knows the salt."""

from __future__ import annotations

from dataclasses import dataclass

from offchain.errors import UserError
from offchain.ppdl.inference.commitments import answer_hash, decrypt_answer, encrypt_answer
from offchain.ppdl.inference.integer_model import ANSWER_FRACTION, IntegerModel
from offchain.ppdl.inference.question import Question
from offchain.zk.prover import ProvenSignals, prove


class AnswerError(UserError):
    """Says in one line that an answer is none."""


@dataclass(frozen=True)
class Answer:
    """Both numbers, field elements."""

    hash: int
    ciphertext: int

    @classmethod
    def to(cls, question: Question, model: IntegerModel) -> Answer:
        """A model's answer. Raises ModelError if it can't answer such a question."""
        value = model.answer(question.features)
        return cls(answer_hash(value, question.salt), encrypt_answer(value, question.salt))

    def opened(self, salt: int) -> float:
        """The forecast in units of the scaled target. Raises AnswerError if hash and ciphertext are not of one answer
        and this salt: a node that answers so can't prove it."""
        value = decrypt_answer(self.ciphertext, salt)
        if answer_hash(value, salt) != self.hash:
            raise AnswerError("the ciphertext doesn't hold what the answer's hash says: dispute it")
        return value / (1 << ANSWER_FRACTION)


def proof_of(question: Question, model: IntegerModel, node: str) -> ProvenSignals:
    """Proves a model's answer for a node's account. Raises WitnessError or ProverError."""
    inputs = {"node": int(node, 16), "weights": model.weights.tolist(), "salt": question.salt}
    return prove("inference", inputs | {"features": list(question.features)})
