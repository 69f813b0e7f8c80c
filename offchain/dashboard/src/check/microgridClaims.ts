/** What the service tells of microgrids: energy tokens, published sums, participants. */

import { numberToHex, parseAbiItem, type AbiEvent, type Hex } from "viem";

import type { MicrogridState } from "../api/microgrids";
import type { Claim } from "./claim";
import { isSame } from "./witness";

type Told<Part extends "balance" | "published" | "participants"> = NonNullable<MicrogridState[Part]>;

const TRANSFER: AbiEvent = parseAbiItem("event Transfer(address indexed from, address indexed to, uint256 value)");
const METERS: AbiEvent[] = ["MeterRegistered", "MeterRemoved"].map(
  (name) =>
    parseAbiItem(
      `event ${name}(uint256 indexed microgrid, uint256 indexed commitment, uint256 index, uint32 capacity)`,
    ) as AbiEvent,
);
const PUBLISHED: AbiEvent = parseAbiItem(
  "event ReadingsPublished(uint256 indexed microgrid, uint256 indexed epoch, uint256 readingsRoot, uint64 exported, uint64 imported, bytes32 dataHash)",
);

interface Published {
  readonly epoch: bigint;
  readonly readingsRoot: bigint;
  readonly exported: bigint;
  readonly imported: bigint;
}

/** What was minted and burned of a microgrid's token, each the sum of all its transfers up to the last one. */
export function balanceClaim({ minted, burned, outstanding, source }: Told<"balance">): Claim {
  return {
    place: source,
    shown: { figureMinted: minted, figureBurned: burned, figureOutstanding: outstanding },
    find: async (witness, { tokens }) => {
      if (!Object.values(tokens).some((token) => isSame(token, witness.contract))) return "contract";
      const last = await witness.event<object>(TRANSFER);
      if (typeof last === "string") return last;
      const transfers = async (topics: (Hex | null)[]): Promise<bigint> =>
        sum(await witness.eventsUpToHere<{ value: bigint }>(TRANSFER, topics), ({ value }) => value);
      const [made, gone] = [await transfers([topic(0)]), await transfers([null, topic(0)])];
      return { figureMinted: made, figureBurned: gone, figureOutstanding: made - gone };
    },
  };
}

/** The sums of a microgrid's published readings, each epoch as it was corrected last. */
export function publishedClaim(microgrid: number, told: Told<"published">): Claim {
  return {
    place: told.source,
    shown: {
      figureExported: told.exported,
      figureImported: told.imported,
      figureEpoch: told.epoch,
      figureReadingsRoot: told.readings_root,
    },
    find: async (witness, { registry }) => {
      if (!witness.isOf(registry)) return "contract";
      const last = await witness.event<Published>(PUBLISHED);
      if (typeof last === "string") return last;
      const all = await witness.eventsUpToHere<Published>(PUBLISHED, [topic(microgrid)]);
      const valid = [...new Map(all.map((one) => [one.epoch, one])).values()];
      return {
        figureExported: sum(valid, ({ exported }) => exported),
        figureImported: sum(valid, ({ imported }) => imported),
        figureEpoch: last.epoch,
        figureReadingsRoot: numberToHex(last.readingsRoot, { size: 32 }),
      };
    },
  };
}

/** How many meters a microgrid has, and their capacity. */
export function participantsClaim(microgrid: number, { meters, capacity, source }: Told<"participants">): Claim {
  return {
    place: source,
    shown: { figureMeters: meters, figureCapacity: capacity },
    find: async (witness, { registry }) => {
      if (!witness.isOf(registry)) return "contract";
      const changes = (event: AbiEvent): Promise<{ capacity: number }[]> =>
        witness.eventsUpToHere(event, [topic(microgrid)]);
      const [added, removed] = await Promise.all(METERS.map(changes));
      const size = (some: { capacity: number }[]): bigint => sum(some, (one) => BigInt(one.capacity));
      return { figureMeters: added.length - removed.length, figureCapacity: size(added) - size(removed) };
    },
  };
}

function sum<T>(values: T[], of: (value: T) => bigint): bigint {
  return values.reduce((total, value) => total + of(value), 0n);
}

function topic(number: number): Hex {
  return numberToHex(number, { size: 32 });
}
