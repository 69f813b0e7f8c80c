/** When a washing machine or a car draws its energy at the least cost. */

import { useState } from "preact/hooks";

import { useAnswer } from "../../api/answer";
import { cheapest, type Cheapest } from "../../api/advice";
import type { ApiClient, Query } from "../../api/client";
import { Chart } from "../../charts/chart";
import { Choice } from "../../components/choice";
import { ComputedFrom } from "../../components/figure";
import { Panel } from "../../components/panel";
import { useSettled } from "../../components/settled";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";
import { NumberField } from "./numberField";
import { FIRST, loadQuery, type Kind, type Load } from "./load";
import { marketQuery, type Settings } from "./written";

export function CheapestHours({ client, settings }: { client: ApiClient; settings: Settings }) {
  const text = useText();
  const [kind, setKind] = useState<Kind>("washing");
  const [loads, setLoads] = useState(FIRST);
  const load = loads[kind];
  const query = useSettled(JSON.stringify({ ...marketQuery(settings), ...loadQuery(kind, load) }));
  const answer = useAnswer(
    (signal) => client.get("v1/me/hours", cheapest, JSON.parse(query) as Query, signal),
    [client, query],
  );
  const set = (part: Partial<Load>): void => setLoads({ ...loads, [kind]: { ...load, ...part } });
  const above = (
    <>
      <Choice
        label={text("hoursTitle")}
        options={(["washing", "car"] as const).map((one) => [one, text(one)])}
        value={kind}
        onValue={setKind}
      />
      <div class="fields">
        <NumberField label={text("loadEnergy")} value={load.energy} onValue={(energy) => set({ energy })} />
        <NumberField
          label={text(kind === "car" ? "loadPower" : "loadHours")}
          value={load.pace}
          onValue={(pace) => set({ pace })}
        />
        <NumberField label={text("loadWithin")} value={load.within} onValue={(within) => set({ within })} />
      </div>
    </>
  );
  return (
    <Panel title={text("hoursTitle")} answer={answer} above={above} isWide>
      {(found) => <Chosen found={found} kind={kind} />}
    </Panel>
  );
}

function Chosen({ found, kind }: { found: Cheapest; kind: Kind }) {
  const text = useText();
  const format = useFormat();
  const { chosen, hours, tariff, basis, cost, now, saved } = found;
  const { zone, currency } = tariff;
  const taken = new Set(chosen.map((hour) => hour.start));
  const times = chosen.map((hour) => format.clock(hour.start, zone));
  const first = chosen[0] ? format.moment(chosen[0].start, zone) : "–";
  const chosenPrices = hours.map((hour) => (taken.has(hour.start) ? hour.price : null));
  const amounts = { cost: format.money(cost, currency), now: format.money(now, currency), saved: format.money(saved, currency) };
  return (
    <>
      <p class="middle">
        {kind === "car" ? text("chargeAt", { hours: times.join(", ") }) : text("startAt", { time: first })}
      </p>
      <p>{text("loadCost", amounts)}</p>
      <Chart
        label={text("hoursChart")}
        headX={text("hour")}
        x={hours.map((hour) => hour.start)}
        lines={[
          { label: text("chosenHours"), kind: "bars", tone: "made", values: chosenPrices },
          { label: text("hourPrice"), kind: "plain", tone: "used", values: hours.map((hour) => hour.price) },
          { label: text("gridPrice"), kind: "dashed", tone: "other", values: hours.map((hour) => hour.tariff) },
        ]}
        zone={zone}
        showX={(time) => format.moment(time, zone)}
        markX={(time) => format.mark(time, 0, zone)}
        showY={(price) => format.money(price, currency)}
      />
      <ComputedFrom basis={basis} zone={zone} />
    </>
  );
}
