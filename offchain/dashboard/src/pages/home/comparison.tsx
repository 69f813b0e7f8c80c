/** The same use under each tariff. */

import { useAnswer } from "../../api/answer";
import { comparison, type Comparison as Compared } from "../../api/advice";
import type { ApiClient } from "../../api/client";
import { ComputedFrom } from "../../components/figure";
import { Panel } from "../../components/panel";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";
import { tariffQuery, type Settings } from "./written";
import { useTitle } from "./tariffField";

export function Comparison({ client, settings }: { client: ApiClient; settings: Settings }) {
  const text = useText();
  const query = tariffQuery(settings);
  const answer = useAnswer(
    (signal) => client.get("v1/me/tariffs", comparison, query, signal),
    [client, JSON.stringify(query)],
  );
  return (
    <Panel title={text("comparison")} answer={answer}>
      {(found) => <Rows found={found} />}
    </Panel>
  );
}

function Rows({ found: { own, tariffs, left_out: leftOut, basis } }: { found: Compared }) {
  const text = useText();
  const format = useFormat();
  const titleOf = useTitle();
  const zone = tariffs[0]?.tariff.zone;
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label={text("comparison")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{text("tariff")}</th>
              <th scope="col" class="number">
                {text("monthCost")}
              </th>
              <th scope="col" class="number">
                {text("difference")}
              </th>
            </tr>
          </thead>
          <tbody>
            {tariffs.map(({ tariff, more, bill }) => (
              <tr key={tariff.name}>
                <th scope="row">
                  {titleOf(tariff)}
                  {tariff.name === own && <span class="badge on">{text("ownTariff")}</span>}
                </th>
                <td class="number">{format.money(bill.total, tariff.currency)}</td>
                <td class={`number ${more < 0 ? "up" : more > 0 ? "down" : ""}`}>
                  {more ? format.change(more, tariff.currency) : "–"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {leftOut.map(({ name, reason }) => (
        <p key={name} class="faint">
          {text("leftOut", { name, reason })}
        </p>
      ))}
      <ComputedFrom basis={basis} zone={zone} />
    </>
  );
}
