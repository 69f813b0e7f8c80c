/** The choice of an epoch: of those that are open, the newest first, or any other by its number. */

import { useState } from "preact/hooks";

import { Field } from "../../components/field";
import { useFormat, type Format } from "../../i18n/format";
import { useText } from "../../i18n/language";
import type { Epoch } from "../../wallet/epochs";

const OTHER = "other";

/** `number` is the chosen epoch's, as digits or as it was typed. */
export interface EpochChoice {
  readonly offered: Epoch[] | null;
  readonly chosen: string;
  readonly typed: string;
  readonly number: string;
  choose(chosen: string): void;
  type(typed: string): void;
}

/** `offered` is null while it isn't known. What isn't offered any more gives way to the newest. */
export function useEpochChoice(offered: Epoch[] | null): EpochChoice {
  const [wanted, choose] = useState("");
  const [typed, type] = useState("");
  const numbers = (offered ?? []).map(({ number }) => String(number));
  const isTyped = wanted === OTHER || !numbers.length;
  const chosen = isTyped ? OTHER : numbers.includes(wanted) ? wanted : numbers[0];
  return { offered, chosen, typed, number: isTyped ? typed.trim() : chosen, choose, type };
}

/** An epoch's times and number. */
export function epochName(format: Format, { number, since, until }: Epoch): string {
  return `${format.span(since, until)} (${number})`;
}

export function EpochField({ choice }: { choice: EpochChoice }) {
  const text = useText();
  const format = useFormat();
  const { offered, chosen, typed } = choice;
  return (
    <>
      <label>
        {text("epoch")}
        <select value={chosen} onChange={(event) => choice.choose(event.currentTarget.value)}>
          {offered?.map((epoch) => (
            <option key={epoch.number} value={String(epoch.number)}>
              {epochName(format, epoch)}
            </option>
          ))}
          <option value={OTHER}>{text("epochOther")}</option>
        </select>
        {offered?.length === 0 && <span class="faint">{text("epochNone")}</span>}
      </label>
      {chosen === OTHER && (
        <Field
          label={text("epochNumber")}
          inputMode="numeric"
          pattern="[0-9]{1,18}"
          autocomplete="off"
          value={typed}
          onValue={choice.type}
        />
      )}
    </>
  );
}
