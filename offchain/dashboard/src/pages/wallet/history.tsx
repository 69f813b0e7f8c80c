import type { Network } from "../../chain/network";
import { useText } from "../../i18n/language";
import type { Entry } from "../../wallet/history";
import { useEntryWords } from "./entry";

const COLUMNS = ["time", "what", "amount", "fee", "with", "transaction"] as const;

/** What was done and received, newest first. */
export function History({ network, entries }: { network: Network; entries: Entry[] }) {
  const text = useText();
  const wordsOf = useEntryWords(network);
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
            {[...entries].reverse().map((entry, place) => {
              const { time, kind, amount, fee } = wordsOf(entry);
              return (
                <tr key={`${entry.transaction} ${place}`}>
                  <td class="nowrap">{time}</td>
                  <td class="nowrap">{kind}</td>
                  <td class="number">{amount}</td>
                  <td class="number">{fee}</td>
                  <td class="code">{entry.counterparty}</td>
                  <td class="code">{entry.transaction}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
