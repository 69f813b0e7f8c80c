/** Sums over a microgrid's meters: `GET /v1/operator/microgrids/{microgrid}/energy`, with a key of `operator:read`. */

import { fields, list, number, text, type Read } from "./shape";

/** Wh of an interval that begins at `start` (Unix seconds), out of how many readings. */
const energy = fields({ start: number, imported: number, exported: number, readings: number });
export const sums = fields({ microgrid: text, energy: list(energy) });
export type Sums = Read<typeof sums>;
