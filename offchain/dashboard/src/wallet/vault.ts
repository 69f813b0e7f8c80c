/** Where a browser keeps what a wallet read from the chain; several tabs take turns. */

import { del, get, keys, set } from "idb-keyval";
import { bytesToNumber, concat, numberToBytes } from "viem";

import { PARAMETERS } from "../zk/circuits";
import { MerkleTree } from "../zk/tree";
import { alone, files } from "./files";
import type { Keys } from "./keys";
import { Sealing } from "./sealed";
import { Store } from "./store";
import type { NoteTrees } from "./trees";

/** New leaves from which on a tree is written again; hashing fewer again takes a moment. */
const WORTH_KEEPING = 64;
const LENGTH_BYTES = 4;

/** The records of one wallet on one chain and pool. */
export class Vault {
  private kept = new Map<number, number>();
  private revision = -1;

  private constructor(
    private readonly name: string,
    private readonly sealing: Sealing,
  ) {}

  /** `place` names chain and pool. */
  static async of(wallet: Keys, place: string): Promise<Vault> {
    return new Vault(`${wallet.address.toString().slice(-12)} ${place}`, await Sealing.with(wallet.storeKey()));
  }

  /** Runs `work` while no other tab works with these records. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return alone(this.name, work);
  }

  /** What another tab wrote since the last call, or what was kept before, with its trees; null if there is nothing new.
   * Throws UserError if it was tampered with. */
  async newer(trees: NoteTrees): Promise<Store | null> {
    const revision = (await get<number>(`${this.name} revision`, files)) ?? -1;
    if (revision === this.revision) return null;
    const sealed = await get<Uint8Array>(this.name, files);
    if (!sealed) return null;
    const store = Store.fromBytes(await this.sealing.open(this.name, sealed));
    const found = new Map<number, MerkleTree>();
    for (const tree of store.flushes().keys()) {
      const part = await get<Uint8Array>(this.nameOf(tree), files);
      if (part) found.set(tree, treeOf(await this.sealing.open(this.nameOf(tree), part)));
    }
    this.kept = new Map([...found].map(([number, tree]) => [number, tree.length]));
    trees.restore(found);
    this.revision = revision;
    return store;
  }

  async save(store: Store, trees: NoteTrees): Promise<void> {
    for (const [number, tree] of trees.all()) {
      if (Math.abs(tree.length - (this.kept.get(number) ?? 0)) < WORTH_KEEPING) continue;
      const data = concat([numberToBytes(tree.length, { size: LENGTH_BYTES }), tree.toBytes()]);
      await set(this.nameOf(number), await this.sealing.seal(this.nameOf(number), data), files);
      this.kept.set(number, tree.length);
    }
    await set(this.name, await this.sealing.seal(this.name, store.toBytes()), files);
    this.revision += 1;
    await set(`${this.name} revision`, this.revision, files);
  }

  /** Forgets the records: they are read again from the chain. */
  async clear(): Promise<void> {
    for (const key of await keys(files)) if (String(key).startsWith(this.name)) await del(key, files);
    this.revision = -1;
    this.kept.clear();
  }

  private nameOf(tree: number): string {
    return `${this.name} tree ${tree}`;
  }
}

/** A tree is kept as its length and its nodes. */
function treeOf(data: Uint8Array): MerkleTree {
  const length = bytesToNumber(data.slice(0, LENGTH_BYTES));
  return MerkleTree.fromBytes(PARAMETERS.noteTreeDepth, length, data.subarray(LENGTH_BYTES));
}
