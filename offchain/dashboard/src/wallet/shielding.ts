/** Bringing public assets into the pool: the one operation that needs no proof, by an account that the chain sees. */

import nacl from "tweetnacl";
import { bytesToHex, encodeFunctionData, parseAbi, type Hex } from "viem";

import { UserError } from "../errors";
import { randomElement } from "../zk/field";
import { poseidon } from "../zk/poseidon";
import type { Address } from "./address";
import { sealWith } from "./ciphertext";
import { AMOUNT_LIMIT, ETH } from "./asset";

const ABI = parseAbi([
  "function shield(address asset, uint256 amount, uint256 npk, bytes ciphertext) payable",
  "function approve(address spender, uint256 amount)",
]);

/** A public transaction, as a wallet of the browser or a signing account sends it. */
export interface Transaction {
  readonly to: Hex;
  readonly data: Hex;
  readonly value: bigint;
}

/** The call of the pool that makes a note of a public asset for an address. For a token the pool must be allowed to take
 * it, see `approval`. Throws UserError for an amount that no note can have. */
export function shielding(
  pool: Hex,
  address: Address,
  asset: Hex,
  amount: bigint,
  blinding = randomElement(),
  ephemeral = nacl.box.keyPair(),
): Transaction {
  if (amount <= 0n) throw new UserError("amountZero");
  if (amount >= AMOUNT_LIMIT) throw new UserError("amountLarge");
  const npk = poseidon([address.publicKey, blinding]);
  const ciphertext = bytesToHex(sealWith(ephemeral, [{ key: address.encryptionKey, blinding }]));
  const data = encodeFunctionData({ abi: ABI, functionName: "shield", args: [asset, amount, npk, ciphertext] });
  return { to: pool, data, value: asset === ETH ? amount : 0n };
}

/** The token's `approve`. */
export function approval(asset: Hex, pool: Hex, amount: bigint): Transaction {
  return { to: asset, data: encodeFunctionData({ abi: ABI, functionName: "approve", args: [pool, amount] }), value: 0n };
}
