/** What an owner shows of its history to one auditor, as a file that only the auditor opens (docs/flows/disclosure.md). The
 * format is that of `offchain/wallet/disclosure.py`, which also checks it. */

import { keccak256, numberToHex, toBytes, type Hex } from "viem";

import { UserError } from "../errors";
import { MODULUS } from "../zk/field";
import { proofNumbers, type Proof } from "../zk/proof";
import { Address } from "./address";
import type { Note } from "./note";
import { pythonJson } from "./pythonJson";
import { sealedBox } from "./sealedBox";

const VERSION = 1;
const MARK = "openmg_disclosure";
export const LONGEST_PURPOSE = 200;

/** What a disclosure is about. */
export type Subject = "payment" | "statement" | "settlement";

/** A note that is shown: the counterparty's, one that the discloser got, or what came back of its own. `address` says whose
 * public key it has, "" where that isn't known. */
export interface Opening {
  readonly role: "payment" | "received" | "change";
  readonly note: Note;
  readonly address: string;
}

/** A proof of `joinsplit` that repeats nullifiers of a transaction under the disclosure's context. */
export interface SpendingProof {
  readonly proof: Proof;
  readonly signals: bigint[];
}

/** What a settlement's receipt is the hash of; `burned` in base units, `meter` its commitment. */
export interface SettlementOpening {
  readonly microgrid: bigint;
  readonly epoch: bigint;
  readonly meter: bigint;
  readonly burned: bigint;
  readonly blinding: bigint;
}

/** What is shown of one transaction. `kind` is the word of the owner's history. */
export interface Line {
  readonly transaction: Hex;
  readonly kind: string;
  readonly openings: Opening[];
  readonly proofs: SpendingProof[];
  readonly settlement?: SettlementOpening;
}

/** Who is shown what, and why. `owner` is the discloser's address, "" where that stays hidden; times are Unix time, `since`
 * and `until` of a statement, else 0. */
export interface Header {
  readonly subject: Subject;
  readonly chainId: number;
  readonly pool: Hex;
  readonly auditor: string;
  readonly purpose: string;
  readonly made: number;
  readonly owner: string;
  readonly since: number;
  readonly until: number;
}

/** A purpose as a person wrote it. Throws UserError unless it is one line that can be printed. */
export function parsePurpose(text: string): string {
  const purpose = text.trim();
  const isFine = /^(?:[^\p{C}\p{Z}]| )+$/u.test(purpose) && [...purpose].length <= LONGEST_PURPOSE;
  if (!isFine) throw new UserError("disclosePurpose", { longest: LONGEST_PURPOSE });
  return purpose;
}

/** What proofs of spending are bound to: a hash that no operation of the pool has. */
export function contextOf(header: Header, transaction: Hex): bigint {
  const text = pythonJson([MARK, VERSION, ...Object.values(headerContent(header)), transaction]);
  return BigInt(keccak256(toBytes(text))) % MODULUS;
}

/** The file for the auditor, one line of JSON that holds nothing readable but the auditor's address. */
export function sealed(header: Header, lines: Line[]): string {
  const content = { header: headerContent(header), lines: lines.map(lineContent) };
  const auditor = Address.parse(header.auditor);
  const box = sealedBox(toBytes(JSON.stringify(content)), auditor.encryptionKey);
  return JSON.stringify({ [MARK]: VERSION, auditor: auditor.toString(), box: base64(box) });
}

/** The order counts: the context is a hash of it. */
function headerContent(header: Header): { [name: string]: string | number } {
  const { subject, chainId, pool, auditor, purpose, made, owner, since, until } = header;
  return { subject, chain_id: chainId, pool, auditor, purpose, made, owner, since, until };
}

function lineContent({ transaction, kind, openings, proofs, settlement }: Line): object {
  const content = { transaction, kind, openings: openings.map(openingContent), proofs: proofs.map(proofContent) };
  return settlement ? { ...content, settlement: hexadecimal(settlement) } : content;
}

function openingContent({ role, note, address }: Opening): object {
  const { asset, amount, blinding, owner } = note;
  return { role, asset, ...hexadecimal({ amount, blinding, public_key: owner }), address };
}

function proofContent({ proof, signals }: SpendingProof): object {
  return { proof: proofNumbers(proof).map((number) => numberToHex(number)), signals: signals.map((one) => numberToHex(one)) };
}

function hexadecimal(numbers: { [name: string]: bigint } | SettlementOpening): { [name: string]: Hex } {
  return Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, numberToHex(number as bigint)]));
}

function base64(data: Uint8Array): string {
  return btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(""));
}
