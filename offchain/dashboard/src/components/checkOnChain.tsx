/** Whether a shown figure is what the chain says: the page asks its own node, not the service that told it. */

import { useEffect, useState } from "preact/hooks";

import type { Network } from "../chain/network";
import { check, type Claim, type Verdict } from "../check/claim";
import type { UserError } from "../errors";
import { useText } from "../i18n/language";
import type { TextKey } from "../i18n/dictionary";
import { asUserError } from "../worker/errors";
import { ErrorLine } from "./errorLine";

const MISSING = {
  block: "checkNoBlock",
  transaction: "checkNoTransaction",
  event: "checkNoEvent",
  contract: "checkNoContract",
} as const satisfies { readonly [what: string]: TextKey };

/** A button, and what came of it. `label` names what is checked to who doesn't see where the button stands. */
export function CheckOnChain({ network, claim, label }: { network: Network; claim: Claim; label?: string }) {
  const text = useText();
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [error, setError] = useState<UserError | null>(null);
  const [busy, setBusy] = useState(false);
  const figures = JSON.stringify([claim.place, Object.values(claim.shown).map(String)]);
  useEffect(() => setVerdict(null), [figures]); // it was of other figures
  const ask = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      setVerdict(await check(claim, network));
    } catch (reason) {
      setError(asUserError(reason));
    }
    setBusy(false);
  };
  return (
    <div class="check-on-chain">
      <button
        type="button"
        class="quiet slight"
        disabled={busy}
        aria-label={label && `${text("checkOnChain")}: ${label}`}
        onClick={() => void ask()}
      >
        {text("checkOnChain")}
      </button>
      <span role="status">{verdict && <VerdictLine verdict={verdict} />}</span>
      <ErrorLine error={error} />
    </div>
  );
}

/** What a check found, in one line. */
export function VerdictLine({ verdict }: { verdict: Verdict }) {
  const text = useText();
  if (verdict.outcome === "same") return <span class="good">✓ {text("checkSame", { block: verdict.block })}</span>;
  if (verdict.outcome === "missing") return <span class="error">✗ {text(MISSING[verdict.what])}</span>;
  const { figure, shown, found } = verdict;
  return <span class="error code">✗ {text("checkDiffers", { figure: text(figure), shown, found })}</span>;
}
