/** A wallet with all its keys: everything that spends.
 *
 * Every operation goes out through a submitter, a relayer or an own account, and gives the mined transaction's hash. Notes
 * are merged first where an operation needs more than two. */

import { getAddress, isAddress, parseAbi, type Hex } from "viem";

import { assetAt, shownAmount } from "../chain/assets";
import type { Network } from "../chain/network";
import { UserError } from "../errors";
import { Delivery } from "../metering/delivery";
import { verifyReading, type Reading, type ReadingPath } from "../metering/readingsTree";
import { PARAMETERS } from "../zk/circuits";
import type { Prove } from "../zk/prover";
import type { Address } from "./address";
import type { Keys } from "./keys";
import { issueNullifier, METERS_LOOKED_FOR, settleNullifier, type OwnMeter, type ReadingProof } from "./meter";
import { AMOUNT_LIMIT, ETH } from "./asset";
import type { OwnedNote } from "./note";
import { Reader } from "./reader";
import type { Relay, Submitter } from "./relay";
import type { Operation, Request } from "./request";
import { select, type Plan } from "./selection";
import { Desk, type Quote } from "./trade";
import { Builder, type Send } from "./transaction";
import { RegistrationTree } from "./trees";
import type { Vault } from "./vault";

/** An operation can be mined for at least so long, at most for twice as long. */
const DEADLINE_SECONDS = 600;
const FLUSH_MILLISECONDS = 120_000;
const POLL_MILLISECONDS = 500;

const REGISTRY = parseAbi([
  "function microgridOf(address token) view returns (uint256)",
  "function mayHold(address token, address account) view returns (bool)",
  "function tokenOf(uint256 microgrid) view returns (address)",
  "function isMeterNullifierUsed(uint256 nullifier) view returns (bool)",
]);

/** What an operation takes beside its amount, in base units of the asset: the relayer's fee, and `merges` merges of notes
 * that must come first for `mergeFees` together. */
export interface Cost {
  readonly fee: bigint;
  readonly merges: number;
  readonly mergeFees: bigint;
}

type Build = (inputs: OwnedNote[], send: Send) => Promise<Request>;

/** A wallet that spends. Call `sync` first; operations use what was read last, and throw UserError. */
export class Wallet extends Reader {
  readonly desk: Desk;
  readonly delivery: Delivery;
  private readonly builder: Builder;

  constructor(
    private readonly keys: Keys,
    network: Network,
    prove: Prove,
    vault: Vault | null = null,
  ) {
    super(keys.viewing, network, vault);
    this.builder = new Builder(keys, network.chainId, network.pool, network.registry, this.trees, prove);
    this.desk = new Desk(this.node, network);
    this.delivery = new Delivery(this.node, network);
  }

  /** Pays base units of an asset to a receiver. */
  send(receiver: Address, amount: bigint, asset: Hex, submitter: Submitter): Promise<Hex> {
    const build: Build = (inputs, send) => this.builder.transfer(inputs, receiver, amount, send);
    return this.spend("transfer", asset, amount, build, submitter);
  }

  /** Pays base units of an asset out to a public account. */
  async unshield(recipient: string, amount: bigint, asset: Hex, submitter: Submitter): Promise<Hex> {
    const isPayable = isAddress(recipient) && BigInt(recipient) && getAddress(recipient) !== this.network.pool;
    if (!isPayable) throw new UserError("accountWrong", { account: recipient.slice(0, 50) });
    const account = getAddress(recipient);
    if (asset !== ETH && !(await this.mayHold(asset, account))) {
      throw new UserError("accountMayNotHold", { account, asset: assetAt(this.network, asset).name });
    }
    const build: Build = (inputs, send) => this.builder.unshield(inputs, account, amount, send);
    return this.spend("unshield", asset, amount, build, submitter);
  }

  /** Trades on the exchange. Throws UserError without a free slot of a meter that is large enough. */
  swap(quote: Quote, submitter: Submitter): Promise<Hex> {
    const build: Build = async (inputs, send) => {
      const allowance = await this.desk.allowance(quote, this.meters());
      return this.builder.swap(inputs, { ...quote, ...allowance }, send);
    };
    return this.spend("swap", quote.sold, quote.amount, build, submitter);
  }

  /** Takes what a meter exported in an epoch as a note. */
  async issue(meter: OwnMeter, epoch: bigint, reading: Reading, path: ReadingPath, submitter: Submitter): Promise<Hex> {
    const [asset, proof] = await this.openEpoch(meter, epoch, reading, path, issueNullifier(meter, epoch));
    if (!reading.exported) throw new UserError("exportedNothing", { epoch: String(epoch) });
    const relay = await submitter.relay("issue", asset);
    return submitter.submit(await this.builder.issue(asset, epoch, meter, proof, await this.going(relay)));
  }

  /** Burns `amount` base units against what a meter imported in an epoch. */
  async settle(
    meter: OwnMeter,
    epoch: bigint,
    reading: Reading,
    path: ReadingPath,
    amount: bigint,
    submitter: Submitter,
  ): Promise<Hex> {
    const [asset, proof] = await this.openEpoch(meter, epoch, reading, path, settleNullifier(meter, epoch));
    const imported = reading.imported * PARAMETERS.wattHour;
    if (amount > imported) throw new UserError("importedLess", { epoch: String(epoch), most: shownAmount(imported) });
    const build: Build = (inputs, send) => this.builder.settle(inputs, amount, epoch, meter, proof, send);
    return this.spend("settle", asset, amount, build, submitter);
  }

  /** What an operation would cost now. Throws UserError if the notes don't suffice, or not yet. */
  async cost(operation: Operation, asset: Hex, amount: bigint, submitter: Submitter): Promise<Cost> {
    const relay = await submitter.relay(operation, asset);
    const fee = relay?.fee ?? 0n;
    if (operation === "issue") return { fee, merges: 0, mergeFees: 0n };
    const { merges } = await this.plan(asset, amount + fee, submitter);
    const merging = merges ? await submitter.relay("consolidate", asset) : null;
    return { fee, merges, mergeFees: BigInt(merges) * (merging?.fee ?? 0n) };
  }

  /** The registered meters of this wallet, as last read, by number. */
  meters(): OwnMeter[] {
    const tree = new RegistrationTree(this.store.meters());
    const numbers = Array.from({ length: METERS_LOOKED_FOR }, (_, number) => number);
    return numbers.flatMap((number) => {
      const meter = tree.meters.get(this.keys.meterCommitment(number));
      if (!meter) return [];
      const { commitment, microgrid, capacity } = meter;
      return [{ secret: this.keys.meterSecret(number), commitment, microgrid, capacity, path: tree.path(meter) }];
    });
  }

  /** The token of a microgrid. */
  tokenOf(microgrid: bigint): Promise<Hex> {
    return this.node.ask<Hex>(this.network.registry, REGISTRY, "tokenOf", [microgrid]);
  }

  private async mayHold(asset: Hex, account: Hex): Promise<boolean> {
    const { registry } = this.network;
    const microgrid = await this.node.ask<bigint>(registry, REGISTRY, "microgridOf", [asset]);
    return !microgrid || this.node.ask<boolean>(registry, REGISTRY, "mayHold", [asset, account]);
  }

  private async spend(
    operation: Operation,
    asset: Hex,
    amount: bigint,
    build: Build,
    submitter: Submitter,
  ): Promise<Hex> {
    if (amount <= 0n) throw new UserError("amountZero");
    const relay = await submitter.relay(operation, asset);
    const needed = amount + (relay?.fee ?? 0n);
    if (needed >= AMOUNT_LIMIT) throw new UserError("amountLarge");
    let plan = await this.plan(asset, needed, submitter);
    while (plan.rounds) {
      const merging = await submitter.relay("consolidate", asset);
      for (const notes of plan.consolidations) {
        await submitter.submit(await this.builder.consolidate(notes, await this.going(merging)));
      }
      await this.awaitFlush(asset);
      plan = await this.plan(asset, needed, submitter);
    }
    return submitter.submit(await build(plan.inputs, await this.going(relay)));
  }

  /** Asks for the fee of merging only where notes have to be merged. */
  private async plan(asset: Hex, needed: bigint, submitter: Submitter): Promise<Plan> {
    const { spendable, waiting } = this.holding(asset);
    const plan = select(spendable, waiting, needed, 0n, shownAmount);
    if (!plan.rounds) return plan;
    const relay = await submitter.relay("consolidate", asset);
    return select(spendable, waiting, needed, relay?.fee ?? 0n, shownAmount);
  }

  /** Waits until all notes of an asset are in a tree. */
  private async awaitFlush(asset: Hex): Promise<void> {
    const end = Date.now() + FLUSH_MILLISECONDS;
    while (Date.now() < end) {
      await this.sync();
      if (!this.holding(asset).waiting.length) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
    throw new UserError("flushLate");
  }

  /** With a round deadline: an exact one would tell, beside the block's time, how long the proof took and so whose computer
   * it was made on. */
  private async going(relay: Relay | null): Promise<Send> {
    const deadline = (Math.floor((await this.node.time()) / DEADLINE_SECONDS) + 2) * DEADLINE_SECONDS;
    return { deadline, relay };
  }

  /** The microgrid's token and the proof of the reading. Throws UserError if the epoch can't be used. */
  private async openEpoch(
    meter: OwnMeter,
    epoch: bigint,
    reading: Reading,
    path: ReadingPath,
    nullifier: bigint,
  ): Promise<[Hex, ReadingProof]> {
    const named = { epoch: String(epoch) };
    const { root, openFrom } = await this.delivery.published(meter.microgrid, epoch);
    if (!openFrom) throw new UserError("readingUnpublished", named);
    const wait = Number(openFrom) - (await this.node.time());
    if (wait > 0) throw new UserError("epochCorrectable", { ...named, seconds: wait });
    const isPublished = reading.commitment === meter.commitment && verifyReading(root, epoch, reading, path);
    if (!isPublished) throw new UserError("readingWrong", named);
    if (reading.exported > meter.capacity || reading.imported > meter.capacity) throw new UserError("readingLarge", named);
    const { registry } = this.network;
    if (await this.node.ask<boolean>(registry, REGISTRY, "isMeterNullifierUsed", [nullifier])) {
      throw new UserError("epochDone", named);
    }
    return [await this.tokenOf(meter.microgrid), { reading, path, root }];
  }
}
