/** What a microgrid's meters counted together, for the operator's key. */

import { useState } from "preact/hooks";

import { useAnswer } from "../../api/answer";
import type { ApiClient } from "../../api/client";
import { sums, type Sums as SumsTold } from "../../api/service";
import { WithKey } from "../../components/apiKey";
import { Choice } from "../../components/choice";
import { useNetwork } from "../../components/network";
import { Panel } from "../../components/panel";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";

const DAY = 24 * 60 * 60;
const SECONDS = 60;

/** Asks for the key first. */
export function Sums({ client }: { client: ApiClient }) {
  const text = useText();
  const explanation = (
    <>
      <h2>{text("sums")}</h2>
      <p>{text("sumsText")}</p>
    </>
  );
  return (
    <WithKey use="operator" label={text("operatorKey")} client={client} explanation={explanation}>
      {(asking) => <SumsOfDay client={asking} />}
    </WithKey>
  );
}

function SumsOfDay({ client }: { client: ApiClient }) {
  const text = useText();
  const names = Object.keys(useNetwork().tokens);
  const [name, setName] = useState(names[0]);
  const ask = (signal: AbortSignal): Promise<SumsTold> =>
    client.get(`v1/operator/microgrids/${name}/energy`, sums, { last: DAY }, signal);
  const answer = useAnswer(ask, [client, name], SECONDS);
  const above = (
    <Choice label={text("microgrid")} options={names.map((one) => [one, one])} value={name} onValue={setName} />
  );
  return (
    <Panel title={text("sums")} answer={answer} above={above} isWide>
      {({ energy }) => <Intervals energy={energy} />}
    </Panel>
  );
}

const COLUMNS = ["intervalColumn", "importedColumn", "exportedColumn", "readingsColumn"] as const;

function Intervals({ energy }: { energy: SumsTold["energy"] }) {
  const text = useText();
  const format = useFormat();
  if (!energy.length) return <p class="empty">{text("sumsNone")}</p>;
  return (
    <div class="low" tabIndex={0} role="region" aria-label={text("sums")}>
      <table>
        <thead>
          <tr>
            {COLUMNS.map((key, place) => (
              <th key={key} scope="col" class={place ? "number" : undefined}>
                {text(key)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...energy].reverse().map(({ start, imported, exported, readings }) => (
            <tr key={start}>
              <th scope="row">{format.moment(start)}</th>
              <td class="number">{format.energy(imported)}</td>
              <td class="number">{format.energy(exported)}</td>
              <td class="number">{format.number(readings)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
