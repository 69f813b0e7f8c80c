/** Bringing a public asset into the pool. */

import { useState } from "preact/hooks";

import { assetsOf } from "../../chain/assets";
import { hasInjected, sendInjected } from "../../chain/injected";
import type { Network } from "../../chain/network";
import { Outcome, useAction } from "../../components/action";
import { AssetField, Field, Form } from "../../components/field";
import { useText } from "../../i18n/language";
import { ETH } from "../../wallet/asset";
import { walletService } from "../../worker/client";

type Source = "own" | "injected";

export function Shield({ network, account }: { network: Network; account: string }) {
  const text = useText();
  const action = useAction();
  const [asset, setAsset] = useState(ETH);
  const [amount, setAmount] = useState("");
  const [source, setSource] = useState<Source>("own");
  const shield = (): void =>
    action.run(async () => {
      const service = walletService();
      let transaction: string = "";
      if (source === "own") transaction = await service.shield(asset, amount);
      else {
        for (const one of await service.shieldTransactions(asset, amount)) {
          const sent = await sendInjected(network.chainId, one);
          await service.awaitMined(sent);
          transaction = sent;
        }
      }
      setAmount("");
      return { key: "sent", values: { transaction } };
    });
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
      <Form onSend={shield}>
        {choice("own", text("shieldOwn", { account }))}
        {hasInjected() && choice("injected", text("shieldInjected"))}
        <AssetField label={text("asset")} assets={assetsOf(network)} value={asset} onValue={setAsset} />
        <Field label={text("amount")} inputMode="decimal" autocomplete="off" value={amount} onValue={setAmount} />
        <button disabled={action.busy}>{text("shieldNow")}</button>
        <Outcome action={action} />
      </Form>
    </section>
  );
}
