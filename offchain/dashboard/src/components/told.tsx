/** A list of what the service tells, each line with its check on the chain. */

import type { ComponentChildren } from "preact";

import type { Answer } from "../api/answer";
import type { Claim } from "../check/claim";
import type { TextKey } from "../i18n/dictionary";
import { useText } from "../i18n/language";
import { CheckAll } from "./checkAll";
import { CheckOnChain } from "./checkOnChain";
import { ErrorLine } from "./errorLine";
import { useNetwork } from "./network";

/** A line: its name first, then its other cells in the order of the columns. */
export interface ToldLine {
  readonly name: string;
  readonly cells: ComponentChildren[];
  readonly claim: Claim;
}

interface Shown {
  readonly title: TextKey;
  readonly text?: TextKey;
  readonly none: TextKey;
  readonly columns: TextKey[];
  readonly lines: Answer<ToldLine[]>;
}

export function ToldSection({ title, text: explanation, none, columns, lines }: Shown) {
  const text = useText();
  const { value, error, again } = lines;
  const isElsewhere = error?.key === "apiNothing";
  return (
    <section class="wide">
      <h2>{text(title)}</h2>
      {explanation && <p class="faint">{text(explanation)}</p>}
      {isElsewhere ? <p>{text("notFollowed")}</p> : <ErrorLine error={error} again={again} />}
      {!value && !error && <p role="status">{text("loading")}</p>}
      {value?.length === 0 && <p>{text(none)}</p>}
      {value && value.length > 0 && (
        <>
          <CheckAll claims={value.map(({ name, claim }) => ({ label: name, claim }))} />
          <Table title={text(title)} columns={columns} lines={value} />
        </>
      )}
    </section>
  );
}

function Table(props: { title: string; columns: TextKey[]; lines: ToldLine[] }) {
  const text = useText();
  const network = useNetwork();
  return (
    <div class="scroll told" tabIndex={0} role="region" aria-label={props.title}>
      <table>
        <thead>
          <tr>
            {[...props.columns, "checkColumn" as const].map((key) => (
              <th key={key} scope="col">
                {text(key)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.lines.map(({ name, cells, claim }) => (
            <tr key={`${claim.place.block} ${name}`}>
              <th scope="row">{name}</th>
              {cells.map((cell, place) => (
                <td key={place}>{cell}</td>
              ))}
              <td>
                <CheckOnChain network={network} claim={claim} label={name} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A hash by its beginning and end; all of it to who points at it. */
export function ShortHash({ hash }: { hash: string }) {
  return (
    <span class="code" title={hash}>
      {hash.slice(0, 10)}…{hash.slice(-6)}
    </span>
  );
}
