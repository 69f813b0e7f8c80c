/** A wallet as its viewing key sees it: what it holds and what it did. */

import type { Hex } from "viem";

import { Node } from "../chain/node";
import type { Network } from "../chain/network";
import type { Entry, Receipt } from "./history";
import type { ViewingKey } from "./keys";
import { indexOf, treeOf, type OwnedNote } from "./note";
import { Scanner, type ScanProgress } from "./scan";
import { worth } from "./selection";
import { Store } from "./store";
import { NoteTrees, type Path } from "./trees";
import type { Vault } from "./vault";

/** Base units of one asset: spendable now, and waiting for the next flush. */
export interface Balance {
  readonly asset: Hex;
  readonly spendable: bigint;
  readonly waiting: bigint;
  readonly notes: number;
}

/** The notes of an asset: spendable ones, and those that wait for a flush. */
export interface Holding {
  readonly spendable: OwnedNote[];
  readonly waiting: OwnedNote[];
}

/** A wallet that reads. What it has read is kept in `vault`, if there is one. */
export class Reader {
  readonly node: Node;
  protected store = new Store();
  protected readonly trees = new NoteTrees();
  private readonly scanner: Scanner;

  constructor(
    readonly viewing: ViewingKey,
    readonly network: Network,
    private readonly vault: Vault | null = null,
  ) {
    this.node = new Node(network.node);
    this.scanner = new Scanner(this.node, network.chainId, network.pool, network.registry, viewing);
  }

  /** Reads what is new on chain; returns the latest block's number. What another tab has read is taken over. Throws
   * UserError. */
  sync(progress?: ScanProgress): Promise<number> {
    const { vault } = this;
    if (!vault) return this.scan(progress);
    return vault.alone(async () => {
      this.store = (await vault.newer(this.trees)) ?? this.store;
      const { nextBlock, startedAnew } = this.store;
      const head = await this.scan(progress);
      const isChanged = this.store.nextBlock !== nextBlock || this.store.startedAnew !== startedAnew;
      if (isChanged) await vault.save(this.store, this.trees);
      return head;
    });
  }

  /** Forgets what was read: it is read again from the chain. */
  async forget(): Promise<void> {
    this.store = new Store();
    this.trees.restore(new Map());
    await this.vault?.alone(() => this.vault!.clear());
  }

  /** What is held, as last read, by asset. */
  balances(): Balance[] {
    const assets = [...new Set(this.store.unspent().map(({ note }) => note.asset))].sort();
    return assets.map((asset) => {
      const { spendable, waiting } = this.holding(asset);
      const notes = spendable.length + waiting.length;
      return { asset, spendable: worth(spendable), waiting: worth(waiting), notes };
    });
  }

  /** The unspent notes of an asset, as last read. */
  holding(asset: Hex): Holding {
    const ends = new Map([...this.store.flushes()].map(([tree, flushed]) => [tree, flushed.nextIndex]));
    const isFlushed = ({ position }: OwnedNote): boolean => indexOf(position) < (ends.get(treeOf(position)) ?? 0);
    const held = this.store.unspent().filter(({ note }) => note.asset === asset);
    return { spendable: held.filter(isFlushed), waiting: held.filter((note) => !isFlushed(note)) };
  }

  /** The notes that were spent, as last read, oldest first. */
  spent(): OwnedNote[] {
    return this.store.spent();
  }

  /** The paths of flushed notes. */
  paths(notes: OwnedNote[]): Path[] {
    return notes.map((note) => this.trees.path(note.position));
  }

  /** When (Unix milliseconds) this wallet last found that the chain has none of the blocks that it had read; null: never. */
  get startedAnew(): number | null {
    return this.store.startedAnew;
  }

  /** What was done and received, as last read, oldest first. */
  history(): Entry[] {
    return this.store.entries();
  }

  /** Openings of settlements' receipts, for the operator at billing. */
  receipts(): Receipt[] {
    return this.store.receipts();
  }

  private async scan(progress?: ScanProgress): Promise<number> {
    const head = await this.scanner.sync(this.store, progress);
    this.trees.update(this.store);
    return head;
  }
}
