/** What an operation takes, shown before it is signed: the form first, then a summary to confirm or change. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { assetAt, shownAmount, type Asset } from "../chain/assets";
import type { Network } from "../chain/network";
import type { TextKey } from "../i18n/dictionary";
import { useText } from "../i18n/language";
import type { Cost } from "../wallet/wallet";
import { tellChange } from "../worker/changes";
import { Outcome, useAction, type Line } from "./action";
import { Form } from "./field";

type Tell = Parameters<Parameters<ReturnType<typeof useAction>["run"]>[0]>[0];
export type ReviewLine = readonly [TextKey, string];

interface Reviewed {
  /** The words of the button that acts. */
  readonly button: TextKey;
  readonly prepare: () => Promise<ReviewLine[]>;
  readonly act: (tell: Tell) => Promise<Line>;
  readonly children: ComponentChildren;
}

export function ReviewedForm({ button, prepare, act, children }: Reviewed) {
  const text = useText();
  const action = useAction();
  const [lines, setLines] = useState<ReviewLine[] | null>(null);
  const summary = useRef<HTMLHeadingElement>(null);
  useEffect(() => summary.current?.focus(), [lines]);
  const review = (): void => action.run(async () => setLines(await prepare()));
  const confirm = (): void =>
    action.run(async (tell) => {
      const done = await act(tell);
      tellChange();
      setLines(null);
      return done;
    });
  return (
    <Form onSend={lines ? confirm : review}>
      {lines ? (
        <>
          <h3 ref={summary} tabIndex={-1}>
            {text("reviewTitle")}
          </h3>
          <ReviewLines lines={lines} />
          <div class="row">
            <button disabled={action.busy}>{text(button)}</button>
            <button type="button" class="quiet" disabled={action.busy} onClick={() => setLines(null)}>
              {text("change")}
            </button>
          </div>
        </>
      ) : (
        <>
          {children}
          <button disabled={action.busy}>{text("review")}</button>
        </>
      )}
      <Outcome action={action} />
    </Form>
  );
}

/** A summary. */
export function ReviewLines({ lines }: { lines: ReviewLine[] }) {
  const text = useText();
  return (
    <dl class="review">
      {lines.map(([key, value]) => (
        <div key={key}>
          <dt>{text(key)}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Lines on an amount that is spent and what it costs. */
export function useCostLines(network: Network): (amount: bigint, asset: Asset["address"], cost: Cost) => ReviewLine[] {
  const text = useText();
  return (amount, asset, { fee, merges, mergeFees }) => {
    const shown = (units: bigint): string => `${shownAmount(units)} ${assetAt(network, asset).name}`;
    const merging: ReviewLine[] = merges
      ? [["reviewMerge", text("reviewMerges", { merges, fees: shown(mergeFees) })]]
      : [];
    return [
      ["reviewAsset", shown(amount)],
      ["reviewFee", fee ? shown(fee) : text("reviewNoFee")],
      ...merging,
      ["reviewTotal", shown(amount + fee + mergeFees)],
    ];
  };
}
