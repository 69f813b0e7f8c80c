/** Where the page finds its chain and services: `network.json` beside it, written by whoever serves the page. */

import { getAddress, isAddress, type Hex } from "viem";

import { UserError } from "../errors";

/** The root chain, as far as its node and the plasma chain's contracts on it are known. */
export interface RootChain {
  readonly chainId: number;
  readonly node: string;
  readonly checkpoints: Hex;
  readonly vault: Hex;
  readonly challenges: Hex;
}

/** A chain, its contracts, and the services that are used on it. What is optional may be missing. */
export interface Network {
  readonly chainId: number;
  readonly node: string;
  readonly pool: Hex;
  readonly registry: Hex;
  readonly factory: Hex;
  /** Energy tokens by their microgrid's name. */
  readonly tokens: { readonly [name: string]: Hex };
  /** The registry of the model chain's headers. */
  readonly models?: Hex;
  readonly root?: RootChain;
  readonly relayer?: string;
  readonly bundles?: string;
  readonly api?: string;
  /** The time zone of the microgrids' days and hours. */
  readonly zone?: string;
  /** Where the circuits' files are, ending in a slash. */
  readonly keys: string;
}

/** The network of a parsed `network.json`; URLs in it may be relative to `base`. Throws UserError if something in it is not
 * what it should be. */
export function networkOf(content: unknown, base: string): Network {
  const found = content as Record<string, unknown>;
  try {
    const tokens = Object.entries(found.tokens as Record<string, unknown>);
    const [relayer, bundles, api] = [found.relayer, found.bundles, found.api].map((url) =>
      optional(url, (given) => urlOf(given, base)),
    );
    return {
      chainId: positive(found.chain_id),
      node: urlOf(found.node, base),
      pool: address(found.pool),
      registry: address(found.registry),
      factory: address(found.factory),
      tokens: Object.fromEntries(tokens.map(([name, token]) => [name, address(token)])),
      models: optional(found.models, address),
      root: optional(found.root, (root) => rootOf(root, base)),
      relayer,
      bundles,
      api,
      zone: optional(found.zone, zoneOf),
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

/** A zone that the browser knows. Throws RangeError for another. */
function zoneOf(value: unknown): string {
  if (typeof value !== "string") throw new TypeError();
  new Intl.DateTimeFormat("en", { timeZone: value });
  return value;
}

function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : read(value);
}

function rootOf(value: unknown, base: string): RootChain {
  const found = value as Record<string, unknown>;
  return {
    chainId: positive(found.chain_id),
    node: urlOf(found.node, base),
    checkpoints: address(found.checkpoints),
    vault: address(found.vault),
    challenges: address(found.challenges),
  };
}
