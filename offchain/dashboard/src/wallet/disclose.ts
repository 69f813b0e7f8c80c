/** Makes disclosures from a wallet's keys and the chain (docs/flows/disclosure.md). */

import type { Hex } from "viem";

import { UserError } from "../errors";
import { PARAMETERS } from "../zk/circuits";
import { randomElement } from "../zk/field";
import { poseidon } from "../zk/poseidon";
import type { Inputs, Prove } from "../zk/prover";
import { Address } from "./address";
import { Act, type Record } from "./ciphertext";
import {
  contextOf,
  parsePurpose,
  sealed,
  type Header,
  type Line,
  type Opening,
  type SettlementOpening,
  type SpendingProof,
  type Subject,
} from "./disclosure";
import type { Found } from "./history";
import type { Keys } from "./keys";
import { METERS_LOOKED_FOR } from "./meter";
import { Note, type OwnedNote } from "./note";
import type { Reader } from "./reader";
import { findNotes } from "./scan";
import { spentInputs } from "./transaction";
import { readTransaction, type Shown } from "./transactions";
import { worth } from "./selection";

/** Notes that one proof of spending is about. */
const INPUTS = 2;

/** What is to be shown: a transaction, or all from `since` to before `until` (Unix time). */
export type Wanted =
  | { readonly subject: "payment" | "settlement"; readonly transaction: Hex }
  | { readonly subject: "statement"; readonly since: number; readonly until: number };

/** Is told which line of a statement is made. */
export type DisclosureProgress = (line: number, count: number) => void;

/** Discloses to one auditor. The wallet must have been read. It throws UserError. */
export class Discloser {
  private readonly purpose: string;

  constructor(
    private readonly wallet: Reader,
    private readonly keys: Keys,
    private readonly prove: Prove,
    private readonly auditor: Address,
    purpose: string,
    private readonly progress: DisclosureProgress = () => undefined,
  ) {
    this.purpose = parsePurpose(purpose);
  }

  /** The file of what is wanted. */
  disclose(wanted: Wanted): Promise<string> {
    if (wanted.subject === "statement") return this.statement(wanted.since, wanted.until);
    return wanted.subject === "payment" ? this.payment(wanted.transaction) : this.settlement(wanted.transaction);
  }

  /** That a payment went to its receiver. By who paid: with a proof of that, but what was held stays hidden. By who
   * received: the opening alone. */
  private async payment(transaction: Hex): Promise<string> {
    const header = await this.header("payment");
    const shown = await this.read(transaction);
    const found = findNotes(shown.events, this.keys.viewing);
    const [paid] = found.flatMap((one) => this.paid(one, shown));
    const spent = this.spent(shown);
    if (paid && spent.length) {
      const proofs = await this.proofs(spent.slice(0, 1), contextOf(header, transaction), false);
      return sealed(header, [{ transaction, kind: "sent", openings: [paid], proofs }]);
    }
    const openings = found.filter(isReal).map((one) => this.ownOpening("received", one));
    if (!openings.length || spent.length) throw new UserError("discloseNoPayment", { transaction });
    return sealed(header, [{ transaction, kind: "received", openings, proofs: [] }]);
  }

  /** Everything in the history from `since` to before `until` (Unix time). Takes seconds for each transaction that spent. */
  private async statement(since: number, until: number): Promise<string> {
    const header = await this.header("statement", since, until);
    if (!(since < until)) throw new UserError("disclosePeriod");
    const entries = this.wallet.history().filter(({ time }) => time >= since && time < until);
    const kinds = new Map(entries.map(({ transaction, kind }) => [transaction, kind]));
    if (!kinds.size) throw new UserError("discloseNothing");
    const lines: Line[] = [];
    for (const [transaction, kind] of kinds) {
      this.progress(lines.length + 1, kinds.size);
      lines.push(await this.line(header, transaction, kind));
    }
    return sealed(header, lines);
  }

  /** What a settlement burned, for the microgrid's operator. */
  private async settlement(transaction: Hex): Promise<string> {
    const header = await this.header("settlement");
    const [settlement] = this.settlements(await this.read(transaction));
    if (!settlement) throw new UserError("discloseNoSettlement", { transaction });
    return sealed(header, [{ transaction, kind: "settled", openings: [], proofs: [], settlement }]);
  }

  private async line(header: Header, transaction: Hex, kind: string): Promise<Line> {
    const shown = await this.read(transaction);
    const spent = this.spent(shown);
    const openings = new Map<bigint, Opening>();
    for (const found of findNotes(shown.events, this.keys.viewing)) {
      const paid = spent.length ? this.paid(found, shown) : [];
      for (const one of paid) openings.set(one.note.commitment, one);
      if (!isReal(found)) continue;
      const own = this.ownOpening(spent.length && found.record ? "change" : "received", found);
      if (!openings.has(own.note.commitment)) openings.set(own.note.commitment, own);
    }
    const proofs = await this.proofs(spent, contextOf(header, transaction), true);
    const [settlement] = this.settlements(shown);
    return { transaction, kind, openings: [...openings.values()], proofs, settlement };
  }

  /** Proofs that never go on chain: their notes are spent, and their context is of no operation. */
  private async proofs(spent: OwnedNote[], context: bigint, isTotalShown: boolean): Promise<SpendingProof[]> {
    const proofs: SpendingProof[] = [];
    for (let at = 0; at < spent.length; at += INPUTS) {
      const pair = at + 1 < spent.length ? spent.slice(at, at + INPUTS) : [spent[at], spent[at]];
      const [asset, total] = [BigInt(pair[0].note.asset), worth(pair)];
      const inputs: Inputs = {
        ...spentInputs(this.keys.spendingKey, this.wallet.paths(pair), pair, INPUTS),
        asset,
        publicAsset: isTotalShown ? asset : 0n,
        publicAmount: isTotalShown ? total : 0n,
        contextHash: context,
        outputKeys: isTotalShown ? [0n, 0n, 0n] : [randomElement(), randomElement(), 0n],
        outputAmounts: [isTotalShown ? 0n : total, 0n, 0n],
        relayerVoid: 1n,
      };
      proofs.push(await this.prove("joinsplit", inputs));
    }
    return proofs;
  }

  private settlements(shown: Shown): SettlementOpening[] {
    const records = findNotes(shown.events, this.keys.viewing).flatMap(({ record }) => record ?? []);
    const meters = Array.from({ length: METERS_LOOKED_FOR }, (_, number) => this.keys.meterCommitment(number));
    return records
      .filter(({ act }) => act === Act.settle)
      .flatMap(({ amount: burned, secret: blinding }) =>
        shown.events.flatMap((event) => {
          if (event.kind !== "settled") return [];
          const { microgrid, epoch, receipt } = event;
          const meter = meters.find((one) => poseidon([PARAMETERS.tags.receipt, one, burned, blinding]) === receipt);
          return meter === undefined ? [] : [{ microgrid, epoch, meter, burned, blinding }];
        }),
      );
  }

  /** The note that a transfer paid, from the record beside its change; none where there is no such note. */
  private paid({ owned, record }: Found, shown: Shown): Opening[] {
    if (record?.act !== Act.transfer) return [];
    const receiver = receiverOf(record);
    if (!receiver) return [];
    const note = new Note(owned.note.asset, record.amount, record.secret, receiver.publicKey);
    return shown.commitments.has(note.commitment) ? [{ role: "payment", note, address: receiver.toString() }] : [];
  }

  private ownOpening(role: Opening["role"], { owned }: Found): Opening {
    return { role, note: owned.note, address: this.keys.address.toString() };
  }

  private spent({ nullifiers }: Shown): OwnedNote[] {
    return this.wallet.spent().filter(({ nullifier }) => nullifiers.has(nullifier));
  }

  private read(transaction: Hex): Promise<Shown> {
    const { node, network } = this.wallet;
    return readTransaction(node, transaction, [network.pool, network.registry]);
  }

  private async header(subject: Subject, since = 0, until = 0): Promise<Header> {
    const { node, network } = this.wallet;
    const { chainId, pool } = network;
    const named = { subject, chainId, pool, auditor: this.auditor.toString(), purpose: this.purpose };
    const owner = subject === "statement" ? this.keys.address.toString() : "";
    return { ...named, made: await node.time(), owner, since, until };
  }
}

function isReal({ owned }: Found): boolean {
  return owned.note.amount > 0n;
}

function receiverOf({ counterparty }: Record): Address | null {
  try {
    return Address.fromBytes(counterparty);
  } catch {
    return null; // anybody writes records: one that names no address tells nothing
  }
}
