/** NaCl boxes from nobody: only their reader's key opens them. The format is that of libsodium's `crypto_box_seal`: the
 * ephemeral public key, then the box, whose nonce is the BLAKE2b hash of both public keys. */

import { blake2b } from "@noble/hashes/blake2b";
import nacl from "tweetnacl";
import { concat } from "viem";

/** Bytes that the owner of an X25519 public key alone can read. */
export function sealedBox(content: Uint8Array, reader: Uint8Array): Uint8Array {
  const { publicKey, secretKey } = nacl.box.keyPair();
  const nonce = blake2b(concat([publicKey, reader]), { dkLen: nacl.box.nonceLength });
  return concat([publicKey, nacl.box(content, nonce, reader, secretKey)]);
}
