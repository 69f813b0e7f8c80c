/** The last hours as read, and the next as foreseen, with their band. */

import { useAnswer } from "../../api/answer";
import { forecast, type Forecast as Foreseen } from "../../api/advice";
import type { ApiClient } from "../../api/client";
import { energy, type EnergySeries } from "../../api/home";
import { Chart } from "../../charts/chart";
import type { Line } from "../../charts/drawing";
import { ComputedFrom } from "../../components/figure";
import { Panel } from "../../components/panel";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";

const HOUR = 3600;
const BEFORE = 24 * HOUR;
const SECONDS = 300;

interface Found {
  readonly read: EnergySeries;
  readonly foreseen: Foreseen;
}

export function Forecast({ client }: { client: ApiClient }) {
  const text = useText();
  const ask = async (signal: AbortSignal): Promise<Found> => {
    const foreseen = await client.get("v1/me/forecast", forecast, {}, signal);
    const span = { by: "hour", since: Math.max(0, foreseen.since - BEFORE), until: foreseen.since };
    return { foreseen, read: await client.get("v1/me/energy", energy, span, signal) };
  };
  const answer = useAnswer(ask, [client], SECONDS);
  return (
    <Panel title={text("forecastTitle")} answer={answer} isWide>
      {(found) => <Hours {...found} />}
    </Panel>
  );
}

function Hours({ read, foreseen }: Found) {
  const text = useText();
  const format = useFormat();
  const { hours, zone, model, basis } = foreseen;
  const byModel = hours.filter((hour) => hour.imported.by === "model").length;
  const past = read.energy;
  const none = past.map(() => null);
  const ahead = (of: (hour: Foreseen["hours"][number]) => number | null): (number | null)[] => [...none, ...hours.map(of)];
  const lines: Line[] = [
    {
      label: text("asRead"),
      kind: "bars",
      tone: "other",
      values: [...past.map((row) => row.imported), ...hours.map(() => null)],
    },
    { label: text("upTo"), kind: "high", tone: "used", values: ahead((hour) => hour.imported.high) },
    { label: text("downTo"), kind: "low", tone: "used", values: ahead((hour) => hour.imported.low) },
    { label: text("foreseenUse"), kind: "plain", tone: "used", values: ahead((hour) => hour.imported.wh) },
    { label: text("foreseenMade"), kind: "dashed", tone: "made", values: ahead((hour) => hour.exported.wh) },
  ];
  return (
    <>
      <p class="faint">{model && byModel ? text("byModel", { number: model.number, hours: byModel }) : text("byHabit")}</p>
      <Chart
        label={text("forecastChart")}
        headX={text("hour")}
        x={[...past, ...hours].map((hour) => hour.start)}
        lines={lines}
        zone={zone}
        showX={(time) => format.moment(time, zone)}
        markX={(time) => format.mark(time, 2 * BEFORE, zone)}
        showY={(wh) => format.energy(wh)}
      />
      <ComputedFrom basis={basis} zone={zone} />
    </>
  );
}
