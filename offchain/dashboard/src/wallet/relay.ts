/** Paying somebody else to send an operation: the fee is a note of the same asset, inside the proof. */

import type { Hex } from "viem";

import type { Address } from "./address";
import type { Operation, Request } from "./request";

/** A relayer's terms: the account that will send (`ANYONE`: any), its address in the pool, and the fee in base units of the
 * asset. */
export interface Relay {
  readonly account: Hex;
  readonly address: Address;
  readonly fee: bigint;
}

/** Whoever brings operations on chain. */
export interface Submitter {
  /** What it asks for an operation; null for an account of the wallet's own. Throws UserError if it won't. */
  relay(operation: Operation, asset: Hex): Promise<Relay | null>;
  /** Sends the operation and waits until it is mined; gives the transaction's hash. Throws UserError. */
  submit(request: Request): Promise<Hex>;
}
