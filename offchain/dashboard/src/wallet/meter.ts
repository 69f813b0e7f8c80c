/** A wallet's own meter in proofs: its place in the registration tree, its readings, its trade slots. */

import { shownAmount } from "../chain/assets";
import { UserError } from "../errors";
import { READING_LIMIT, type Reading, type ReadingPath } from "../metering/readingsTree";
import { PARAMETERS } from "../zk/circuits";
import { poseidon } from "../zk/poseidon";
import type { Inputs } from "../zk/prover";
import type { Path } from "./trees";

const TAGS = PARAMETERS.tags;
/** Trades of a meter in an epoch. */
export const SLOTS = PARAMETERS.slotShares.length;

/** So many meter numbers of a wallet are tried to find its registered meters. */
export const METERS_LOOKED_FOR = 20;

/** The largest of the classes that a trade's cap is of: at most two digits and zeros, in Wh. */
const LARGEST_CAP = READING_LIMIT - (READING_LIMIT % 10n ** 8n);

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

/** The smallest class (Wh) that covers so many base units of energy. Throws UserError beyond the largest. */
export function smallestCap(energy: bigint): bigint {
  const wattHours = energy > 0n ? (energy + PARAMETERS.wattHour - 1n) / PARAMETERS.wattHour : 1n;
  const step = stepAt(wattHours);
  const cap = ((wattHours + step - 1n) / step) * step;
  if (cap > LARGEST_CAP) throw new UserError("meterCap", { most: shownAmount(LARGEST_CAP * PARAMETERS.wattHour) });
  return cap;
}

/** The largest class (Wh) that a trade in a slot of a meter of that capacity (Wh an epoch) can have; 0 if none. */
export function largestCap(capacity: bigint, slot: number): bigint {
  const share = capacity / PARAMETERS.slotShares[slot];
  return share - (share % stepAt(share));
}

/** By how much classes of that size differ. */
function stepAt(wattHours: bigint): bigint {
  return 10n ** BigInt(Math.max(0, String(wattHours).length - 2));
}
