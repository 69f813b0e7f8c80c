/** Bringing a public asset into the pool. */

import { useState } from "preact/hooks";

import { assetAt, assetsOf, parseAmount, shownAmount } from "../../chain/assets";
import { hasInjected, sendInjected } from "../../chain/injected";
import type { Network } from "../../chain/network";
import { AssetField, Field } from "../../components/field";
import { ReviewedForm, type ReviewLine } from "../../components/review";
import { useText } from "../../i18n/language";
import { ETH } from "../../wallet/asset";
import { walletService } from "../../worker/client";

type Source = "own" | "injected";

export function Shield({ network, account }: { network: Network; account: string }) {
  const text = useText();
  const [asset, setAsset] = useState(ETH);
  const [amount, setAmount] = useState("");
  const [source, setSource] = useState<Source>("own");
  const prepare = async (): Promise<ReviewLine[]> => {
    const from: ReviewLine = ["reviewFrom", source === "own" ? account : text("shieldInjected")];
    const brought = `${shownAmount(parseAmount(amount))} ${assetAt(network, asset).name}`;
    const lines: ReviewLine[] = [from, ["reviewAsset", brought], ["reviewPublic", text("reviewPublicAll")]];
    if (source === "injected") return lines; // that wallet shows what it asks
    const gas = await walletService().shieldCost(asset, amount);
    return [...lines, ["reviewGas", `${shownAmount(gas)} ETH`]];
  };
  const choice = (value: Source, label: string) => (
    <label class="check code">
      <input type="radio" name="source" checked={source === value} onChange={() => setSource(value)} />
      {label}
    </label>
  );
  return (
    <section>
      <h2>{text("shield")}</h2>
      <p class="faint">{text("shieldText")}</p>
      <ReviewedForm
        button="shieldNow"
        prepare={prepare}
        act={async () => {
          const service = walletService();
          const transaction =
            source === "own" ? await service.shield(asset, amount) : await shieldInjected(network, asset, amount);
          setAmount("");
          return { key: "sent", values: { transaction } };
        }}
      >
        {choice("own", text("shieldOwn", { account }))}
        {hasInjected() && choice("injected", text("shieldInjected"))}
        <AssetField label={text("asset")} assets={assetsOf(network)} value={asset} onValue={setAsset} />
        <Field label={text("amount")} inputMode="decimal" autocomplete="off" value={amount} onValue={setAmount} />
      </ReviewedForm>
    </section>
  );
}

async function shieldInjected(network: Network, asset: typeof ETH, amount: string): Promise<string> {
  let last = "";
  for (const one of await walletService().shieldTransactions(asset, amount)) {
    const sent = await sendInjected(network, one);
    await walletService().awaitMined(sent);
    last = sent;
  }
  return last;
}
