/** What stands in `Terms.ciphertexts`: the new notes, each encrypted to its owner (docs/reference/wallet-formats.md).
 *
 *     1   version
 *     32  ephemeral X25519 public key, new for every operation
 *     then per note: 1 kind, 16 authenticator, the encrypted content of the kind's length
 *
 * Boxes are NaCl's `crypto_box` (X25519, XSalsa20-Poly1305). The nonce is the box's number and kind: the ephemeral key is
 * used once, so no key ever sees a nonce twice. Numbers are big-endian. */

import nacl from "tweetnacl";
import { bytesToBigInt, bytesToHex, concat, getAddress, hexToBytes, numberToBytes, type Hex } from "viem";

import { MODULUS } from "../zk/field";
import { isOfSmallOrder } from "./address";
import type { ViewingKey } from "./keys";
import { Note } from "./note";

const VERSION = 1;
const KEY_BYTES = 32;
const AUTHENTICATOR_BYTES = 16;

/** What a box holds: a note; a note of the sender's own with the record of what was done; the blinding of a note whose
 * asset and amount the chain knows. */
export const Kind = { note: 1, ownNote: 2, blinding: 3 } as const;

/** What a record tells of. */
export const Act = { transfer: 1, consolidate: 2, unshield: 3, swap: 4, issue: 5, settle: 6 } as const;
export type Act = (typeof Act)[keyof typeof Act];

const NOTE_BYTES = 68;
const RECORD_BYTES = 129;
const LENGTHS = new Map<number, number>([
  [Kind.note, NOTE_BYTES],
  [Kind.ownNote, NOTE_BYTES + RECORD_BYTES],
  [Kind.blinding, 32],
]);
const COUNTERPARTY_BYTES = 64;

/** What the sender did, for itself alone. `amount` and `fee` are base units of the notes' asset.
 *
 * `counterparty`, by act: the receiver's address; the recipient's account (20); the asset wanted (20); microgrid and epoch
 * (32 each); filled up with zeros. `secret`: the blinding of a transfer's note, of a swap's output, or of a settlement's
 * receipt. */
export interface Record {
  readonly act: Act;
  readonly amount: bigint;
  readonly fee: bigint;
  readonly counterparty: Uint8Array;
  readonly secret: bigint;
}

/** What is sealed: a note, an own note with its record, or a blinding alone; and the X25519 public key to encrypt to. */
export interface Content {
  readonly key: Uint8Array;
  readonly note?: Note;
  readonly record?: Record;
  readonly blinding?: bigint;
}

/** What a box held: a note made out to this wallet, perhaps with a record, or a blinding alone. */
export type Opened = Omit<Content, "key">;

/** The ciphertexts of an operation's notes, in the order of its commitments. */
export function seal(contents: Content[]): Uint8Array {
  return sealWith(nacl.box.keyPair(), contents);
}

/** As `seal`, with a given ephemeral key, which must serve once. */
export function sealWith(ephemeral: nacl.BoxKeyPair, contents: Content[]): Uint8Array {
  const boxes = contents.map((content, number) => {
    const [kind, data] = encoded(content);
    const shared = nacl.box.before(content.key, ephemeral.secretKey);
    return concat([Uint8Array.of(kind), nacl.box.after(data, nonce(number, kind), shared)]);
  });
  return concat([Uint8Array.of(VERSION), ephemeral.publicKey, ...boxes]);
}

/** What each box holds for the owner of `key`; null for others' boxes and for anything malformed.
 *
 * Never throws: strangers write these bytes. Whether a note is really there is told by its commitment alone. */
export function unseal(ciphertexts: Uint8Array, key: ViewingKey): (Opened | null)[] {
  const boxes = [...split(ciphertexts)];
  const ephemeral = ciphertexts.subarray(1, 1 + KEY_BYTES);
  if (!boxes.length || isOfSmallOrder(ephemeral)) return boxes.map(() => null);
  const shared = nacl.box.before(ephemeral, key.decryptionKey);
  return boxes.map(([kind, box], number) => opened(number, kind, box, shared, key.publicKey));
}

function* split(data: Uint8Array): Generator<[number, Uint8Array]> {
  if (data.length <= KEY_BYTES || data[0] !== VERSION) return;
  for (let at = 1 + KEY_BYTES; at < data.length; ) {
    const length = LENGTHS.get(data[at]);
    const end = at + 1 + AUTHENTICATOR_BYTES + (length ?? 0);
    if (length === undefined || end > data.length) return;
    yield [data[at], data.subarray(at + 1, end)];
    at = end;
  }
}

function opened(number: number, kind: number, box: Uint8Array, shared: Uint8Array, owner: bigint): Opened | null {
  const data = nacl.box.open.after(box, nonce(number, kind), shared);
  if (!data) return null;
  if (kind === Kind.blinding) {
    const blinding = bytesToBigInt(data);
    return blinding < MODULUS ? { blinding } : null;
  }
  const blinding = bytesToBigInt(data.slice(36, NOTE_BYTES));
  const record = kind === Kind.ownNote ? recordOf(data.slice(NOTE_BYTES)) : undefined;
  if (blinding >= MODULUS || record === null) return null;
  const note = new Note(accountOf(data), bytesToBigInt(data.slice(20, 36)), blinding, owner);
  return record ? { note, record } : { note };
}

/** The checksummed address in the first 20 bytes. */
export function accountOf(data: Uint8Array): Hex {
  return getAddress(bytesToHex(data.slice(0, 20)));
}

function nonce(number: number, kind: number): Uint8Array {
  const bytes = new Uint8Array(nacl.box.nonceLength);
  bytes.set([number, kind]);
  return bytes;
}

function encoded({ note, record, blinding }: Content): [number, Uint8Array] {
  if (!note) return [Kind.blinding, word(blinding!)];
  const data = concat([hexToBytes(note.asset), numberToBytes(note.amount, { size: 16 }), word(note.blinding)]);
  return record ? [Kind.ownNote, concat([data, recordBytes(record)])] : [Kind.note, data];
}

function recordBytes({ act, amount, fee, counterparty, secret }: Record): Uint8Array {
  const filled = new Uint8Array(COUNTERPARTY_BYTES);
  filled.set(counterparty);
  const numbers = [amount, fee].map((number) => numberToBytes(number, { size: 16 }));
  return concat([Uint8Array.of(act), ...numbers, filled, word(secret)]);
}

/** Null for an act that there isn't and a secret that is no field element. */
function recordOf(data: Uint8Array): Record | null {
  const act = Object.values(Act).find((known) => known === data[0]);
  const secret = bytesToBigInt(data.slice(97));
  if (!act || secret >= MODULUS) return null;
  const [amount, fee] = [data.slice(1, 17), data.slice(17, 33)].map((part) => bytesToBigInt(part));
  return { act, amount, fee, counterparty: data.slice(33, 97), secret };
}

function word(number: bigint): Uint8Array {
  return numberToBytes(number, { size: 32 });
}
