/** Something that a person starts and waits for: one line says how far it is, how it ended, or what went wrong. */

import { proxy } from "comlink";
import { useCallback, useState } from "preact/hooks";

import type { UserError, Values } from "../errors";
import type { TextKey } from "../i18n/dictionary";
import { useErrorLine, useText } from "../i18n/language";
import { asUserError } from "../worker/errors";
import type { ProofProgress, Stage } from "../zk/prover";

export interface Line {
  readonly key: TextKey;
  readonly values?: Values;
}

export interface Action {
  readonly busy: boolean;
  readonly line: Line | null;
  readonly error: UserError | null;
  /** Runs `work` unless something runs; what it gives is told when it is done. */
  run(work: (tell: (key: TextKey, values?: Values) => void) => Promise<Line | null | void>): void;
}

export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [line, setLine] = useState<Line | null>(null);
  const [error, setError] = useState<UserError | null>(null);
  const run: Action["run"] = useCallback((work) => {
    setBusy(true);
    setError(null);
    setLine({ key: "working" });
    work((key, values) => setLine({ key, values }))
      .then((ended) => setLine(ended ?? null))
      .catch((reason: unknown) => {
        setLine(null);
        setError(asUserError(reason));
      })
      .finally(() => setBusy(false));
  }, []);
  return { busy, line, error, run };
}

/** How an action is or ended. */
export function Outcome({ action }: { action: Action }) {
  const text = useText();
  const errorLine = useErrorLine();
  return (
    <>
      <p role="status" class="faint code">
        {action.line && text(action.line.key, action.line.values)}
      </p>
      {action.error && (
        <p role="alert" class="error">
          {errorLine(action.error)}
        </p>
      )}
    </>
  );
}

const STAGES: { readonly [stage in Stage]: TextKey } = {
  keys: "stageKeys",
  witness: "stageWitness",
  proof: "stageProof",
  verification: "stageVerification",
};

/** A proof's progress, for the worker to call. */
export function proofProgress(tell: (key: TextKey, values?: Values) => void): ProofProgress {
  return proxy((stage: Stage, share = 0) => tell(STAGES[stage], { share: Math.floor(share * 100) }));
}

/** A key derivation's progress, for the worker to call. */
export function derivationProgress(tell: (key: TextKey, values?: Values) => void): (share: number) => void {
  let last = -1;
  return proxy((share: number) => {
    const percent = Math.floor(share * 100);
    if (percent === last) return;
    last = percent;
    tell("deriving", { share: percent });
  });
}
