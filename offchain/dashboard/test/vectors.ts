/** What the wallet in Python makes of fixed inputs (tests/dashboard/vectors.py). */

import { hexToBytes, type Hex } from "viem";

import vectors from "./vectors.json";

export { vectors };

/** A number of the file. */
export function number(text: string): bigint {
  return BigInt(text);
}

export function numbers(texts: string[]): bigint[] {
  return texts.map(BigInt);
}

/** Bytes of the file. */
export function bytes(text: string): Uint8Array {
  return hexToBytes(text as Hex);
}
