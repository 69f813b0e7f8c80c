import { assetAt, shownAmount } from "../../chain/assets";
import type { Network } from "../../chain/network";
import type { TextKey } from "../../i18n/dictionary";
import { useText } from "../../i18n/language";
import type { Entry, EntryKind } from "../../wallet/history";

const KINDS: { readonly [kind in EntryKind]: TextKey } = {
  received: "received",
  earned: "earned",
  sent: "sentKind",
  consolidated: "consolidated",
  shielded: "shielded",
  unshielded: "unshielded",
  swapped: "swapped",
  issued: "issued",
  settled: "settled",
  spent: "spent",
};
const COLUMNS = ["time", "what", "amount", "fee", "with", "transaction"] as const;

/** What was done and received, newest first. */
export function History({ network, entries }: { network: Network; entries: Entry[] }) {
  const text = useText();
  const shown = (units: bigint, asset: Entry["asset"]): string =>
    `${shownAmount(units)} ${assetAt(network, asset).name}`;
  const amountOf = ({ amount, asset, gotAsset, gotAmount }: Entry): string =>
    gotAsset && gotAmount !== undefined
      ? text("swappedFor", { amount: shown(amount, asset), got: shown(gotAmount, gotAsset) })
      : shown(amount, asset);
  return (
    <section class="wide">
      <h2>{text("history")}</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label={text("history")}>
        <table>
          <thead>
            <tr>
              {COLUMNS.map((key) => (
                <th key={key} scope="col">
                  {text(key)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[...entries].reverse().map((entry, place) => (
              <tr key={`${entry.transaction} ${place}`}>
                <td>{new Date(entry.time * 1000).toLocaleString(document.documentElement.lang)}</td>
                <td>{text(KINDS[entry.kind])}</td>
                <td class="number">{amountOf(entry)}</td>
                <td class="number">{entry.fee > 0n && shown(entry.fee, entry.asset)}</td>
                <td class="code">{entry.counterparty}</td>
                <td class="code">{entry.transaction}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
