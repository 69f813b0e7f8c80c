/** Events of the pool and the registry, from the raw logs of a node. */

import { decodeAbiParameters, getAddress, hexToBytes, keccak256, numberToHex, parseAbiParameters, toBytes, type Hex } from "viem";

/** A log as `eth_getLogs` returns it. */
export interface RawLog {
  readonly address: Hex;
  readonly topics: Hex[];
  readonly data: Hex;
  readonly blockNumber: Hex;
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  readonly blockTimestamp?: Hex;
}

/** Notes that wait from `first` on; a left-out relayer's note stands as 0 or not at all. */
export interface NotesQueued {
  readonly kind: "notesQueued";
  readonly first: number;
  readonly commitments: readonly bigint[];
  readonly ciphertexts: Uint8Array;
}

export interface NullifiersSpent {
  readonly kind: "nullifiersSpent";
  readonly nullifiers: readonly bigint[];
}

/** An asset that came in as one note. */
export interface Shielded {
  readonly kind: "shielded";
  readonly asset: Hex;
  readonly amount: bigint;
  readonly npk: bigint;
  readonly position: number;
}

/** An asset that left. */
export interface Unshielded {
  readonly kind: "unshielded";
  readonly asset: Hex;
  readonly recipient: Hex;
  readonly amount: bigint;
}

/** A swap by a hidden owner; its output is the note at `position`. */
export interface Swapped {
  readonly kind: "swapped";
  readonly assetIn: Hex;
  readonly assetOut: Hex;
  readonly amountIn: bigint;
  readonly amountOut: bigint;
  readonly npk: bigint;
  readonly cap: bigint;
  readonly position: number;
}

/** A tree holds its first `nextIndex` notes now, under `root`. */
export interface Flushed {
  readonly kind: "flushed";
  readonly tree: number;
  readonly nextIndex: number;
  readonly root: bigint;
}

/** A meter stands at `index` of the registration tree, or (`removed`) no longer does. Capacity in Wh an epoch. */
export interface MeterChanged {
  readonly kind: "meterChanged";
  readonly microgrid: bigint;
  readonly commitment: bigint;
  readonly index: number;
  readonly capacity: bigint;
  readonly removed: boolean;
}

/** A meter's exported energy became notes. */
export interface Issued {
  readonly kind: "issued";
  readonly microgrid: bigint;
  readonly epoch: bigint;
}

/** Energy was burned against a meter's imported energy. */
export interface Settled {
  readonly kind: "settled";
  readonly microgrid: bigint;
  readonly epoch: bigint;
  readonly receipt: bigint;
}

export type Event =
  | NotesQueued
  | NullifiersSpent
  | Shielded
  | Unshielded
  | Swapped
  | Flushed
  | MeterChanged
  | Issued
  | Settled;

/** The transaction that an event comes from. `time` is Unix time, 0 if the node didn't say. */
export interface Origin {
  readonly block: number;
  readonly transaction: Hex;
  readonly time: number;
}

/** The position of each commitment, null for one that is left out. */
export function positionsOf(event: NotesQueued): (number | null)[] {
  let next = event.first;
  return event.commitments.map((commitment) => (commitment ? next++ : null));
}

/** The event of a log, null for events that a wallet doesn't need. */
export function parse(log: RawLog): [Origin, Event] | null {
  const read = log.topics.length ? READERS.get(log.topics[0]) : undefined;
  if (!read) return null;
  const origin = {
    block: Number(log.blockNumber),
    transaction: log.transactionHash,
    time: Number(log.blockTimestamp ?? 0),
  };
  return [origin, read(log.topics.slice(1).map(BigInt), log.data)];
}

type Reader = (topics: bigint[], data: Hex) => Event;

const SIGNATURES: { [signature: string]: Reader } = {
  "NotesQueued(uint256,uint256[],bytes)": ([first], data) => {
    const [commitments, ciphertexts] = decodeAbiParameters(parseAbiParameters("uint256[], bytes"), data);
    return { kind: "notesQueued", first: Number(first), commitments, ciphertexts: hexToBytes(ciphertexts) };
  },
  "NullifiersSpent(uint256[])": (_, data) => {
    const [nullifiers] = decodeAbiParameters(parseAbiParameters("uint256[]"), data);
    return { kind: "nullifiersSpent", nullifiers };
  },
  "Shielded(address,uint256,uint256,uint256)": ([asset, position], data) => {
    const [amount, npk] = words(data);
    return { kind: "shielded", asset: account(asset), amount, npk, position: Number(position) };
  },
  "Unshielded(address,address,uint256)": ([asset, recipient], data) => {
    const [amount] = words(data);
    return { kind: "unshielded", asset: account(asset), recipient: account(recipient), amount };
  },
  "Swapped(address,address,uint256,uint256,uint256,uint256,uint256)": ([assetIn, assetOut, position], data) => {
    const [amountIn, amountOut, npk, cap] = words(data);
    const assets = { assetIn: account(assetIn), assetOut: account(assetOut) };
    return { kind: "swapped", ...assets, amountIn, amountOut, npk, cap, position: Number(position) };
  },
  "Flushed(uint256,uint256,uint256)": ([tree], data) => {
    const [nextIndex, root] = words(data);
    return { kind: "flushed", tree: Number(tree), nextIndex: Number(nextIndex), root };
  },
  "MeterRegistered(uint256,uint256,uint256,uint32)": (topics, data) => meterChanged(topics, data, false),
  "MeterRemoved(uint256,uint256,uint256,uint32)": (topics, data) => meterChanged(topics, data, true),
  "Issued(uint256,uint256,uint256)": ([microgrid, epoch]) => ({ kind: "issued", microgrid, epoch }),
  "Settled(uint256,uint256,uint256,uint256)": ([microgrid, epoch], data) => ({
    kind: "settled",
    microgrid,
    epoch,
    receipt: words(data)[1],
  }),
};

const READERS = new Map<Hex, Reader>(
  Object.entries(SIGNATURES).map(([signature, reader]) => [keccak256(toBytes(signature)), reader]),
);

function meterChanged([microgrid, commitment]: bigint[], data: Hex, removed: boolean): MeterChanged {
  const [index, capacity] = words(data);
  return { kind: "meterChanged", microgrid, commitment, index: Number(index), capacity, removed };
}

function words(data: Hex): bigint[] {
  return (data.slice(2).match(/.{64}/g) ?? []).map((word) => BigInt(`0x${word}`));
}

function account(topic: bigint): Hex {
  return getAddress(numberToHex(topic, { size: 20 }));
}
