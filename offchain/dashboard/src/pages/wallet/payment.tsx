/** Paying to an address in the pool, and out to a public account. */

import { useState } from "preact/hooks";

import { assetsOf, parseAmount } from "../../chain/assets";
import type { Network } from "../../chain/network";
import { proofProgress } from "../../components/action";
import { AssetField, Field } from "../../components/field";
import { ReviewedForm, useCostLines, type ReviewLine } from "../../components/review";
import { useText } from "../../i18n/language";
import { Address } from "../../wallet/address";
import { ETH } from "../../wallet/asset";
import { walletService } from "../../worker/client";

export function Send({ network }: { network: Network }) {
  const text = useText();
  return (
    <section>
      <h2>{text("send")}</h2>
      <Payment network={network} kind="send" />
    </section>
  );
}

export function Unshield({ network }: { network: Network }) {
  const text = useText();
  return (
    <section>
      <h2>{text("unshield")}</h2>
      <p class="faint">{text("unshieldText")}</p>
      <Payment network={network} kind="unshield" />
    </section>
  );
}

const KINDS = {
  send: { operation: "transfer", to: "receiver", button: "sendNow" },
  unshield: { operation: "unshield", to: "recipient", button: "unshieldNow" },
} as const;

function Payment({ network, kind }: { network: Network; kind: keyof typeof KINDS }) {
  const text = useText();
  const costLines = useCostLines(network);
  const [to, setTo] = useState("");
  const [amount, setAmount] = useState("");
  const [asset, setAsset] = useState(ETH);
  const { operation, to: toLabel, button } = KINDS[kind];
  const prepare = async (): Promise<ReviewLine[]> => {
    if (kind === "send") Address.parse(to);
    const cost = await walletService().cost(operation, amount, asset);
    const seen: ReviewLine[] = kind === "unshield" ? [["reviewPublic", text("reviewPublicAll")]] : [];
    return [["reviewTo", to.trim()], ...costLines(parseAmount(amount), asset, cost), ...seen];
  };
  return (
    <ReviewedForm
      button={button}
      prepare={prepare}
      act={async (tell) => {
        const transaction = await walletService()[kind](to.trim(), amount, asset, proofProgress(tell));
        setAmount("");
        return { key: "sent", values: { transaction } };
      }}
    >
      <Field label={text(toLabel)} autocomplete="off" spellcheck={false} value={to} onValue={setTo} />
      <AssetField label={text("asset")} assets={assetsOf(network)} value={asset} onValue={setAsset} />
      <Field label={text("amount")} inputMode="decimal" autocomplete="off" value={amount} onValue={setAmount} />
    </ReviewedForm>
  );
}
