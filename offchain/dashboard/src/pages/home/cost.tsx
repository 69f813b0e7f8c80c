/** What the month costs so far, at its end, and from where on a kWh costs more. */

import type { Answer } from "../../api/answer";
import type { Cost } from "../../api/advice";
import { BasisLine } from "../../components/basisLine";
import { ComputedFrom, Figure } from "../../components/figure";
import { ErrorLine } from "../../components/errorLine";
import { Panel } from "../../components/panel";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";
import { useTitle } from "./tariffField";

const LINES = {
  base: "lineBase",
  energy: "lineEnergy",
  climate: "lineClimate",
  fuel: "lineFuel",
  vat: "lineVat",
  fund: "lineFund",
} as const;

export function CostFigures({ answer }: { answer: Answer<Cost> }) {
  const text = useText();
  const format = useFormat();
  const { value, error, again } = answer;
  if (!value) {
    return (
      <Figure label={text("costSoFar")} value="–">
        {error ? <ErrorLine error={error} again={again} /> : <p role="status">{text("loading")}</p>}
      </Figure>
    );
  }
  const { so_far: soFar, expected, tariff, basis } = value;
  const kwh = (amount: number): string => text("ofEnergy", { energy: format.energy(amount * 1000) });
  return (
    <>
      <Figure label={text("costSoFar")} value={format.money(soFar.total, tariff.currency)} note={kwh(soFar.kwh)}>
        <ComputedFrom basis={basis} zone={tariff.zone} />
      </Figure>
      <Figure label={text("costExpected")} value={format.money(expected.total, tariff.currency)} note={kwh(expected.kwh)}>
        <ComputedFrom basis={basis} zone={tariff.zone} />
      </Figure>
      <NextTier cost={value} />
    </>
  );
}

function NextTier({ cost }: { cost: Cost }) {
  const text = useText();
  const format = useFormat();
  const { tier, next_tier: next, tariff, basis, so_far: soFar } = cost;
  if (tier === null) return <Figure label={text("nextTier")} value={text("tierNone")} note={text("tierNoneNote")} />;
  if (!next) return <Figure label={text("nextTier")} value={text("tierLast")} note={text("tierLastNote", { tier })} />;
  const at = next.at === null ? text("tierNotThisMonth") : format.moment(next.at, tariff.zone);
  const note = text("tierNote", { tier, price: format.money(next.energy, tariff.currency), at });
  return (
    <Figure label={text("nextTier")} value={format.energy(next.kwh * 1000)} note={note}>
      <progress aria-label={text("nextTier")} max={soFar.kwh + next.kwh} value={soFar.kwh} />
      <ComputedFrom basis={basis} zone={tariff.zone} />
    </Figure>
  );
}

export function Bill({ answer }: { answer: Answer<Cost> }) {
  const text = useText();
  return (
    <Panel title={text("bill")} answer={answer}>
      {(cost) => <BillTable cost={cost} />}
    </Panel>
  );
}

function BillTable({ cost: { so_far: soFar, expected, tariff, basis } }: { cost: Cost }) {
  const text = useText();
  const format = useFormat();
  const titleOf = useTitle();
  const money = (amount: number | undefined): string => (amount === undefined ? "–" : format.money(amount, tariff.currency));
  return (
    <>
      <p class="faint">{titleOf(tariff)}</p>
      <div class="scroll" tabIndex={0} role="region" aria-label={text("bill")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{text("item")}</th>
              <th scope="col" class="number">
                {text("soFar")}
              </th>
              <th scope="col" class="number">
                {text("atEnd")}
              </th>
            </tr>
          </thead>
          <tbody>
            {expected.lines.map((line) => (
              <tr key={line.name}>
                <th scope="row">
                  {line.name in LINES ? text(LINES[line.name as keyof typeof LINES]) : line.name}
                  <span class="faint small">
                    <BasisLine text={line.basis} phrases={line.phrases} />
                  </span>
                </th>
                <td class="number">{money(soFar.lines.find((one) => one.name === line.name)?.amount)}</td>
                <td class="number">{money(line.amount)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{text("total")}</th>
              <td class="number">{money(soFar.total)}</td>
              <td class="number">{money(expected.total)}</td>
            </tr>
          </tfoot>
        </table>
      </div>
      <ComputedFrom basis={basis} zone={tariff.zone} />
    </>
  );
}
