/** A load that can wait, as a person describes it. */

import type { Query } from "../../api/client";
import { written } from "./written";

export type Kind = "washing" | "car";

/** As a person writes it: kWh, and the hours that it runs or the kW that it takes at most, and the hours until it is done. */
export interface Load {
  readonly energy: string;
  readonly pace: string;
  readonly within: string;
}

export const FIRST: { readonly [kind in Kind]: Load } = {
  washing: { energy: "1.2", pace: "2", within: "24" },
  car: { energy: "20", pace: "7", within: "24" },
};

/** The question for its cheapest hours. */
export function loadQuery(kind: Kind, { energy, pace, within }: Load): Query {
  const [wh, most] = [energy, pace].map((text) => Math.round((written(text) ?? 0) * 1000));
  const speed: Query = kind === "car" ? { most_wh: most } : { hours: Math.round(written(pace) ?? 0) };
  return { energy_wh: wh, ...speed, within_hours: Math.round(written(within) ?? 0) };
}
