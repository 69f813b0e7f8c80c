/** The health of the system: `GET /v1/health`. */

import { fields, list, number, optional, text, type Read } from "./shape";

const chain = fields({
  role: text,
  chain: number,
  newest: optional(fields({ number, hash: text, time: number })),
  indexed: optional(fields({ number, hash: text })),
  lag: optional(number),
});

const pending = fields({
  checkpoints: optional(number),
  disputes: optional(number),
  demands: optional(number),
});

/** `lag` is in blocks; null is what isn't known. */
export const health = fields({ chains: list(chain), pending });
export type Health = Read<typeof health>;
