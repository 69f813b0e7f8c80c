/** The candles of the last 24 hours, an hour each. */

import { useAnswer, type Answer } from "../../api/answer";
import { candles, type Candle } from "../../api/market";
import type { Followed } from "./followed";

const HOUR = 3600;
const DAY = 24 * HOUR;
const SECONDS = 60;

export function useLastDay({ client, name, news }: Followed): Answer<Candle[]> {
  const ask = async (signal: AbortSignal): Promise<Candle[]> => {
    const query = { interval: HOUR, last: DAY };
    return (await client.get(`v1/exchanges/${name}/candles`, candles, query, signal)).candles;
  };
  return useAnswer(ask, [client, name], SECONDS, news);
}
