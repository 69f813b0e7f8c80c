import { assetAt, shownAmount } from "../../chain/assets";
import type { Network } from "../../chain/network";
import { useText } from "../../i18n/language";
import type { Balance } from "../../wallet/reader";

/** What is held, by asset. */
export function Balances({ network, balances }: { network: Network; balances: Balance[] }) {
  const text = useText();
  return (
    <section class="wide">
      <h2>{text("balances")}</h2>
      {balances.length ? (
        <div class="scroll" tabIndex={0} role="region" aria-label={text("balances")}>
          <table>
            <thead>
              <tr>
                {(["asset", "spendable", "waiting", "notes"] as const).map((key) => (
                  <th key={key} scope="col" class={key === "asset" ? undefined : "number"}>
                    {text(key)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {balances.map(({ asset, spendable, waiting, notes }) => (
                <tr key={asset}>
                  <th scope="row">{assetAt(network, asset).name}</th>
                  <td class="number middle">{shownAmount(spendable)}</td>
                  <td class="number">{shownAmount(waiting)}</td>
                  <td class="number">{notes}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <p>{text("empty")}</p>
      )}
      <details class="basis">
        <summary>{text("notesWhat")}</summary>
        <p>{text("notesText")}</p>
        <p>{text("notesMerging")}</p>
      </details>
    </section>
  );
}
