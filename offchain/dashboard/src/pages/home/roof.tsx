/** What panels on the roof would make in a typical year, and when they are paid for. */

import { useState } from "preact/hooks";

import { useAnswer, type Answer } from "../../api/answer";
import { roof, type Offers, type Roof as Found } from "../../api/advice";
import type { ApiClient, Query } from "../../api/client";
import { Chart } from "../../charts/chart";
import { BasisLine } from "../../components/basisLine";
import { Told } from "../../components/figure";
import { Panel } from "../../components/panel";
import { useSettled } from "../../components/settled";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";
import { NumberField } from "./numberField";
import { tariffQuery, written, type Settings } from "./written";

const FIRST = { place: "seoul", kw: "3", tilt: "30", azimuth: "180", cost: "", surplus: "0", use: "" };
type Asked = typeof FIRST;
const FIELDS = [
  ["kw", "roofPower"],
  ["tilt", "roofTilt"],
  ["azimuth", "roofDirection"],
  ["cost", "roofCost"],
  ["surplus", "roofSurplus"],
  ["use", "roofMonthUse"],
] as const;

interface Props {
  readonly client: ApiClient;
  readonly settings: Settings;
  readonly offers: Offers | null;
  readonly hasReadings: boolean;
}

export function Roof({ client, settings, offers, hasReadings }: Props) {
  const text = useText();
  const [asked, setAsked] = useState(FIRST);
  const answer = useRoof(client, settings, useSettled(asked), hasReadings);
  const { tariffs = [], places = [] } = offers ?? {};
  const own = tariffs.find((one) => one.name === settings.tariff) ?? tariffs[0];
  const above = (
    <div class="fields">
      <label>
        {text("roofPlace")}
        <select value={asked.place} onChange={(event) => setAsked({ ...asked, place: event.currentTarget.value })}>
          {places.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
      {FIELDS.map(([part, label]) => (
        <NumberField
          key={part}
          label={text(label)}
          value={asked[part]}
          onValue={(value) => setAsked({ ...asked, [part]: value })}
        />
      ))}
    </div>
  );
  return (
    <Panel title={text("roofTitle")} answer={answer} above={above} isWide>
      {(found) => <Yield found={found} currency={own?.currency ?? ""} />}
    </Panel>
  );
}

/** Of the home's own year of readings, or of the use that a person names. */
function useRoof(client: ApiClient, settings: Settings, asked: Asked, hasReadings: boolean): Answer<Found> {
  const use = written(asked.use);
  const cost = use !== undefined || hasReadings ? written(asked.cost) || undefined : undefined;
  const query: Query = {
    ...tariffQuery(settings),
    place: asked.place,
    kw: written(asked.kw) ?? 0,
    tilt: written(asked.tilt),
    azimuth: written(asked.azimuth),
    cost,
    surplus_price: written(asked.surplus),
    month_kwh: cost === undefined ? undefined : use,
  };
  const path = cost !== undefined && query.month_kwh === undefined ? "v1/me/roof" : "v1/advice/roof";
  return useAnswer((signal) => client.get(path, roof, query, signal), [client, path, JSON.stringify(query)]);
}

function Yield({ found: { kwh, months, payback, basis }, currency }: { found: Found; currency: string }) {
  const text = useText();
  const format = useFormat();
  const money = (amount: number): string => format.money(amount, currency);
  return (
    <>
      <p class="faint">{text("roofYear")}</p>
      <p class="big">{format.energy(kwh * 1000)}</p>
      <Chart
        label={text("roofMonths")}
        headX={text("month")}
        x={months.map((_, month) => month)}
        lines={[{ label: text("roofYield"), kind: "bars", tone: "made", values: months.map((one) => one * 1000) }]}
        isTime={false}
        showX={(month) => format.monthName(month)}
        showY={(wh) => format.energy(wh)}
      />
      <Told>
        <p>
          <BasisLine {...basis} />
        </p>
      </Told>
      {payback && (
        <>
          <p class="middle">
            {payback.years === null ? text("paidBackNever") : text("paidBack", { years: payback.years })}
          </p>
          <p>{text("paidBackNote", { saved: money(payback.saved), earned: money(payback.earned) })}</p>
          <Chart
            label={text("balanceChart")}
            headX={text("year")}
            x={payback.balance.map((_, year) => year + 1)}
            lines={[{ label: text("balance"), kind: "line", tone: "used", values: payback.balance }]}
            isTime={false}
            showX={(year) => format.number(year)}
            showY={money}
          />
          <Told>
            <p>
              <BasisLine text={payback.basis} phrases={payback.phrases} />
            </p>
          </Told>
        </>
      )}
    </>
  );
}
