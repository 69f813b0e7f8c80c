/** What was published of the last week's hours, beside what had been foreseen. */

import { useAnswer } from "../../api/answer";
import type { ApiClient } from "../../api/client";
import { flows, type Flows } from "../../api/microgrids";
import { Chart } from "../../charts/chart";
import { FromChain, Told } from "../../components/figure";
import { Panel } from "../../components/panel";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";

type Side = "imported" | "exported";
const TITLES = { imported: "usedFlow", exported: "madeFlow" } as const;

/** `news` changes with each publication. */
export function Flow({ client, name, news }: { client: ApiClient; name: string; news: number | undefined }) {
  const text = useText();
  const answer = useAnswer(
    (signal) => client.get(`v1/microgrids/${name}/energy`, flows, {}, signal),
    [client, name],
    0,
    news,
  );
  return (
    <>
      {(["imported", "exported"] as const).map((side) => (
        <Panel key={side} title={text(TITLES[side])} answer={answer} isWide>
          {(found) => <Hours flows={found} side={side} />}
        </Panel>
      ))}
    </>
  );
}

function Hours({ flows: found, side }: { flows: Flows; side: Side }) {
  const text = useText();
  const format = useFormat();
  const { zone, basis } = found;
  const first = found.hours.findIndex((hour) => hour[side] !== null);
  if (first < 0) return <p class="empty">{text("flowNone")}</p>;
  const hours = found.hours.slice(first);
  const [actual, foreseen] = [hours.map((hour) => hour[side]), hours.map((hour) => hour[`${side}_forecast`])];
  const error = found[`${side}_error`];
  return (
    <>
      <Chart
        label={text(TITLES[side])}
        headX={text("hour")}
        x={hours.map((hour) => hour.start)}
        lines={[
          { label: text("actual"), kind: "line", tone: side === "imported" ? "used" : "made", values: actual },
          { label: text("foreseen"), kind: "dashed", tone: "other", values: foreseen },
        ]}
        zone={zone}
        showX={(time) => format.moment(time, zone)}
        markX={(time) => format.mark(time, hours[hours.length - 1].start - hours[0].start, zone)}
        showY={(wh) => format.energy(wh)}
      />
      {error !== null && <p class="faint">{text("flowError", { share: format.percent(error) })}</p>}
      {basis.last ? <FromChain source={basis.last} /> : <Told>{basis.text}</Told>}
    </>
  );
}
