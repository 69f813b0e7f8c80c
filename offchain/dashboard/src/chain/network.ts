/** Where the page finds its chain and services: `network.json` beside it, written by whoever serves the page. */

import { getAddress, isAddress, type Hex } from "viem";

import { UserError } from "../errors";

/** A chain, its contracts, and the services that are used on it. `relayer`, `bundles` and `api` may be missing. */
export interface Network {
  readonly chainId: number;
  readonly node: string;
  readonly pool: Hex;
  readonly registry: Hex;
  readonly factory: Hex;
  /** Energy tokens by their microgrid's name. */
  readonly tokens: { readonly [name: string]: Hex };
  readonly relayer?: string;
  readonly bundles?: string;
  readonly api?: string;
  /** Where the circuits' files are, ending in a slash. */
  readonly keys: string;
}

/** The network of a parsed `network.json`; URLs in it may be relative to `base`. Throws UserError if something in it is not
 * what it should be. */
export function networkOf(content: unknown, base: string): Network {
  const found = content as Record<string, unknown>;
  try {
    const tokens = Object.entries(found.tokens as Record<string, unknown>);
    const [relayer, bundles, api] = [found.relayer, found.bundles, found.api].map((url) => optionalUrl(url, base));
    return {
      chainId: positive(found.chain_id),
      node: urlOf(found.node, base),
      pool: address(found.pool),
      registry: address(found.registry),
      factory: address(found.factory),
      tokens: Object.fromEntries(tokens.map(([name, token]) => [name, address(token)])),
      relayer,
      bundles,
      api,
      keys: urlOf(found.keys, base),
    };
  } catch {
    throw new UserError("networkFile");
  }
}

/** The network that the page's origin names. Throws UserError if it doesn't answer. */
export async function fetchNetwork(base: string): Promise<Network> {
  let content: unknown;
  try {
    const answer = await fetch(new URL("network.json", base), { cache: "no-cache" });
    content = await answer.json();
  } catch {
    throw new UserError("networkFile");
  }
  return networkOf(content, base);
}

function positive(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value <= 0) throw new TypeError();
  return value;
}

function address(value: unknown): Hex {
  if (typeof value !== "string" || !isAddress(value)) throw new TypeError();
  return getAddress(value);
}

function urlOf(value: unknown, base: string): string {
  if (typeof value !== "string") throw new TypeError();
  const url = new URL(value, base);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new TypeError();
  return url.href;
}

function optionalUrl(value: unknown, base: string): string | undefined {
  return value === undefined || value === null ? undefined : urlOf(value, base);
}
