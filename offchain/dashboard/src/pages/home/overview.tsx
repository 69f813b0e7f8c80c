/** All parts of a home's page. Without a reading it says what to do. */

import type { VNode } from "preact";

import { useAnswer } from "../../api/answer";
import { offers } from "../../api/advice";
import type { ApiClient } from "../../api/client";
import { energy, type EnergySeries } from "../../api/home";
import { ErrorLine } from "../../components/errorLine";
import { useSettled } from "../../components/settled";
import { ZoneLine } from "../../components/zone";
import { useText } from "../../i18n/language";
import { ZoneContext } from "../../i18n/zone";
import { Bill, CostFigures } from "./cost";
import { Comparison } from "./comparison";
import { EnergyFigures } from "./figures";
import { Days } from "./days";
import { Forecast } from "./forecast";
import { Gain, GainFigure, useGain } from "./gain";
import { CheapestHours } from "./hours";
import { Roof } from "./roof";
import { SettingsForm, useSettings } from "./settings";
import { useCost } from "./useCost";
import type { Settings } from "./written";

const SECONDS = 60;
const DAYS = 62;
const DAY = 86_400;

export function Overview({ client }: { client: ApiClient }) {
  const text = useText();
  const [written, change] = useSettings();
  const settings = useSettled(written);
  const read = useAnswer((signal) => client.get("v1/me/energy", energy, { by: "day", last: DAYS * DAY }, signal), [client], SECONDS);
  const known = useAnswer((signal) => client.get("v1/advice/tariffs", offers, {}, signal), [client]);
  if (!read.value) {
    return read.error ? <ErrorLine error={read.error} again={read.again} /> : <p role="status">{text("loading")}</p>;
  }
  const series = read.value;
  const form = <SettingsForm offers={known.value} settings={written} onChange={change} />;
  return (
    <ZoneContext.Provider value={series.zone}>
      <ZoneLine />
      <div class="panels pairs">
        {read.error && (
          <div class="wide">
            <ErrorLine error={read.error} again={read.again} />
          </div>
        )}
        {series.energy.length ? (
          <Advised client={client} series={series} settings={settings} form={form} />
        ) : (
          <section class="wide">
            <h2>{text("homeEmpty")}</h2>
            <p>{text("homeEmptyText")}</p>
          </section>
        )}
        <Roof client={client} settings={settings} offers={known.value} hasReadings={series.energy.length > 0} />
      </div>
    </ZoneContext.Provider>
  );
}

function Advised(props: { client: ApiClient; series: EnergySeries; settings: Settings; form: VNode }) {
  const { client, series, settings, form } = props;
  const cost = useCost(client, settings);
  const gain = useGain(client, settings);
  return (
    <>
      <div class="wide cards">
        <EnergyFigures series={series} />
        <CostFigures answer={cost} />
        <GainFigure answer={gain} />
      </div>
      {form}
      <Forecast client={client} />
      <Days series={series} />
      <Bill answer={cost} />
      <div class="stack">
        <Comparison client={client} settings={settings} />
        <Gain answer={gain} />
      </div>
      <CheapestHours client={client} settings={settings} />
    </>
  );
}
