/** The key file: a wallet's seed, encrypted with a password in the usual format of Ethereum key files (version 3), the same
 * that `openmg wallet` reads and writes.
 *
 * The secret is the seed's entropy, 16 or 32 bytes. The format's own check doesn't cover the counter `iv`, of which
 * another one gives another seed: the field `checksum` does. Files without it, as other programs write them, are read as
 * well. Source: Web3 Secret Storage Definition; scrypt as OWASP advises (n = 2^17, r = 8). */

import { ctr } from "@noble/ciphers/aes";
import { scryptAsync } from "@noble/hashes/scrypt";
import { keccak_256 } from "@noble/hashes/sha3";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils";

import { UserError } from "../errors";
import { Seed } from "./keys";

const SCRYPT_N = 1 << 17;
const SCRYPT_R = 8;
/** A file that asks for more is not opened: it would block whoever reads it. */
const MOST_N = 1 << 20;
const MOST_R = 16;
const MOST_P = 4;
const KEY_BYTES = 32;

/** Is told how much of the key's derivation is done, 0 to 1. */
export type DerivationProgress = (share: number) => void;

/** The JSON text of a new key file. Throws UserError for an empty password. */
export async function saved(
  seed: Seed,
  password: string,
  progress: DerivationProgress = () => undefined,
  n = SCRYPT_N,
): Promise<string> {
  if (!password) throw new UserError("passwordMissing");
  const [salt, counter] = [32, 16].map((bytes) => crypto.getRandomValues(new Uint8Array(bytes)));
  const kdfparams = { dklen: KEY_BYTES, n, r: SCRYPT_R, p: 1, salt: bytesToHex(salt) };
  const key = await derived(password, salt, kdfparams, progress);
  const ciphertext = ctr(key.slice(0, 16), counter).encrypt(seed.entropy);
  const crypto_ = {
    cipher: "aes-128-ctr",
    cipherparams: { iv: bytesToHex(counter) },
    ciphertext: bytesToHex(ciphertext),
    kdf: "scrypt",
    kdfparams,
    mac: macOf(key, ciphertext),
  };
  const checksum = checksumOf(crypto_.cipherparams.iv, crypto_.mac);
  return JSON.stringify({ crypto: crypto_, id: crypto.randomUUID(), version: 3, checksum }, null, 2);
}

/** The seed of a key file. Throws UserError if it is damaged or the password wrong: the file can't tell which. */
export async function loaded(
  text: string,
  password: string,
  progress: DerivationProgress = () => undefined,
): Promise<Seed> {
  const file = parsed(text);
  const key = await derived(password, file.salt, file, progress);
  if (macOf(key, file.ciphertext) !== file.mac) throw new UserError("passwordWrong");
  const entropy = ctr(key.slice(0, 16), file.counter).decrypt(file.ciphertext);
  if (entropy.length !== 16 && entropy.length !== 32) throw new UserError("keyFileDamaged");
  return new Seed(entropy);
}

interface Cost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

interface KeyFile extends Cost {
  readonly salt: Uint8Array;
  readonly counter: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly mac: string;
}

function parsed(text: string): KeyFile {
  try {
    const { version, crypto: found, checksum } = JSON.parse(text);
    const { n, r, p, dklen, salt } = found.kdfparams;
    const isKnown = version === 3 && found.kdf === "scrypt" && found.cipher === "aes-128-ctr" && dklen === KEY_BYTES;
    const within = [[n, MOST_N], [r, MOST_R], [p, MOST_P]].every(
      ([value, most]) => Number.isInteger(value) && value > 0 && value <= most,
    );
    if (!isKnown || !within) throw new TypeError();
    const [ciphertext, counter] = [found.ciphertext, found.cipherparams.iv].map((part: string) => hexToBytes(part));
    if (counter.length !== 16 || typeof found.mac !== "string") throw new TypeError();
    if (checksum !== undefined && checksum !== checksumOf(found.cipherparams.iv, found.mac)) throw new TypeError();
    return { n, r, p, salt: hexToBytes(salt), counter, ciphertext, mac: found.mac.toLowerCase() };
  } catch {
    throw new UserError("keyFileDamaged");
  }
}

async function derived(password: string, salt: Uint8Array, { n, r, p }: Cost, onProgress: DerivationProgress) {
  const maxmem = 130 * r * n + 2 ** 20;
  return scryptAsync(utf8ToBytes(password), salt, { N: n, r, p, dkLen: KEY_BYTES, maxmem, onProgress });
}

function macOf(key: Uint8Array, ciphertext: Uint8Array): string {
  return bytesToHex(keccak_256(concatBytes(key.slice(16), ciphertext)));
}

/** Of what gives the seed once the password is known: finds damage, not malice. */
function checksumOf(iv: string, mac: string): string {
  return bytesToHex(keccak_256(utf8ToBytes(`${iv} ${mac}`)));
}
