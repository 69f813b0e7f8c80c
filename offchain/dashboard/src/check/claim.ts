/** Figures that the service told, and whether the chain itself says the same. */

import type { Source, State } from "../api/source";
import type { Network } from "../chain/network";
import { Node } from "../chain/node";
import { UserError } from "../errors";
import type { FigureKey } from "../i18n/checkWords";
import { Witness, type Missing } from "./witness";

/** Figures by their words. They are the same if their texts are. */
export type Figures = { readonly [figure in FigureKey]?: string | number | bigint | boolean };

/** Figures as they were told, and how the chain tells them; `find` believes only contracts that the page's own network
 * file leads to. */
export interface Claim {
  readonly place: State | Source;
  readonly shown: Figures;
  readonly find: (witness: Witness, network: Network) => Promise<Figures | Missing>;
}

/** The chain says the same, says something else, or has no such thing. */
export type Verdict =
  | { readonly outcome: "same"; readonly block: number; readonly figures: number }
  | { readonly outcome: "differs"; readonly figure: FigureKey; readonly shown: string; readonly found: string }
  | { readonly outcome: "missing"; readonly what: Missing };

/** Asks the page's own node. Throws UserError if it knows none of that chain, or it doesn't answer. */
export async function check({ place, shown, find }: Claim, network: Network): Promise<Verdict> {
  const witness = new Witness(await nodeOf(place.chain, network), place);
  if (!(await witness.hasBlock())) return { outcome: "missing", what: "block" };
  const found = await find(witness, network);
  if (typeof found === "string") return { outcome: "missing", what: found };
  const names = Object.keys(shown) as FigureKey[];
  const wrong = names.find((name) => String(found[name]) !== String(shown[name]));
  if (wrong === undefined) return { outcome: "same", block: place.block, figures: names.length };
  return { outcome: "differs", figure: wrong, shown: String(shown[wrong]), found: String(found[wrong]) };
}

async function nodeOf(chain: number, { chainId, node: own, root }: Network): Promise<Node> {
  const url = chain === chainId ? own : chain === root?.chainId ? root.node : undefined;
  if (!url) throw new UserError("checkNoNode", { chain });
  const node = new Node(url);
  const found = await node.chainId();
  if (found !== chain) throw new UserError("wrongChain", { found, expected: chain });
  return node;
}
