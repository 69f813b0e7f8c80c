/** A wallet's own meter in proofs: its place in the registration tree, its readings, its trade slots. */

import { shownAmount } from "../chain/assets";
import { UserError } from "../errors";
import type { Reading, ReadingPath } from "../metering/readingsTree";
import { PARAMETERS } from "../zk/circuits";
import { poseidon } from "../zk/poseidon";
import type { Inputs } from "../zk/prover";
import type { Path } from "./trees";

const TAGS = PARAMETERS.tags;
/** Trades of a meter in an epoch. */
export const SLOTS = 2 ** PARAMETERS.slotBits;

/** So many meter numbers of a wallet are tried to find its registered meters. */
export const METERS_LOOKED_FOR = 20;

/** Cap classes of a trade, in Wh. */
const CAPS = Array.from({ length: 8 }, (_, power) => 250n << BigInt(2 * power));

/** A registered meter of this wallet; capacity in Wh an epoch. */
export interface OwnMeter {
  readonly secret: bigint;
  readonly commitment: bigint;
  readonly microgrid: bigint;
  readonly capacity: bigint;
  readonly path: Path;
}

/** A meter's reading of an epoch and its way up to the published `root`. */
export interface ReadingProof {
  readonly reading: Reading;
  readonly path: ReadingPath;
  readonly root: bigint;
}

/** Marks a trade slot of an epoch as used. */
export function tradeNullifier(meter: OwnMeter, epoch: bigint, slot: number): bigint {
  return poseidon([TAGS.trade, meter.secret, epoch, BigInt(slot)]);
}

/** Marks an epoch as issued. */
export function issueNullifier(meter: OwnMeter, epoch: bigint): bigint {
  return poseidon([TAGS.issue, meter.secret, epoch]);
}

/** Marks an epoch as settled. */
export function settleNullifier(meter: OwnMeter, epoch: bigint): bigint {
  return poseidon([TAGS.settle, meter.secret, epoch]);
}

/** What every circuit takes of a meter. */
export function meterInputs({ secret, capacity, path }: OwnMeter): Inputs {
  return {
    meterSecret: secret,
    meterCapacity: capacity,
    meterIndex: BigInt(path.index),
    meterSiblings: path.siblings,
  };
}

/** What the circuits take of a reading. */
export function readingInputs({ reading, path }: ReadingProof): Inputs {
  return {
    exported: reading.exported,
    imported: reading.imported,
    readingIndex: BigInt(path.index),
    siblingHashes: path.hashes,
    siblingExported: path.exported,
    siblingImported: path.imported,
  };
}

/** The smallest cap (Wh) that covers so many base units of energy and is within a meter's capacity (Wh). Throws UserError
 * if there is none. */
export function capClass(energy: bigint, capacity: bigint): bigint {
  const fitting = CAPS.filter((cap) => cap <= capacity);
  const enough = fitting.find((cap) => cap * PARAMETERS.wattHour >= energy);
  if (enough === undefined) {
    const most = fitting.length ? fitting[fitting.length - 1] : 0n;
    throw new UserError("meterCap", { most: shownAmount(most * PARAMETERS.wattHour) });
  }
  return enough;
}
