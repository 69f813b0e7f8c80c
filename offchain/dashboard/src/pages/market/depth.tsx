/** What an amount costs or earns: computed from the reserves that the page's own node names. */

import { useMemo } from "preact/hooks";

import { Chart } from "../../charts/chart";
import { tradePrices, type Pool } from "../../chain/exchange";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";

const WEI = 1e18;
/** The chart ends at this share of the pool's energy. */
const MOST = 4n; // a quarter
const STEPS = 25;

export function Depth({ pool }: { pool: Pool }) {
  const text = useText();
  const format = useFormat();
  const { eth, tokens } = pool;
  const points = useMemo(
    () =>
      Array.from({ length: STEPS }, (_, step) => {
        const amount = (tokens * BigInt(step + 1)) / (MOST * BigInt(STEPS));
        return { amount: Number(amount) / WEI, ...tradePrices(pool, amount) };
      }),
    [eth, tokens],
  );
  const ether = (price: bigint | null): number | null => (price === null ? null : Number(price) / WEI);
  return (
    <section>
      <h2>{text("depth")}</h2>
      <p class="faint">{text("depthText")}</p>
      <Chart
        label={text("depthChart")}
        headX={text("energyAmount")}
        x={points.map((point) => point.amount)}
        lines={[
          { label: text("buying"), kind: "plain", tone: "used", values: points.map((point) => ether(point.buy)) },
          { label: text("selling"), kind: "plain", tone: "made", values: points.map((point) => ether(point.sell)) },
        ]}
        isTime={false}
        fromZero={false}
        showX={(amount) => format.energy(amount * 1000)}
        showY={(price) => format.significant(price, 4)}
      />
    </section>
  );
}
