/** Poseidon over BN254 as circomlib has it: the hash that circuits, contracts and wallets share. */

import { poseidon1 } from "poseidon-lite/poseidon1";
import { poseidon2 } from "poseidon-lite/poseidon2";
import { poseidon3 } from "poseidon-lite/poseidon3";
import { poseidon4 } from "poseidon-lite/poseidon4";
import { poseidon5 } from "poseidon-lite/poseidon5";
import { poseidon6 } from "poseidon-lite/poseidon6";

import { checked } from "./field";

const BY_INPUTS = [poseidon1, poseidon2, poseidon3, poseidon4, poseidon5, poseidon6];

/** The hash of 1 to 6 field elements. Throws RangeError for any other number of them, and for one that isn't canonical:
 * a circuit would take it modulo the order, and two preimages would have one hash. */
export function poseidon(inputs: bigint[]): bigint {
  const hash = BY_INPUTS[inputs.length - 1];
  if (!hash) throw new RangeError(`Poseidon takes 1 to ${BY_INPUTS.length} inputs, not ${inputs.length}`);
  return hash(inputs.map(checked));
}
