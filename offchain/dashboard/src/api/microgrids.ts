/** Microgrids: `GET /v1/microgrids`. Balances are base units (10^18 are a kWh), published sums and capacity Wh. */

import { amount, fields, list, number, optional, text, type Read } from "./shape";
import { source } from "./source";

const balance = fields({ minted: amount, burned: amount, outstanding: amount, source });
const published = fields({ exported: amount, imported: amount, epoch: number, readings_root: text, source });
const participants = fields({ meters: number, capacity: amount, source });

/** `epoch_length` in seconds; null: there was no such event yet. */
export const microgrid = fields({
  number,
  name: optional(text),
  token: text,
  epoch_length: number,
  source,
  balance: optional(balance),
  published: optional(published),
  participants: optional(participants),
});
export type MicrogridState = Read<typeof microgrid>;

export const microgrids = fields({ microgrids: list(microgrid) });

/** `GET /v1/microgrids/{microgrid}/energy`: published sums and what was foreseen, in Wh; errors are shares of what came. */
export const flows = fields({
  microgrid: text,
  since: number,
  until: number,
  zone: text,
  hours: list(
    fields({
      start: number,
      imported: optional(number),
      exported: optional(number),
      imported_forecast: optional(number),
      exported_forecast: optional(number),
    }),
  ),
  imported_error: optional(number),
  exported_error: optional(number),
  basis: fields({ epochs: number, last: optional(source), text }),
});
export type Flows = Read<typeof flows>;
