/** Which notes an operation spends: two at the most, of one tree; more are merged first, four into one. */

import { UserError } from "../errors";
import { treeOf, type OwnedNote } from "./note";

/** Notes that an operation spends. */
const INPUTS = 2;

/** Notes that a consolidation makes one of. */
const MERGED = 4;

/** Of so many notes, the smallest and the largest, the best pair is looked for. */
const PAIRS_TRIED = 64;

/** What is to be done before an operation, and which notes it spends.
 *
 * `consolidations` can go out together; once their notes are flushed, the next plan has one of the `rounds` less. `inputs`
 * is empty while there are rounds. `merges`: consolidations of all rounds together. */
export interface Plan {
  readonly inputs: OwnedNote[];
  readonly consolidations: OwnedNote[][];
  readonly rounds: number;
  readonly merges: number;
}

/** The notes for an operation that takes `needed` base units, fee included; all notes are of one asset.
 *
 * `spendable` are those in a tree, `waiting` those in the queue; each consolidation costs `mergeFee`. Throws UserError if
 * it can't be done, or not yet; `shown` writes amounts in it. */
export function select(
  spendable: OwnedNote[],
  waiting: OwnedNote[],
  needed: bigint,
  mergeFee = 0n,
  shown: (amount: bigint) => string = String,
): Plan {
  const byTree = new Map<number, OwnedNote[]>();
  for (const note of spendable) {
    const tree = treeOf(note.position);
    byTree.set(tree, [...(byTree.get(tree) ?? []), note]);
  }
  const plans = [...byTree]
    .sort(([one], [other]) => one - other)
    .map(([, notes]) => planWithin(notes, needed, mergeFee))
    .filter((plan) => plan !== null);
  if (plans.length) {
    return plans.reduce((best, plan) =>
      plan.rounds < best.rounds ||
      (plan.rounds === best.rounds && plan.consolidations.length < best.consolidations.length)
        ? plan
        : best,
    );
  }
  const [held, queued] = [worth(spendable), worth(waiting)];
  if (held + queued < needed) throw new UserError("fundsMissing", { needed: shown(needed), held: shown(held + queued) });
  if (held < needed) {
    throw new UserError("fundsWaiting", { needed: shown(needed), held: shown(held), queued: shown(queued) });
  }
  if (byTree.size > 1) {
    const best = [...byTree.values()].map(worth).reduce((most, sum) => (sum > most ? sum : most));
    throw new UserError("fundsInTrees", { trees: byTree.size, best: shown(best) });
  }
  throw new UserError("fundsForMerging", { needed: shown(needed) });
}

/** The plan within one tree, null if its notes aren't enough. */
function planWithin(notes: OwnedNote[], needed: bigint, mergeFee: bigint): Plan | null {
  const few = oneOrTwo(notes, needed);
  if (few.length) return { inputs: few, consolidations: [], rounds: 0, merges: 0 };
  const largest = [...notes].sort((one, other) => compare(other, one));
  for (let count = INPUTS + 1; count <= largest.length; count++) {
    const used = largest.slice(0, count);
    const groups = merged(used);
    let rounds = 1;
    let left = count - groups.reduce((sum, group) => sum + group.length - 1, 0);
    let merges = groups.length;
    while (left > INPUTS) {
      const sizes = sizesOf(left);
      left += sizes.length - sizes.reduce((sum, size) => sum + size, 0);
      merges += sizes.length;
      rounds++;
    }
    const pays = groups.every((group) => worth(group) > mergeFee);
    const isEnough = worth(used) - mergeFee * BigInt(merges) >= needed;
    if (pays && isEnough) return { inputs: [], consolidations: groups, rounds, merges };
  }
  return null;
}

/** The smallest note that is enough, else the pair that leaves least change, else nothing. */
function oneOrTwo(notes: OwnedNote[], needed: bigint): OwnedNote[] {
  const ordered = [...notes].sort(compare);
  const enough = ordered.find((note) => note.note.amount >= needed);
  if (enough) return [enough];
  const half = PAIRS_TRIED / 2;
  const tried = ordered.length <= PAIRS_TRIED ? ordered : [...ordered.slice(0, half), ...ordered.slice(-half)];
  let best: OwnedNote[] = [];
  tried.forEach((one, place) => {
    for (const other of tried.slice(place + 1)) {
      const sum = worth([one, other]);
      if (sum >= needed && (!best.length || sum < worth(best))) best = [one, other];
    }
  });
  return best;
}

/** Sizes of the groups that a round merges, so that two notes are left as soon as may be, with few merges. */
function sizesOf(count: number): number[] {
  if (count <= MERGED + 1) return [count - 1];
  if (count <= INPUTS * MERGED) return [MERGED, count - MERGED];
  return new Array<number>(Math.floor(count / MERGED)).fill(MERGED);
}

/** The groups that the first round merges, of notes in falling order: the smallest ones. */
function merged(notes: OwnedNote[]): OwnedNote[][] {
  let end = notes.length;
  return sizesOf(notes.length).map((size) => {
    end -= size;
    return notes.slice(end, end + size);
  });
}

function compare(one: OwnedNote, other: OwnedNote): number {
  const difference = one.note.amount - other.note.amount;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** What notes are worth together, in base units. */
export function worth(notes: OwnedNote[]): bigint {
  return notes.reduce((sum, note) => sum + note.note.amount, 0n);
}
