/** All keys of a wallet, from the words of one seed (docs/reference/wallet-formats.md).
 *
 * Words are BIP-39 (English, 12 or 24), without passphrase. Each secret is `HMAC-SHA512(seed, label)` with a label of its
 * own, so none tells another. Source: BIP-39, BIP-44, RFC 2104. */

import { hmac } from "@noble/hashes/hmac";
import { sha512 } from "@noble/hashes/sha2";
import { entropyToMnemonic, mnemonicToEntropy, mnemonicToSeedSync } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english";
import nacl from "tweetnacl";
import { bytesToBigInt, concat, numberToBytes } from "viem";
import { HDKey, hdKeyToAccount, type HDAccount } from "viem/accounts";

import { UserError } from "../errors";
import { PARAMETERS } from "../zk/circuits";
import { MODULUS } from "../zk/field";
import { poseidon } from "../zk/poseidon";
import { Address, decoded, encoded } from "./address";
import type { Note, OwnedNote } from "./note";

const TAGS = PARAMETERS.tags;
const LABELS = "openmg 1 ";
/** How many words stand for how many bytes. */
const WORDS = new Map([[12, 16], [24, 32]]);

const VIEWING_PREFIX = "openmgview";
const VIEWING_LENGTH = 96;

/** The 16 or 32 random bytes that everything comes from. */
export class Seed {
  constructor(readonly entropy: Uint8Array) {
    if (![...WORDS.values()].includes(entropy.length)) throw new UserError("seedLength", { count: entropy.length });
  }

  /** A new random seed of 12 or 24 words. */
  static new(words: 12 | 24 = 24): Seed {
    return new Seed(crypto.getRandomValues(new Uint8Array(WORDS.get(words)!)));
  }

  /** The seed of BIP-39 words. Throws UserError: a wrong number, a word that isn't in the list, the checksum. */
  static fromWords(text: string): Seed {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!WORDS.has(words.length)) throw new UserError("seedLength", { count: words.length });
    const wrong = words.findIndex((word) => !wordlist.includes(word));
    if (wrong >= 0) throw new UserError("seedWord", { place: wrong + 1, word: words[wrong] });
    try {
      return new Seed(mnemonicToEntropy(words.join(" "), wordlist));
    } catch {
      throw new UserError("seedChecksum");
    }
  }

  /** The words to write down. */
  get words(): string {
    return entropyToMnemonic(this.entropy, wordlist);
  }

  /** All keys. */
  keys(): Keys {
    return new Keys(mnemonicToSeedSync(this.words));
  }
}

/** Reads a wallet's whole history and can't spend: the public key, what makes nullifiers, and the X25519 key that opens
 * ciphertexts. */
export class ViewingKey {
  /** What others pay to. */
  readonly address: Address;

  constructor(
    readonly publicKey: bigint,
    readonly nullifierKey: bigint,
    readonly decryptionKey: Uint8Array,
  ) {
    this.address = new Address(publicKey, nacl.scalarMult.base(decryptionKey));
  }

  /** A note of this wallet at its position. */
  own(note: Note, position: number): OwnedNote {
    return { note, position, nullifier: note.nullifier(this.nullifierKey, position) };
  }

  /** The key as text: whoever has it sees everything this wallet does. */
  export(): string {
    const numbers = [this.publicKey, this.nullifierKey].map((number) => numberToBytes(number, { size: 32 }));
    return encoded(VIEWING_PREFIX, concat([...numbers, this.decryptionKey]));
  }

  /** The key of a text. Throws UserError. */
  static parse(text: string): ViewingKey {
    const data = decoded(text, VIEWING_PREFIX, VIEWING_LENGTH);
    const numbers = [data.slice(0, 32), data.slice(32, 64)].map((part) => bytesToBigInt(part));
    if (numbers.some((number) => number >= MODULUS)) throw new UserError("viewingKeyNumbers");
    return new ViewingKey(numbers[0], numbers[1], data.slice(64));
  }
}

/** The secrets of a wallet, made from the 64-byte seed. */
export class Keys {
  /** Spends every note. */
  readonly spendingKey: bigint;
  /** Reads everything. */
  readonly viewing: ViewingKey;

  constructor(private readonly seed: Uint8Array) {
    this.spendingKey = this.fieldElement("spending key");
    const publicKey = poseidon([TAGS.spendingKey, this.spendingKey]);
    const nullifierKey = poseidon([TAGS.nullifierKey, this.spendingKey]);
    this.viewing = new ViewingKey(publicKey, nullifierKey, this.derived("viewing key").slice(0, 32));
  }

  /** What others pay to. */
  get address(): Address {
    return this.viewing.address;
  }

  /** The secret of this wallet's meter number `index`, from 0. */
  meterSecret(index: number): bigint {
    return this.fieldElement(`meter ${index}`);
  }

  /** What the operator registers of that meter, `Poseidon(3, secret)`. */
  meterCommitment(index: number): bigint {
    return poseidon([TAGS.meter, this.meterSecret(index)]);
  }

  /** What seals this wallet's records in the browser, 32 bytes. */
  storeKey(): Uint8Array {
    return this.derived("browser store").slice(0, 32);
  }

  /** The Ethereum account of this wallet's public actions, at the usual BIP-44 path of the same words. */
  account(): HDAccount {
    return hdKeyToAccount(HDKey.fromMasterSeed(this.seed));
  }

  private derived(label: string): Uint8Array {
    return hmac(sha512, this.seed, new TextEncoder().encode(LABELS + label));
  }

  private fieldElement(label: string): bigint {
    return bytesToBigInt(this.derived(label)) % MODULUS;
  }
}
