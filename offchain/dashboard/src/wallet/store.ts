/** What a wallet has read from the chain. It holds the openings of the wallet's notes and its history, no keys.
 *
 * Everything in it comes from the chain: without it, it is read again. It is kept in memory and written as a whole. */

import { UserError } from "../errors";
import type { Flushed, MeterChanged } from "./events";
import type { Entry, Receipt, Told } from "./history";
import { indexOf, Note, treeOf, type OwnedNote } from "./note";
import { fromText, toText } from "./snapshot";

/** Hashes of so many of the latest blocks are kept, to find where a reorganised chain forks off. */
const BLOCKS_KEPT = 512;

interface InBlock<T> {
  readonly value: T;
  readonly block: number;
}

/** The store as it is written. */
interface Parts {
  readonly blocks: [number, string][];
  readonly leaves: [number, InBlock<bigint>[]][];
  readonly flushed: InBlock<Flushed>[];
  readonly notes: (Omit<Kept, "owned"> & { readonly owned: WrittenNote })[];
  readonly told: InBlock<Entry>[];
  readonly opened: InBlock<Receipt>[];
  readonly changedMeters: InBlock<MeterChanged>[];
  readonly startedAnew?: number | null;
}

type WrittenNote = Omit<OwnedNote, "note"> & Pick<Note, "asset" | "amount" | "blinding" | "owner">;

interface Kept {
  readonly owned: OwnedNote;
  readonly block: number;
  spentBlock: number | null;
}

export class Store {
  private blocks = new Map<number, string>();
  /** By tree: commitments in the order of their places, and the blocks that they came in. */
  private leaves = new Map<number, InBlock<bigint>[]>();
  private flushed: InBlock<Flushed>[] = [];
  private notes = new Map<number, Kept>();
  private told: InBlock<Entry>[] = [];
  private opened: InBlock<Receipt>[] = [];
  private changedMeters: InBlock<MeterChanged>[] = [];
  /** When (Unix milliseconds) the chain was found started anew, null if it never was. */
  startedAnew: number | null = null;

  /** The first block that was not read yet, null at the start. */
  get nextBlock(): number | null {
    return this.blocks.size ? this.latestBlocks()[0][0] + 1 : null;
  }

  /** Numbers and hashes of the latest blocks read, newest first. */
  latestBlocks(): [number, string][] {
    return [...this.blocks].sort(([one], [other]) => other - one);
  }

  /** Keeps hashes of blocks, the last of which is read up to now. */
  addBlocks(blocks: Iterable<[number, string]>): void {
    for (const [number, hash] of blocks) this.blocks.set(number, hash);
    this.blocks = new Map(this.latestBlocks().slice(0, BLOCKS_KEPT));
  }

  /** Forgets all that came from later blocks. */
  forgetAfter(block: number): void {
    const isEarly = (one: { readonly block: number }): boolean => one.block <= block;
    this.blocks = new Map([...this.blocks].filter(([number]) => number <= block));
    this.leaves = new Map([...this.leaves].map(([tree, leaves]) => [tree, leaves.filter(isEarly)]));
    this.flushed = this.flushed.filter(isEarly);
    this.told = this.told.filter(isEarly);
    this.opened = this.opened.filter(isEarly);
    this.changedMeters = this.changedMeters.filter(isEarly);
    this.notes = new Map([...this.notes].filter(([, kept]) => isEarly(kept)));
    for (const kept of this.notes.values()) {
      if (kept.spentBlock !== null && kept.spentBlock > block) kept.spentBlock = null;
    }
  }

  /** Adds positions and commitments. Throws UserError if the node left one out. */
  addLeaves(leaves: Map<number, bigint>, block: number): void {
    for (const [position, value] of [...leaves].sort(([one], [other]) => one - other)) {
      const known = this.leaves.get(treeOf(position)) ?? [];
      if (indexOf(position) > known.length) throw new UserError("nodeLeftOut");
      if (indexOf(position) === known.length) known.push({ value, block });
      this.leaves.set(treeOf(position), known);
    }
  }

  /** Commitments of a tree's places from `start` to before `end`. Throws UserError if one is missing. */
  leavesOf(tree: number, start: number, end: number): bigint[] {
    const found = (this.leaves.get(tree) ?? []).slice(start, end).map((leaf) => leaf.value);
    if (found.length !== end - start) throw new UserError("nodeLeftOut");
    return found;
  }

  addFlush(value: Flushed, block: number): void {
    this.flushed.push({ value, block });
  }

  /** The latest flush of each tree. */
  flushes(): Map<number, Flushed> {
    const latest = new Map<number, Flushed>();
    for (const { value } of this.flushed) {
      if (value.nextIndex >= (latest.get(value.tree)?.nextIndex ?? 0)) latest.set(value.tree, value);
    }
    return latest;
  }

  /** Adds a note of this wallet. */
  addNote(owned: OwnedNote, block: number): void {
    if (!this.notes.has(owned.position)) this.notes.set(owned.position, { owned, block, spentBlock: null });
  }

  /** Marks a note as spent. */
  spend(position: number, block: number): void {
    const kept = this.notes.get(position);
    if (kept) kept.spentBlock = block;
  }

  /** The notes that are not spent, oldest first. */
  unspent(): OwnedNote[] {
    return this.ordered((one) => one.spentBlock === null);
  }

  /** The notes that were spent, oldest first. */
  spent(): OwnedNote[] {
    return this.ordered((one) => one.spentBlock !== null);
  }

  addTold(told: Told, block: number): void {
    this.told.push(...told.entries.map((value) => ({ value, block })));
    this.opened.push(...told.receipts.map((value) => ({ value, block })));
  }

  /** The history, oldest first. */
  entries(): Entry[] {
    return this.told.map((one) => one.value);
  }

  /** The openings of settlements' receipts, oldest first. */
  receipts(): Receipt[] {
    return this.opened.map((one) => one.value);
  }

  /** Adds a change of the registration tree. */
  addMeter(value: MeterChanged, block: number): void {
    this.changedMeters.push({ value, block });
  }

  /** The latest change of each place of the registration tree, in the order of places. */
  meters(): MeterChanged[] {
    const latest = new Map(this.changedMeters.map(({ value }) => [value.index, value]));
    return [...latest.values()].sort((one, other) => one.index - other.index);
  }

  private ordered(isWanted: (kept: Kept) => boolean): OwnedNote[] {
    const kept = [...this.notes.values()].filter(isWanted);
    return kept.map((one) => one.owned).sort((one, other) => one.position - other.position);
  }

  /** All of it, for `fromBytes`. */
  toBytes(): Uint8Array {
    const { blocks, leaves, flushed, told, opened, changedMeters } = this;
    const notes = [...this.notes.values()].map(({ owned: { note, ...owned }, ...kept }) => ({
      ...kept,
      owned: { ...owned, asset: note.asset, amount: note.amount, blinding: note.blinding, owner: note.owner },
    }));
    const read = { blocks: [...blocks], leaves: [...leaves], flushed, notes, told, opened, changedMeters };
    const parts = { ...read, startedAnew: this.startedAnew };
    return new TextEncoder().encode(toText(parts));
  }

  /** What `toBytes` wrote: it must come from a place where nobody else can write, see `Sealed`. */
  static fromBytes(data: Uint8Array): Store {
    const store = new Store();
    const parts = fromText<Parts>(new TextDecoder().decode(data));
    store.blocks = new Map(parts.blocks);
    store.leaves = new Map(parts.leaves);
    store.flushed = parts.flushed;
    store.told = parts.told;
    store.opened = parts.opened;
    store.changedMeters = parts.changedMeters;
    store.startedAnew = parts.startedAnew ?? null;
    for (const { owned, block, spentBlock } of parts.notes) {
      const note = new Note(owned.asset, owned.amount, owned.blinding, owned.owner);
      const { position, nullifier } = owned;
      store.notes.set(position, { owned: { note, position, nullifier }, block, spentBlock });
    }
    return store;
  }
}
