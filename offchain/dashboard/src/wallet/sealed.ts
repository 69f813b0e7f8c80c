/** Bytes that a browser keeps for a wallet, sealed with a key of its seed: who has the profile's files reads nothing in
 * them, and what was altered, or put in another's place, is noticed.
 *
 * 1 version, 12 nonce, then AES-256-GCM with the record's name as associated data. Source: NIST SP 800-38D. */

import { concat } from "viem";

import { UserError } from "../errors";

const VERSION = 1;
const NONCE_BYTES = 12;

export class Sealing {
  private constructor(private readonly key: CryptoKey) {}

  /** `secret`: 32 bytes. The browser doesn't give the key out again. */
  static async with(secret: Uint8Array): Promise<Sealing> {
    const key = await crypto.subtle.importKey("raw", bytes(secret), "AES-GCM", false, ["encrypt", "decrypt"]);
    return new Sealing(key);
  }

  async seal(name: string, data: Uint8Array): Promise<Uint8Array> {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const sealed = await crypto.subtle.encrypt(options(name, nonce), this.key, bytes(data));
    return concat([Uint8Array.of(VERSION), nonce, new Uint8Array(sealed)]);
  }

  /** Throws UserError if the record isn't what was sealed under that name. */
  async open(name: string, sealed: Uint8Array): Promise<Uint8Array> {
    const nonce = sealed.slice(1, 1 + NONCE_BYTES);
    try {
      if (sealed[0] !== VERSION) throw new TypeError();
      const data = await crypto.subtle.decrypt(options(name, nonce), this.key, bytes(sealed.slice(1 + NONCE_BYTES)));
      return new Uint8Array(data);
    } catch {
      throw new UserError("recordDamaged");
    }
  }
}

function options(name: string, nonce: Uint8Array): AesGcmParams {
  return { name: "AES-GCM", iv: bytes(nonce), additionalData: bytes(new TextEncoder().encode(name)) };
}

/** WebCrypto takes no bytes that could be shared between threads. */
function bytes(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data);
}
