/** A home's own readings: `GET /v1/me`, `GET /v1/me/energy`. Energy is Wh, times are Unix seconds. */

import { fields, list, number, text, type Read } from "./shape";

const meter = fields({ meter: text, microgrid: text, capacity: number, interval: number });

export const me = fields({ key: text, name: text, scopes: list(text), created: number, meters: list(meter) });
export type Me = Read<typeof me>;

const row = fields({ start: number, imported: number, exported: number, readings: number });
export type EnergyRow = Read<typeof row>;

/** Periods without a reading are left out. */
export const energy = fields({ since: number, until: number, by: text, zone: text, energy: list(row) });
export type EnergySeries = Read<typeof energy>;
