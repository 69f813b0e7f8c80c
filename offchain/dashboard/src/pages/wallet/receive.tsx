import { encode } from "uqr";

import { Outcome, useAction } from "../../components/action";
import { useText } from "../../i18n/language";

/** Modules of white around a QR code. Source: ISO/IEC 18004. */
const BORDER = 4;

/** The address, as text and as a code. */
export function Receive({ address }: { address: string }) {
  const text = useText();
  const action = useAction();
  const copy = (): void =>
    action.run(async () => {
      await navigator.clipboard.writeText(address);
      return { key: "copied" };
    });
  return (
    <section>
      <h2>{text("receive")}</h2>
      <Code value={address.toUpperCase()} label={text("addressCode")} />
      <p class="code" data-testid="address">
        {address}
      </p>
      <button type="button" class="quiet" onClick={copy}>
        {text("copy")}
      </button>
      <Outcome action={action} />
    </section>
  );
}

/** A QR code; capital letters take less room in it. */
function Code({ value, label }: { value: string; label: string }) {
  const { data, size } = encode(value, { border: BORDER });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <path d={path} fill="#000" />
    </svg>
  );
}
