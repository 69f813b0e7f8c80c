/** What an owner gives the operator to have a meter registered: a commitment, and a key that readings come back to. */

import { hmac } from "@noble/hashes/hmac";
import { sha256 } from "@noble/hashes/sha2";
import nacl from "tweetnacl";
import { concat, numberToBytes } from "viem";

import { encoded } from "../wallet/address";
import { PARAMETERS } from "../zk/circuits";
import { poseidon } from "../zk/poseidon";

const PREFIX = "openmgmeter";

/** The X25519 private key that opens the readings of the meter with that secret. */
export function readingKey(secret: bigint): Uint8Array {
  return hmac(sha256, numberToBytes(secret, { size: 32 }), new TextEncoder().encode("openmg 1 readings"));
}

/** The card of the meter with that secret: both come from the secret alone and tell nothing of the household. */
export function meterCard(secret: bigint): string {
  const commitment = poseidon([PARAMETERS.tags.meter, secret]);
  const key = nacl.scalarMult.base(readingKey(secret));
  return encoded(PREFIX, concat([numberToBytes(commitment, { size: 32 }), key]));
}
