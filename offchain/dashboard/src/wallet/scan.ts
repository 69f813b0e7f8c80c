/** Reads the chain into a wallet's store: finds its notes, what was spent, and the leaves of the trees. */

import type { Hex } from "viem";

import { NodeRefusal, type Node } from "../chain/node";
import { UserError } from "../errors";
import { poseidon } from "../zk/poseidon";
import { unseal } from "./ciphertext";
import { parse, positionsOf, type Event, type Origin, type RawLog, type Shielded, type Swapped } from "./events";
import { tell, type Found } from "./history";
import type { ViewingKey } from "./keys";
import { commitment, Note, type OwnedNote } from "./note";
import type { Store } from "./store";

/** Blocks asked for at a time: more after an easy answer, fewer after a refusal. */
const FIRST_RANGE = 2_000;
const LARGEST_RANGE = 100_000;

/** Logs in an answer up to which the next one is for twice as many blocks. */
const EASY_ANSWER = 2_000;

const ATTEMPTS = 5;

/** Is told the block read last and the latest one. */
export type ScanProgress = (block: number, head: number) => void;

/** The chain changed while it was read. */
class Reorganised extends Error {}

/** Reads for one viewing key from one pool and its registry. */
export class Scanner {
  constructor(
    private readonly node: Node,
    private readonly chainId: number,
    private readonly pool: Hex,
    private readonly registry: Hex,
    private readonly key: ViewingKey,
  ) {}

  /** Reads into the store what is new; returns the number of the latest block. What is interrupted goes on where it
   * stopped. Throws UserError on the wrong network, without a node, and if the chain doesn't keep still. */
  async sync(store: Store, progress: ScanProgress = () => undefined): Promise<number> {
    const chainId = await this.node.chainId();
    if (chainId !== this.chainId) throw new UserError("wrongChain", { found: chainId, expected: this.chainId });
    if (!(await this.node.hasCode(this.pool, "latest"))) throw new UserError("noPool", { pool: this.pool });
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        return await this.read(store, progress);
      } catch (error) {
        if (!(error instanceof Reorganised)) throw error;
      }
    }
    throw new UserError("chainMoves");
  }

  private async read(store: Store, progress: ScanProgress): Promise<number> {
    const head = await this.node.height();
    let start = await this.resume(store);
    let size = FIRST_RANGE;
    while (start <= head) {
      const last = Math.min(start + size - 1, head);
      const tip = await this.node.blockHash(last);
      let logs: RawLog[];
      try {
        logs = await this.node.logs([this.pool, this.registry], start, last);
      } catch (error) {
        if (!(error instanceof NodeRefusal) || last === start) throw error;
        size = Math.max(1, Math.floor((last - start + 1) / 4));
        continue;
      }
      if (tip === null || (await this.node.blockHash(last)) !== tip) throw new Reorganised();
      await this.apply(store, logs);
      const hashes = new Map<number, string>(logs.map((log) => [Number(log.blockNumber), log.blockHash]));
      store.addBlocks(hashes.set(last, tip));
      progress(last, head);
      start = last + 1;
      if (logs.length <= EASY_ANSWER) size = Math.min(2 * size, LARGEST_RANGE);
    }
    return head;
  }

  /** The first block to read, after forgetting what a reorganisation took back. */
  private async resume(store: Store): Promise<number> {
    const known = store.latestBlocks();
    for (const [number, hash] of known) {
      if ((await this.node.blockHash(number)) !== hash) continue;
      if (number !== known[0][0]) store.forgetAfter(number);
      return number + 1;
    }
    if (known.length) store.startedAnew = Date.now();
    store.forgetAfter(-1);
    return this.node.firstBlockWithCode(this.pool);
  }

  /** All logs at once or none: times are asked for before anything is written. */
  private async apply(store: Store, logs: RawLog[]): Promise<void> {
    const transactions: [Origin, Event[]][] = [];
    for (const [origin, event] of logs.map(parse).filter((parsed) => parsed !== null)) {
      const [last] = transactions.slice(-1);
      if (last?.[0].transaction === origin.transaction) last[1].push(event);
      else transactions.push([await this.timed(origin), [event]]);
    }
    const unspent = new Map(store.unspent().map((owned) => [owned.nullifier, owned]));
    for (const [origin, events] of transactions) this.applyTransaction(store, origin, events, unspent);
  }

  private applyTransaction(store: Store, origin: Origin, events: Event[], unspent: Map<bigint, OwnedNote>): void {
    const { block } = origin;
    store.addLeaves(newLeaves(events), block);
    const spent: OwnedNote[] = [];
    for (const event of events) {
      if (event.kind === "flushed") store.addFlush(event, block);
      else if (event.kind === "meterChanged") store.addMeter(event, block);
      else if (event.kind === "nullifiersSpent") {
        for (const owned of event.nullifiers.map((nullifier) => unspent.get(nullifier))) {
          if (!owned) continue;
          unspent.delete(owned.nullifier);
          store.spend(owned.position, block);
          spent.push(owned);
        }
      }
    }
    const found = findNotes(events, this.key);
    for (const { owned } of found.filter((one) => one.owned.note.amount > 0n)) {
      store.addNote(owned, block);
      unspent.set(owned.nullifier, owned);
    }
    if (found.length || spent.length) store.addTold(tell(origin, events, found, spent), block);
  }

  private async timed(origin: Origin): Promise<Origin> {
    if (origin.time) return origin;
    const block = await this.node.block(origin.block);
    if (!block) throw new Reorganised();
    return { ...origin, time: Number(block.timestamp) };
  }
}

/** The notes of a key's owner in a transaction; those whose opened values don't give the commitment are nobody's. */
export function findNotes(events: Event[], key: ViewingKey): Found[] {
  const found: Found[] = [];
  const blindings: bigint[] = [];
  for (const event of events) {
    if (event.kind !== "notesQueued") continue;
    const places = positionsOf(event);
    const positions = new Map(event.commitments.map((value, place) => [value, places[place]]));
    unseal(event.ciphertexts, key).forEach((box, place) => {
      if (box?.record?.secret) blindings.push(box.record.secret);
      if (box?.blinding !== undefined) blindings.push(box.blinding);
      const position = box?.note && positions.get(box.note.commitment);
      if (box?.note && position !== undefined && position !== null) {
        found.push({ owned: key.own(box.note, position), place, record: box.record, public: false });
      }
    });
  }
  const byNpk = new Map(blindings.map((blinding) => [poseidon([key.publicKey, blinding]), blinding]));
  for (const event of events.filter(isMade)) {
    const blinding = byNpk.get(event.npk);
    if (blinding === undefined) continue;
    const note = new Note(...madeBy(event), blinding, key.publicKey);
    found.push({ owned: key.own(note, event.position), place: 0, public: true });
  }
  return found;
}

/** Positions and commitments of all new notes, also of those that the contract made. */
export function newLeaves(events: Event[]): Map<number, bigint> {
  const leaves = new Map<number, bigint>();
  for (const event of events) {
    if (event.kind !== "notesQueued") continue;
    positionsOf(event).forEach((position, place) => {
      if (position !== null) leaves.set(position, event.commitments[place]);
    });
  }
  for (const event of events.filter(isMade)) {
    if (!leaves.has(event.position)) leaves.set(event.position, commitment(event.npk, ...madeBy(event)));
  }
  return leaves;
}

function isMade(event: Event): event is Shielded | Swapped {
  return event.kind === "shielded" || event.kind === "swapped";
}

/** Asset and amount of a note that the contract made. */
function madeBy(event: Shielded | Swapped): [Hex, bigint] {
  return event.kind === "shielded" ? [event.asset, event.amount] : [event.assetOut, event.amountOut];
}
