/** How notes name what they hold, and how much they can hold. */

import type { Hex } from "viem";

import { PARAMETERS } from "../zk/circuits";

/** The asset that stands for ETH (ERC-7528). */
export const ETH: Hex = "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE";

/** Amounts are below this many base units. */
export const AMOUNT_LIMIT = 1n << BigInt(PARAMETERS.amountBits);
