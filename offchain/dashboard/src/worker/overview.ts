/** What a page shows of a wallet. */

import type { Hex } from "viem";

import type { Entry } from "../wallet/history";
import type { Balance } from "../wallet/reader";
import type { Cost } from "../wallet/wallet";

export type Status = "none" | "locked" | "open";

/** A registered meter, by its number in the wallet; capacity in Wh an epoch. */
export interface MeterLine {
  readonly microgrid: bigint;
  readonly capacity: bigint;
}

/** What a page shows of an open wallet, as last read. */
export interface Overview {
  readonly address: string;
  readonly account: Hex;
  readonly block: number;
  readonly balances: Balance[];
  readonly history: Entry[];
  readonly meters: MeterLine[];
  readonly nextCard: string;
  /** When (Unix milliseconds) the chain was last found started anew, null if it never was. */
  readonly startedAnew: number | null;
}

/** Base units of a microgrid's token that an epoch gives or takes, and what that costs. */
export interface EpochCost {
  readonly asset: Hex;
  readonly amount: bigint;
  readonly cost: Cost;
}
