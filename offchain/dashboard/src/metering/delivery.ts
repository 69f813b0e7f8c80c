/** How an owner gets its meter's reading of an epoch: the whole bundle is fetched, and its own part opened here.
 *
 * Whoever serves bundles sees that somebody wants an epoch of a microgrid, and not which meter. What it serves is held
 * against the hash on chain, and the part against the root. */

import { sha256 } from "@noble/hashes/sha2";
import { bytesToHex } from "@noble/hashes/utils";
import { decodeAbiParameters, keccak256, numberToHex, parseAbi, parseAbiParameters, toBytes } from "viem";

import type { Network } from "../chain/network";
import type { Node } from "../chain/node";
import { UserError } from "../errors";
import type { OwnMeter } from "../wallet/meter";
import { Bundle } from "./bundle";
import { readingKey } from "./card";
import { verifyReading, type Reading, type ReadingPath } from "./readingsTree";

const ABI = parseAbi([
  "struct Epoch { uint256 root; uint64 exported; uint64 imported; uint64 openFrom; bool opened; }",
  "function readingsOf(uint256 microgrid, uint256 epoch) view returns (Epoch)",
]);
/** The event of published readings. */
export const PUBLISHED = keccak256(toBytes("ReadingsPublished(uint256,uint256,uint256,uint64,uint64,bytes32)"));
const PUBLISHED_DATA = parseAbiParameters("uint256 root, uint64 exported, uint64 imported, bytes32 dataHash");
const FETCH_MILLISECONDS = 60_000;

/** What was published of an epoch; `openFrom`: from when on it can be used (Unix time), 0 if nothing was published. */
export interface Published {
  readonly root: bigint;
  readonly openFrom: bigint;
}

/** Readings of one network's microgrids. */
export class Delivery {
  constructor(
    private readonly node: Node,
    private readonly network: Network,
  ) {}

  /** What the chain has of an epoch. */
  published(microgrid: bigint, epoch: bigint): Promise<Published> {
    return this.node.ask<Published>(this.network.registry, ABI, "readingsOf", [microgrid, epoch]);
  }

  /** A meter's reading of an epoch and the path that proves it. Throws UserError if nothing was published, the bundle can't
   * be had, or it has no right part for the meter. */
  async reading(meter: OwnMeter, epoch: bigint): Promise<[Reading, ReadingPath]> {
    const { root } = await this.published(meter.microgrid, epoch);
    const name = await this.bundleOf(meter.microgrid, epoch, root);
    const part = Bundle.parse(await this.fetched(name)).open(meter.commitment, readingKey(meter.secret));
    if (!part) throw new UserError("readingMissing", { epoch: String(epoch) });
    if (!verifyReading(root, epoch, ...part)) throw new UserError("readingWrong", { epoch: String(epoch) });
    return part;
  }

  /** The hash of the bundle with the root that holds now, in hex without prefix. */
  private async bundleOf(microgrid: bigint, epoch: bigint, root: bigint): Promise<string> {
    const { registry } = this.network;
    const first = await this.node.firstBlockWithCode(registry);
    const topics = [PUBLISHED, ...[microgrid, epoch].map((number) => numberToHex(number, { size: 32 }))];
    const logs = await this.node.logs([registry], first, await this.node.height(), topics);
    const names = logs.map((log) => decodeAbiParameters(PUBLISHED_DATA, log.data)).filter(([found]) => found === root);
    if (!names.length) throw new UserError("readingUnpublished", { epoch: String(epoch) });
    return names[names.length - 1][3].slice(2);
  }

  private async fetched(name: string): Promise<Uint8Array> {
    if (!this.network.bundles) throw new UserError("bundlesMissing");
    let data: Uint8Array;
    try {
      const url = `${this.network.bundles.replace(/\/$/, "")}/${name}.bin`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_MILLISECONDS), credentials: "omit" });
      if (!answer.ok) throw new TypeError(answer.statusText);
      data = new Uint8Array(await answer.arrayBuffer());
    } catch {
      throw new UserError("bundleSilent");
    }
    if (bytesToHex(sha256(data)) !== name) throw new UserError("bundleDamaged");
    return data;
  }
}
