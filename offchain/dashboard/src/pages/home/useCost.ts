import { useAnswer, type Answer } from "../../api/answer";
import { cost, type Cost } from "../../api/advice";
import type { ApiClient } from "../../api/client";
import { tariffQuery, type Settings } from "./written";

const SECONDS = 300;

/** The month's bill so far and at its end. */
export function useCost(client: ApiClient, settings: Settings): Answer<Cost> {
  const query = tariffQuery(settings);
  return useAnswer((signal) => client.get("v1/me/cost", cost, query, signal), [client, JSON.stringify(query)], SECONDS);
}
