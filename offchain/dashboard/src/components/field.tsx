/** A labelled field of a form. */

import type { ComponentChildren, JSX } from "preact";

import type { Asset } from "../chain/assets";

type Attributes = Omit<JSX.IntrinsicElements["input"], "onInput" | "label">;

export function Field(
  props: Attributes & { label: string; value: string; onValue: (value: string) => void; hint?: string },
) {
  const { label, value, onValue, hint, ...attributes } = props;
  return (
    <label>
      {label}
      <input {...attributes} value={value} onInput={(event) => onValue(event.currentTarget.value)} required />
      {hint && <span class="faint">{hint}</span>}
    </label>
  );
}

/** A choice of an asset. */
export function AssetField(props: {
  label: string;
  assets: Asset[];
  value: string;
  onValue: (value: Asset["address"]) => void;
}) {
  const { label, assets, value, onValue } = props;
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => onValue(event.currentTarget.value as Asset["address"])}>
        {assets.map((asset) => (
          <option key={asset.address} value={asset.address}>
            {asset.name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A form that is sent by script: the page's policy lets none go anywhere. */
export function Form(props: { onSend: () => void; children: ComponentChildren }) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        props.onSend();
      }}
    >
      {props.children}
    </form>
  );
}
