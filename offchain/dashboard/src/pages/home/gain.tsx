/** What the market would have made of the month. */

import { useAnswer, type Answer } from "../../api/answer";
import { gain, type Gain as Found } from "../../api/advice";
import type { ApiClient } from "../../api/client";
import { BasisLine } from "../../components/basisLine";
import { ErrorLine } from "../../components/errorLine";
import { ComputedFrom, Figure, Told } from "../../components/figure";
import { Panel } from "../../components/panel";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";
import { marketQuery, type Settings } from "./written";

const PARTS = [
  ["best", "gainBest"],
  ["sell_all", "gainSell"],
  ["buy_all", "gainBuy"],
] as const;
const SHOWN_HOURS = 3;

/** What the market would have made of the month. */
export function useGain(client: ApiClient, settings: Settings): Answer<Found> {
  const query = marketQuery(settings);
  return useAnswer((signal) => client.get("v1/me/trades", gain, query, signal), [client, JSON.stringify(query)]);
}

export function GainFigure({ answer: { value, error, again } }: { answer: Answer<Found> }) {
  const text = useText();
  const format = useFormat();
  return (
    <Figure
      label={text("gainShort")}
      value={value ? format.change(value.best.made, value.tariff.currency) : "–"}
      note={text("gainNote")}
    >
      <ErrorLine error={error} again={again} />
      {value && <ComputedFrom basis={value.basis} zone={value.tariff.zone} />}
    </Figure>
  );
}

export function Gain({ answer }: { answer: Answer<Found> }) {
  const text = useText();
  return (
    <Panel title={text("gain")} answer={answer} above={<p class="faint">{text("gainText")}</p>}>
      {(found) => <Parts found={found} />}
    </Panel>
  );
}

function Parts({ found }: { found: Found }) {
  const text = useText();
  const format = useFormat();
  const { currency, zone } = found.tariff;
  const hours = found.best_to_sell.slice(0, SHOWN_HOURS).map((hour) => format.moment(hour.start, zone));
  return (
    <>
      {PARTS.map(([part, name]) => {
        const { made, bought_kwh: bought, sold_kwh: sold, basis, phrases } = found[part];
        const energy = { bought: format.energy(bought * 1000), sold: format.energy(sold * 1000) };
        return (
          <div key={part} class="line">
            <div>
              <h3>{text(name)}</h3>
              <p class="faint">{text("gainDetail", energy)}</p>
              <Told>
                <p>
                  <BasisLine text={basis} phrases={phrases} />
                </p>
              </Told>
            </div>
            <p class={`middle ${made < 0 ? "down" : "up"}`}>{format.change(made, currency)}</p>
          </div>
        );
      })}
      {hours.length > 0 && <p>{text("gainHours", { hours: hours.join(", ") })}</p>}
      <ComputedFrom basis={found.basis} zone={zone} />
    </>
  );
}
