/** Prices over time. */

import { useState } from "preact/hooks";

import { useAnswer } from "../../api/answer";
import { candles, type Candle } from "../../api/market";
import { Chart } from "../../charts/chart";
import type { Line } from "../../charts/drawing";
import { Choice } from "../../components/choice";
import { Panel } from "../../components/panel";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";
import type { Followed } from "./followed";

/** Seconds of a candle, and how many of them are asked for. */
const INTERVALS = { quarter: [900, 96], oneHour: [3600, 168], oneDay: [86_400, 90] } as const;
type Interval = keyof typeof INTERVALS;
const WEI = 1e18;
const SECONDS = 60;

export function PriceHistory({ client, name, news }: Followed) {
  const text = useText();
  const [interval, setInterval] = useState<Interval>("oneHour");
  const [length, count] = INTERVALS[interval];
  const ask = async (signal: AbortSignal): Promise<Candle[]> => {
    const query = { interval: length, last: count * length };
    return (await client.get(`v1/exchanges/${name}/candles`, candles, query, signal)).candles;
  };
  const answer = useAnswer(ask, [client, name, interval], SECONDS, news);
  const choice = (
    <Choice
      label={text("intervals")}
      options={(Object.keys(INTERVALS) as Interval[]).map((one) => [one, text(one)])}
      value={interval}
      onValue={setInterval}
    />
  );
  return (
    <Panel title={text("priceHistory")} answer={answer} above={choice} isWide>
      {(found) => (found.length ? <Candles candles={found} /> : <p class="empty">{text("noTrades")}</p>)}
    </Panel>
  );
}

function Candles({ candles: found }: { candles: Candle[] }) {
  const text = useText();
  const format = useFormat();
  const names = { open: "openPrice", high: "highPrice", low: "lowPrice", close: "closePrice" } as const;
  const lines = (Object.keys(names) as (keyof typeof names)[]).map((part): Line => {
    const values = found.map((one) => Number(one[part]) / WEI);
    return { label: text(names[part]), kind: "candle", tone: "price", values };
  });
  const span = found[found.length - 1].start - found[0].start;
  return (
    <Chart
      label={text("priceChart")}
      headX={text("time")}
      x={found.map((one) => one.start)}
      lines={lines}
      fromZero={false}
      showX={(time) => format.moment(time)}
      markX={(time) => format.mark(time, span)}
      showY={(price) => format.significant(price, 4)}
    />
  );
}
