/** What a wallet did and got, told from one transaction's events and what it could decrypt of them. */

import { bytesToBigInt, type Hex } from "viem";

import { Address } from "./address";
import { accountOf, Act, type Record } from "./ciphertext";
import type { Event, Origin, Settled, Swapped } from "./events";
import type { OwnedNote } from "./note";

/** What happened. `earned`: a relayer's fee; `spent`: by a wallet that left no readable record. */
export type EntryKind =
  | "received"
  | "earned"
  | "sent"
  | "consolidated"
  | "shielded"
  | "unshielded"
  | "swapped"
  | "issued"
  | "settled"
  | "spent";

/** One line of the history. `amount` and `fee` are base units of `asset`; a swap got `gotAmount` of `gotAsset`.
 *
 * `counterparty`: the receiver's address, or the account that was unshielded to; absent where there is none or nobody can
 * know it. Issues and settlements name their microgrid and epoch. */
export interface Entry {
  readonly kind: EntryKind;
  readonly asset: Hex;
  readonly amount: bigint;
  readonly transaction: Hex;
  readonly block: number;
  readonly time: number;
  readonly fee: bigint;
  readonly counterparty?: string;
  readonly gotAsset?: Hex;
  readonly gotAmount?: bigint;
  readonly microgrid?: bigint;
  readonly epoch?: bigint;
}

/** The opening of a settlement's receipt, `Poseidon(7, meter commitment, burned, blinding)`, for the operator. */
export interface Receipt {
  readonly microgrid: bigint;
  readonly epoch: bigint;
  readonly burned: bigint;
  readonly blinding: bigint;
  readonly receipt: bigint;
}

/** A note of this wallet in a transaction. `place` counts the operation's ciphertexts; `public`: its amount is. */
export interface Found {
  readonly owned: OwnedNote;
  readonly place: number;
  readonly record?: Record;
  readonly public: boolean;
}

export interface Told {
  readonly entries: Entry[];
  readonly receipts: Receipt[];
}

/** The entries and receipts of one transaction, from the notes found in it and those of this wallet it spends.
 *
 * Anybody can encrypt a record to anybody, so one counts only if it fits what the chain shows: the notes spent, less what
 * came back and left. Otherwise its note was simply received. */
export function tell(origin: Origin, events: Event[], found: Found[], spent: OwnedNote[]): Told {
  const told: Told = { entries: [], receipts: [] };
  const mine = new Set(found.filter((note) => note.public).map((note) => note.owned.position));
  let recorded = false;
  for (const note of found) {
    const one = note.record && recordedAs(origin, events, note, note.record, spent, mine);
    if (one) {
      recorded ||= spent.length > 0;
      told.entries.push(one.entry);
      if (one.receipt) told.receipts.push(one.receipt);
    } else told.entries.push(...receivedAs(origin, events, note));
  }
  if (spent.length && !recorded) told.entries.push(...spentAs(origin, found, spent));
  return told;
}

const KINDS: { [act in Act]: EntryKind } = {
  [Act.transfer]: "sent",
  [Act.consolidate]: "consolidated",
  [Act.unshield]: "unshielded",
  [Act.swap]: "swapped",
  [Act.issue]: "issued",
  [Act.settle]: "settled",
};

interface Recorded {
  readonly entry: Entry;
  readonly receipt?: Receipt;
}

/** What a record tells, null if the chain doesn't show the same. */
function recordedAs(
  origin: Origin,
  events: Event[],
  found: Found,
  record: Record,
  spent: OwnedNote[],
  mine: Set<number>,
): Recorded | null {
  const note = found.owned.note;
  const gone = worth(spent, note.asset) - note.amount;
  if (record.amount !== (record.act === Act.issue ? note.amount : gone - record.fee)) return null;
  const entry: Entry = { kind: KINDS[record.act], asset: note.asset, amount: record.amount, fee: record.fee, ...origin };
  switch (record.act) {
    case Act.consolidate:
      return { entry: { ...entry, amount: note.amount } };
    case Act.transfer: {
      const receiver = addressOf(record.counterparty);
      return receiver ? { entry: { ...entry, counterparty: receiver } } : null;
    }
    case Act.unshield: {
      const recipient = accountOf(record.counterparty);
      const left = events.some(
        (event) =>
          event.kind === "unshielded" &&
          event.asset === note.asset &&
          event.recipient === recipient &&
          event.amount === record.amount,
      );
      return left ? { entry: { ...entry, counterparty: recipient } } : null;
    }
    case Act.swap: {
      const swap = events.find((event): event is Swapped => event.kind === "swapped" && mine.has(event.position));
      return swap ? { entry: { ...entry, gotAsset: swap.assetOut, gotAmount: swap.amountOut } } : null;
    }
    default:
      return metered(entry, record, events);
  }
}

function metered(entry: Entry, record: Record, events: Event[]): Recorded | null {
  const [microgrid, epoch] = [record.counterparty.slice(0, 32), record.counterparty.slice(32)].map((part) =>
    bytesToBigInt(part),
  );
  const isNamed = (event: Event, kind: "issued" | "settled"): boolean =>
    event.kind === kind && event.microgrid === microgrid && event.epoch === epoch;
  const named = { ...entry, microgrid, epoch };
  if (record.act === Act.issue) return events.some((event) => isNamed(event, "issued")) ? { entry: named } : null;
  const settled = events.find((event): event is Settled => isNamed(event, "settled"));
  if (!settled) return null;
  const { amount: burned, secret: blinding } = record;
  return { entry: named, receipt: { microgrid, epoch, burned, blinding, receipt: settled.receipt } };
}

function receivedAs(origin: Origin, events: Event[], found: Found): Entry[] {
  const note = found.owned.note;
  const position = found.owned.position;
  if (!note.amount) return [];
  let kind: EntryKind = found.place > 0 && !found.record ? "earned" : "received";
  if (found.public) {
    kind = "shielded";
    const isShield = events.some((event) => event.kind === "shielded" && event.position === position);
    if (!isShield) return []; // a swap's output: told with the swap
  }
  return [{ kind, asset: note.asset, amount: note.amount, fee: 0n, ...origin }];
}

function spentAs(origin: Origin, found: Found[], spent: OwnedNote[]): Entry[] {
  const assets = [...new Set(spent.map((old) => old.note.asset))].sort();
  const back = found.map((one) => one.owned);
  return assets.map((asset) => ({
    kind: "spent",
    asset,
    amount: worth(spent, asset) - worth(back, asset),
    fee: 0n,
    ...origin,
  }));
}

/** What the notes of an asset are worth together, in base units. */
function worth(notes: OwnedNote[], asset: Hex): bigint {
  return notes.reduce((sum, { note }) => (note.asset === asset ? sum + note.amount : sum), 0n);
}

function addressOf(data: Uint8Array): string | null {
  try {
    return Address.fromBytes(data).toString();
  } catch {
    return null; // anybody writes records: one that names no address tells nothing
  }
}
