/** Which epochs a meter can still be issued or settled for, told by public events of its microgrid: the node isn't asked for
 * nullifiers that aren't on chain yet. */

import { decodeAbiParameters, keccak256, numberToHex, parseAbi, parseAbiParameters, toBytes } from "viem";

import type { Network } from "../chain/network";
import type { Node } from "../chain/node";
import { PUBLISHED } from "../metering/delivery";
import type { RawLog } from "./events";
import { issueNullifier, settleNullifier, type OwnMeter } from "./meter";

const ABI = parseAbi([
  "struct Microgrid { address operator; uint24 epochLength; uint32 correctionWindow; uint24 priceWindow; uint16 maxDeviation; }",
  "function rulesOf(uint256 microgrid) view returns (Microgrid)",
]);
const [ISSUED, SETTLED] = ["Issued(uint256,uint256,uint256)", "Settled(uint256,uint256,uint256,uint256)"].map((event) =>
  keccak256(toBytes(event)),
);
const NULLIFIER = parseAbiParameters("uint256 meterNullifier");

/** How far back epochs are offered, in seconds, and how many of them at most: nodes take no more topics at once. */
const LOOK_BACK = 7 * 24 * 60 * 60;
const MOST = 700;

/** Seconds of an epoch, and after its publication in which it can be corrected. */
export interface EpochRules {
  readonly epochLength: number;
  readonly correctionWindow: number;
}

/** An epoch, from `since` to before `until` (Unix time). */
export interface Epoch {
  readonly number: bigint;
  readonly since: number;
  readonly until: number;
}

/** Epochs that can be used now, newest first. */
export interface OpenEpochs {
  readonly issue: Epoch[];
  readonly settle: Epoch[];
}

/** The last days' open epochs of a meter. What it counted in them isn't known here. Throws UserError. */
export async function openEpochs(node: Node, network: Network, meter: OwnMeter): Promise<OpenEpochs> {
  const { registry } = network;
  const rules = await node.ask<EpochRules>(registry, ABI, "rulesOf", [meter.microgrid]);
  const now = await node.time();
  const topics = [[PUBLISHED, ISSUED, SETTLED], topic(meter.microgrid), lastEpochs(rules, now).map(topic)];
  const first = await node.firstBlockWithCode(registry);
  const logs = await node.logs([registry], first, await node.height(), topics);
  return usable(await Promise.all(logs.map((log) => timed(node, log))), meter, rules, now);
}

/** Numbers of the epochs that are over at `now` (Unix time) and can be offered, newest first. */
export function lastEpochs({ epochLength }: EpochRules, now: number): bigint[] {
  const running = Math.floor(now / epochLength);
  const count = Math.min(MOST, Math.ceil(LOOK_BACK / epochLength), running);
  return Array.from({ length: count }, (_, back) => BigInt(running - 1 - back));
}

/** The epochs that were published, can't be corrected any more at `now`, and that the meter wasn't used for. */
export function usable(logs: RawLog[], meter: OwnMeter, rules: EpochRules, now: number): OpenEpochs {
  const published = new Map<bigint, number>();
  const used = new Set<bigint>();
  for (const { topics, data, blockTimestamp } of logs) {
    const epoch = BigInt(topics[2]);
    if (topics[0] !== PUBLISHED) used.add(decodeAbiParameters(NULLIFIER, data)[0]);
    else if (!published.has(epoch)) published.set(epoch, Number(blockTimestamp)); // later ones are corrections
  }
  const open = [...published].filter(([, time]) => time + rules.correctionWindow <= now).map(([epoch]) => epoch);
  const newest = open.sort((one, other) => Number(other - one));
  const left = (nullifier: typeof issueNullifier): Epoch[] =>
    newest.filter((epoch) => !used.has(nullifier(meter, epoch))).map((epoch) => spanOf(epoch, rules));
  return { issue: left(issueNullifier), settle: left(settleNullifier) };
}

function spanOf(number: bigint, { epochLength }: EpochRules): Epoch {
  const since = Number(number) * epochLength;
  return { number, since, until: since + epochLength };
}

/** Not every node tells a log's time. */
async function timed(node: Node, log: RawLog): Promise<RawLog> {
  if (log.blockTimestamp || log.topics[0] !== PUBLISHED) return log;
  return { ...log, blockTimestamp: (await node.block(Number(log.blockNumber)))?.timestamp };
}

function topic(number: bigint) {
  return numberToHex(number, { size: 32 });
}
