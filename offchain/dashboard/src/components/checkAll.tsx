/** All figures of a list, checked one after the other on the page's own nodes. */

import { useEffect, useState } from "preact/hooks";

import { check, type Claim, type Verdict } from "../check/claim";
import { useText } from "../i18n/language";
import { VerdictLine } from "./checkOnChain";
import { Outcome, useAction } from "./action";
import { useNetwork } from "./network";

/** A claim, and what its line is called. */
export interface Named {
  readonly label: string;
  readonly claim: Claim;
}

interface Wrong {
  readonly label: string;
  readonly verdict: Verdict;
}

export function CheckAll({ claims }: { claims: Named[] }) {
  const text = useText();
  const network = useNetwork();
  const action = useAction();
  const [wrong, setWrong] = useState<Wrong[]>([]);
  const places = JSON.stringify(claims.map(({ claim }) => [claim.place, Object.values(claim.shown).map(String)]));
  useEffect(() => setWrong([]), [places]); // they were of other figures
  const ask = (): void =>
    action.run(async (tell) => {
      const found: Wrong[] = [];
      for (const [done, { label, claim }] of claims.entries()) {
        tell("checking", { done: done + 1, count: claims.length });
        const verdict = await check(claim, network);
        if (verdict.outcome !== "same") found.push({ label, verdict });
      }
      setWrong(found);
      const key = found.length ? "checkedSome" : "checkedAll";
      return { key, values: { wrong: found.length, count: claims.length } };
    });
  if (!claims.length) return null;
  return (
    <div>
      <div class="row">
        <button type="button" class="quiet slight" disabled={action.busy} onClick={ask}>
          {text("checkAll")}
        </button>
        <Outcome action={action} />
      </div>
      {wrong.length > 0 && (
        <ul role="alert">
          {wrong.map(({ label, verdict }) => (
            <li key={label}>
              {label}: <VerdictLine verdict={verdict} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
