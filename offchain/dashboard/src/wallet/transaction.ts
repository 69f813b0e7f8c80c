/** Builds operations: makes the new notes, encrypts them, proves, and checks that the proof is of what was meant. */

import { concat, hexToBytes, numberToBytes, type Hex } from "viem";

import { UserError } from "../errors";
import { PARAMETERS, type CircuitName } from "../zk/circuits";
import { randomElement } from "../zk/field";
import { poseidon } from "../zk/poseidon";
import type { Inputs, Prove } from "../zk/prover";
import type { Address } from "./address";
import { Act, seal, type Content, type Record } from "./ciphertext";
import type { Keys } from "./keys";
import { issueNullifier, meterInputs, readingInputs, settleNullifier, tradeNullifier } from "./meter";
import type { OwnMeter, ReadingProof } from "./meter";
import { AMOUNT_LIMIT } from "./asset";
import { Note, indexOf, treeOf, type OwnedNote } from "./note";
import type { Relay } from "./relay";
import { ANYONE, contextHash, type Details, type Operation, type Request } from "./request";
import { worth } from "./selection";
import type { NoteTrees, Path } from "./trees";

const CIRCUIT_OF: { [operation in Operation]: CircuitName } = {
  transfer: "joinsplit",
  consolidate: "consolidate",
  unshield: "joinsplit",
  swap: "trade",
  issue: "issue",
  settle: "settle",
};

/** How an operation goes out: until when (Unix time), and through whom. */
export interface Send {
  readonly deadline: number;
  readonly relay: Relay | null;
}

/** What a swap gives and wants, in a meter's free slot of the epoch; `cap` in Wh. */
export interface SwapPlan {
  readonly amount: bigint;
  readonly wanted: Hex;
  readonly minimum: bigint;
  readonly meter: OwnMeter;
  readonly epoch: bigint;
  readonly slot: number;
  readonly cap: bigint;
}

/** Builds one wallet's operations on one pool. */
export class Builder {
  constructor(
    private readonly keys: Keys,
    private readonly chainId: number,
    private readonly pool: Hex,
    private readonly registry: Hex,
    private readonly trees: NoteTrees,
    private readonly prove: Prove,
  ) {}

  /** Pays `amount` to a receiver from at most two notes. */
  transfer(inputs: OwnedNote[], receiver: Address, amount: bigint, send: Send): Promise<Request> {
    const note = new Note(inputs[0].note.asset, amount, randomElement(), receiver.publicKey);
    const record = recordOf(Act.transfer, amount, send, receiver.toBytes(), note.blinding);
    return this.spend("transfer", inputs, [{ key: receiver.encryptionKey, note }], record, send, shown());
  }

  /** Pays `amount` out to a public account. */
  unshield(inputs: OwnedNote[], recipient: Hex, amount: bigint, send: Send): Promise<Request> {
    const { asset } = inputs[0].note;
    const record = recordOf(Act.unshield, amount, send, hexToBytes(recipient));
    return this.spend("unshield", inputs, [this.nothing(asset)], record, send, shown(asset, amount), recipient);
  }

  /** Trades on the exchange. */
  async swap(inputs: OwnedNote[], plan: SwapPlan, send: Send): Promise<Request> {
    const { amount, wanted, minimum, meter, epoch, slot, cap } = plan;
    const { asset } = inputs[0].note;
    const blinding = randomElement();
    const order = { asset: wanted, minimum, npk: poseidon([this.keys.viewing.publicKey, blinding]) };
    const record = recordOf(Act.swap, amount, send, hexToBytes(wanted), blinding);
    const trade = { epoch, cap, slot: BigInt(slot), meterMicrogrid: meter.microgrid, ...meterInputs(meter) };
    const more = { ...shown(asset, amount), ...trade };
    const request = await this.spend("swap", inputs, [this.nothing(asset)], record, send, more, order);
    return expecting(request, [meter.path.root, tradeNullifier(meter, epoch, slot)]);
  }

  /** Makes one note of up to four. */
  consolidate(inputs: OwnedNote[], send: Send): Promise<Request> {
    return this.spend("consolidate", inputs, [], recordOf(Act.consolidate, 0n, send), send, {});
  }

  /** Makes a note of what a meter exported in an epoch. */
  async issue(asset: Hex, epoch: bigint, meter: OwnMeter, proof: ReadingProof, send: Send): Promise<Request> {
    const amount = proof.reading.exported * PARAMETERS.wattHour - feeOf(send);
    if (amount < 0n) throw new UserError("feeAboveExport");
    const record = recordOf(Act.issue, amount, send, pair(meter.microgrid, epoch));
    const named = { microgrid: meter.microgrid, epoch, asset: BigInt(asset) };
    const inputs = { ...named, ...meterInputs(meter), ...readingInputs(proof) };
    const request = await this.proven("issue", inputs, [this.own(asset, amount, record)], send, asset);
    return expecting(request, [meter.path.root, proof.root, issueNullifier(meter, epoch)]);
  }

  /** Burns `burned` base units against what a meter imported in an epoch. */
  async settle(
    inputs: OwnedNote[],
    burned: bigint,
    epoch: bigint,
    meter: OwnMeter,
    proof: ReadingProof,
    send: Send,
  ): Promise<Request> {
    const blinding = randomElement();
    const record = recordOf(Act.settle, burned, send, pair(meter.microgrid, epoch), blinding);
    const named = { microgrid: meter.microgrid, epoch, burned, receiptBlinding: blinding };
    const more = { ...named, ...meterInputs(meter), ...readingInputs(proof) };
    const request = await this.spend("settle", inputs, [], record, send, more);
    const receipt = poseidon([PARAMETERS.tags.receipt, meter.commitment, burned, blinding]);
    return expecting(request, [meter.path.root, proof.root, settleNullifier(meter, epoch), receipt]);
  }

  /** An operation that spends notes: what its record doesn't say was paid comes back with the record as change. */
  private spend(
    operation: Operation,
    inputs: OwnedNote[],
    first: Content[],
    record: Record,
    send: Send,
    more: Inputs,
    details?: Details,
  ): Promise<Request> {
    const { asset } = inputs[0].note;
    const left = worth(inputs) - record.amount - record.fee;
    if (left < 0n) throw new UserError("notesTooSmall");
    const count = operation === "consolidate" ? 4 : 2;
    const paths = inputs.map((note) => this.trees.path(note.position));
    const given = { ...spentInputs(this.keys.spendingKey, paths, inputs, count), ...more, asset: BigInt(asset) };
    return this.proven(operation, given, [...first, this.own(asset, left, record)], send, asset, details);
  }

  /** Adds the relayer's note and the context, and proves. */
  private async proven(
    operation: Operation,
    inputs: Inputs,
    contents: Content[],
    send: Send,
    asset: Hex,
    details?: Details,
  ): Promise<Request> {
    const fee: Content[] = [];
    if (send.relay?.fee) {
      const note = new Note(asset, send.relay.fee, randomElement(), send.relay.address.publicKey);
      fee.push({ key: send.relay.address.encryptionKey, note });
    }
    const everything = [...contents, ...fee];
    const notes = everything.map((content) => content.note!);
    if (notes.some((note) => note.amount < 0n || note.amount >= AMOUNT_LIMIT)) throw new UserError("amountLarge");
    const absent = fee.length ? [] : [0n];
    const expected = [...notes.map((note) => note.commitment), ...absent];
    const ciphertexts = seal(everything);
    const terms = { relayer: send.relay?.account ?? ANYONE, deadline: send.deadline, ciphertexts };
    const contract = operation === "issue" || operation === "settle" ? this.registry : this.pool;
    const context = contextHash(this.chainId, contract, operation, terms, details);
    const outputs = {
      outputKeys: [...notes.map((note) => note.npk), ...absent],
      outputAmounts: [...notes.map((note) => note.amount), ...absent],
      relayerVoid: fee.length ? 0n : 1n,
    };
    const { proof, signals } = await this.prove(CIRCUIT_OF[operation], { ...inputs, ...outputs, contextHash: context });
    const request = { operation, chainId: this.chainId, contract, proof, signals, terms, details };
    return expecting(request, [...expected, context]);
  }

  /** A note of this wallet's own, with the record. */
  private own(asset: Hex, amount: bigint, record: Record): Content {
    const { viewing } = this.keys;
    return { key: viewing.address.encryptionKey, note: new Note(asset, amount, randomElement(), viewing.publicKey), record };
  }

  /** A receiver's note where nobody receives anything. */
  private nothing(asset: Hex): Content {
    const { viewing } = this.keys;
    return { key: viewing.address.encryptionKey, note: new Note(asset, 0n, randomElement(), viewing.publicKey) };
  }
}

/** What a circuit takes of the notes that are spent and their paths, filled up with dummies to `count`. */
export function spentInputs(spendingKey: bigint, paths: Path[], notes: OwnedNote[], count: number): Inputs {
  const dummies = new Array<bigint>(count - notes.length).fill(0n);
  return {
    root: paths[0].root,
    treeNumber: BigInt(treeOf(notes[0].position)),
    spendingKey,
    inputAmounts: [...notes.map((note) => note.note.amount), ...dummies],
    inputBlindings: [...notes.map((note) => note.note.blinding), ...dummies.map(randomElement)],
    inputIndices: [...notes.map((note) => BigInt(indexOf(note.position))), ...dummies],
    inputSiblings: [...paths.map((path) => path.siblings), ...dummies.map(() => paths[0].siblings.map(() => 0n))],
  };
}

function recordOf(act: Act, amount: bigint, send: Send, counterparty: Uint8Array = new Uint8Array(), secret = 0n): Record {
  return { act, amount, fee: feeOf(send), counterparty, secret };
}

/** What the relayer gets, in base units. */
function feeOf(send: Send): bigint {
  return send.relay?.fee ?? 0n;
}

/** What a joinsplit shows: nothing, or what leaves. */
function shown(asset?: Hex, amount = 0n): Inputs {
  return { publicAsset: asset ? BigInt(asset) : 0n, publicAmount: amount };
}

function pair(microgrid: bigint, epoch: bigint): Uint8Array {
  return concat([numberToBytes(microgrid, { size: 32 }), numberToBytes(epoch, { size: 32 })]);
}

/** The request itself. Throws UserError if its proof is of something else than was meant: the circuits only take what they
 * are given to its roots. */
function expecting(request: Request, expected: bigint[]): Request {
  if (!expected.every((signal) => request.signals.includes(signal))) throw new UserError("proofOther");
  return request;
}
