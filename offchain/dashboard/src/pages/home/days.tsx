/** The last month, day by day. */

import type { EnergySeries } from "../../api/home";
import { Chart } from "../../charts/chart";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";

const DAYS = 30;

export function Days({ series }: { series: EnergySeries }) {
  const text = useText();
  const format = useFormat();
  const rows = series.energy.slice(-DAYS);
  return (
    <section class="wide">
      <h2>{text("days")}</h2>
      <Chart
        label={text("daysChart")}
        headX={text("day")}
        x={rows.map((row) => row.start)}
        lines={[
          { label: text("used"), kind: "bars", tone: "used", values: rows.map((row) => row.imported) },
          { label: text("made"), kind: "line", tone: "made", values: rows.map((row) => row.exported) },
        ]}
        zone={series.zone}
        showX={(time) => format.day(time, series.zone)}
        showY={(wh) => format.energy(wh)}
      />
    </section>
  );
}
