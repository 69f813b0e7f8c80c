/** Today and this month. */

import type { EnergyRow, EnergySeries } from "../../api/home";
import { Figure, Told } from "../../components/figure";
import { useFormat, type Format } from "../../i18n/format";
import { useText } from "../../i18n/language";

const DAY = 86_400;
type Side = "imported" | "exported";

export function EnergyFigures({ series }: { series: EnergySeries }) {
  return (
    <>
      {(["imported", "exported"] as const).map((side) => (
        <Today key={side} series={series} side={side} />
      ))}
      {(["imported", "exported"] as const).map((side) => (
        <Month key={side} series={series} side={side} />
      ))}
    </>
  );
}

function Today({ series, side }: { series: EnergySeries; side: Side }) {
  const text = useText();
  const format = useFormat();
  const now = series.until;
  const [today, before] = [now, now - DAY].map((time) => rowsOf(series, format.day(time, series.zone), format, "day"));
  const yesterday = before.length ? text("yesterday", { energy: format.energy(sum(before, side)) }) : undefined;
  return (
    <Figure
      label={text(side === "imported" ? "todayUsed" : "todayMade")}
      value={today.length ? format.energy(sum(today, side)) : "–"}
      note={today.length ? yesterday : text("noneToday")}
    >
      {today.length > 0 && <Readings rows={today} zone={series.zone} />}
    </Figure>
  );
}

function Month({ series, side }: { series: EnergySeries; side: Side }) {
  const text = useText();
  const format = useFormat();
  const name = format.month(series.until, series.zone);
  const rows = rowsOf(series, name, format, "month");
  return (
    <Figure
      label={text(side === "imported" ? "monthUsed" : "monthMade")}
      value={rows.length ? format.energy(sum(rows, side)) : "–"}
      note={name}
    >
      {rows.length > 0 && <Readings rows={rows} zone={series.zone} />}
    </Figure>
  );
}

function Readings({ rows, zone }: { rows: EnergyRow[]; zone: string }) {
  const text = useText();
  const format = useFormat();
  const readings = format.number(rows.reduce((count, row) => count + row.readings, 0));
  return (
    <Told>
      <p>{text("readingsOf", { readings, since: format.moment(rows[0].start, zone), zone })}</p>
      <p>{text("counted")}</p>
    </Told>
  );
}

/** The days of a day or month that goes by that name. */
function rowsOf(series: EnergySeries, name: string, format: Format, by: "day" | "month"): EnergyRow[] {
  return series.energy.filter((row) => format[by](row.start, series.zone) === name);
}

function sum(rows: EnergyRow[], side: Side): number {
  return rows.reduce((total, row) => total + row[side], 0);
}
