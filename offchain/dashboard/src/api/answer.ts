/** What a part of the page asks for and shows: the newest answer, or why there is none. */

import { useCallback, useEffect, useState, type Inputs } from "preact/hooks";

import type { UserError } from "../errors";
import { asUserError } from "../worker/errors";

const AGAIN_SECONDS = 10;

/** `value` stays while a later try fails, which `error` tells. */
export interface Answer<T> {
  readonly value: T | null;
  readonly error: UserError | null;
  again(): void;
}

/** Asks at once, whenever `inputs` change, and soon again after a failure that may pass. The same question is asked again every
 * `seconds` (0: never) while the page is seen, and whenever `news` changes. */
export function useAnswer<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  inputs: Inputs,
  seconds = 0,
  news?: unknown,
): Answer<T> {
  const [value, setValue] = useState<T | null>(null);
  const [error, setError] = useState<UserError | null>(null);
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((last) => last + 1), []);
  useEffect(() => setValue(null), inputs);
  useEffect(() => {
    const ending = new AbortController();
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const wait = (time: number): void => {
      if (time) waiting = setTimeout(() => (document.hidden ? wait(time) : look()), time * 1000);
    };
    const look = (): void =>
      void ask(ending.signal)
        .then((found) => {
          if (ending.signal.aborted) return;
          setValue(found);
          setError(null);
          wait(seconds);
        })
        .catch((reason: unknown) => {
          if (ending.signal.aborted) return;
          setError(asUserError(reason));
          wait(waitAfter(asUserError(reason)));
        });
    look();
    return () => {
      clearTimeout(waiting);
      ending.abort();
    };
  }, [...inputs, seconds, news, turn]);
  return { value, error, again };
}

/** In seconds; 0 where trying again changes nothing. */
function waitAfter(error: UserError): number {
  if (error.key === "apiBusy") return Number(error.values.seconds);
  return ["apiSilent", "apiSlow", "apiDown", "nodeSilent"].includes(error.key) ? AGAIN_SECONDS : 0;
}
