import { useId } from "preact/hooks";

import { useText } from "../../i18n/language";
import { written } from "./written";

/** A field for a number that isn't below 0, or for nothing. */
export function NumberField(props: { label: string; hint?: string; value: string; onValue: (value: string) => void }) {
  const { label, hint, value, onValue } = props;
  const text = useText();
  const fault = useId();
  const isWrong = value.trim() !== "" && written(value) === undefined;
  return (
    <label>
      {label}
      <input
        inputMode="decimal"
        autocomplete="off"
        value={value}
        aria-invalid={isWrong}
        aria-describedby={isWrong ? fault : undefined}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
      {hint && <span class="faint">{hint}</span>}
      {isWrong && (
        <span id={fault} class="error">
          {text("settingWrong")}
        </span>
      )}
    </label>
  );
}
