/** What an owner gives away to be paid: a public key for notes and one for their encryption, as one text. */

import { bech32m } from "@scure/base";
import nacl from "tweetnacl";
import { bytesToBigInt, concat, numberToBytes } from "viem";

import { UserError } from "../errors";
import { MODULUS } from "../zk/field";

const PREFIX = "openmg";
const LENGTH = 64;
/** Characters up to which the checksum detects any error of three characters. */
const LONGEST = 1023;

/** A public key (`Poseidon(1, spending key)`) and the X25519 public key that notes are encrypted to. */
export class Address {
  constructor(
    readonly publicKey: bigint,
    readonly encryptionKey: Uint8Array,
  ) {}

  toString(): string {
    return encoded(PREFIX, this.toBytes());
  }

  /** Both keys, 32 bytes each, the first big-endian. */
  toBytes(): Uint8Array {
    return concat([numberToBytes(this.publicKey, { size: 32 }), this.encryptionKey]);
  }

  /** The address of 64 bytes. Throws UserError if one of the keys is none. */
  static fromBytes(data: Uint8Array): Address {
    const publicKey = bytesToBigInt(data.slice(0, 32));
    const encryptionKey = data.slice(32);
    if (data.length !== LENGTH || publicKey >= MODULUS || isOfSmallOrder(encryptionKey)) {
      throw new UserError("addressKeys");
    }
    return new Address(publicKey, encryptionKey);
  }

  /** The address of a text. Throws UserError, which says what is wrong with it. */
  static parse(text: string): Address {
    return Address.fromBytes(decoded(text, PREFIX, LENGTH));
  }
}

/** Bech32m text of data under a prefix. Source: BIP-350. */
export function encoded(prefix: string, data: Uint8Array): string {
  return bech32m.encode(prefix, bech32m.toWords(data), LONGEST);
}

/** The `length` bytes behind a text with that prefix. Throws UserError if the text is of something else, or has a wrong
 * character. */
export function decoded(text: string, prefix: string, length: number): Uint8Array {
  let found: { prefix: string; words: number[] };
  let data: Uint8Array;
  try {
    found = bech32m.decode(text.trim() as `${string}1${string}`, LONGEST);
    data = bech32m.fromWords(found.words);
  } catch {
    throw new UserError("textDamaged", { prefix });
  }
  if (found.prefix !== prefix) throw new UserError("textOther", { prefix, found: found.prefix.slice(0, 20) });
  if (data.length !== length) throw new UserError("textLength", { prefix });
  return data;
}

/** Whether everybody could read what is encrypted to a key. */
export function isOfSmallOrder(key: Uint8Array): boolean {
  return key.length !== 32 || nacl.scalarMult(new Uint8Array(32).fill(1), key).every((byte) => byte === 0);
}
