/** A private trade on the exchange: a quote first, with its bound. */

import { useState } from "preact/hooks";

import { assetAt, assetsOf, shownAmount } from "../../chain/assets";
import type { Network } from "../../chain/network";
import { Outcome, proofProgress, useAction } from "../../components/action";
import { AssetField, Field, Form } from "../../components/field";
import { ReviewLines, useCostLines } from "../../components/review";
import { useText } from "../../i18n/language";
import { ETH } from "../../wallet/asset";
import type { Quote } from "../../wallet/trade";
import type { Cost } from "../../wallet/wallet";
import { tellChange } from "../../worker/changes";
import { walletService } from "../../worker/client";

const FIRST_SLIPPAGE = "1";

export function Swap({ network }: { network: Network }) {
  const text = useText();
  const action = useAction();
  const assets = assetsOf(network);
  const [sold, setSold] = useState(ETH);
  const [wanted, setWanted] = useState(assets[assets.length - 1].address);
  const [amount, setAmount] = useState("");
  const [slippage, setSlippage] = useState(FIRST_SLIPPAGE);
  const [quote, setQuote] = useState<Quote | null>(null);
  const [cost, setCost] = useState<Cost | null>(null);
  const costLines = useCostLines(network);
  const changing =
    <T,>(set: (value: T) => void) =>
    (value: T): void => {
      set(value);
      setQuote(null); // it was of something else
    };
  const ask = (): void =>
    action.run(async () => {
      const bound = BigInt(Math.round(Number(slippage.replace(",", ".")) * 100) || 0);
      setCost(null);
      setQuote(await walletService().quote(sold, amount, wanted, bound));
      if (network.relayer) setCost(await walletService().cost("swap", amount, sold));
    });
  const isReady = quote !== null && cost !== null;
  const swap = (given: Quote): void =>
    action.run(async (tell) => {
      const transaction = await walletService().swap(given, proofProgress(tell));
      tellChange();
      setQuote(null);
      return { key: "sent", values: { transaction } };
    });
  const shown = (units: bigint): string => `${shownAmount(units)} ${assetAt(network, wanted).name}`;
  return (
    <section>
      <h2>{text("swap")}</h2>
      <Form onSend={() => (isReady ? swap(quote) : ask())}>
        <AssetField label={text("sold")} assets={assets} value={sold} onValue={changing(setSold)} />
        <AssetField label={text("wanted")} assets={assets} value={wanted} onValue={changing(setWanted)} />
        <Field label={text("amount")} inputMode="decimal" autocomplete="off" value={amount} onValue={changing(setAmount)} />
        <Field
          label={text("slippage")}
          inputMode="decimal"
          autocomplete="off"
          value={slippage}
          onValue={changing(setSlippage)}
        />
        {quote && <p>{text("quoted", { expected: shown(quote.expected), minimum: shown(quote.minimum) })}</p>}
        {isReady && <ReviewLines lines={costLines(quote.amount, quote.sold, cost)} />}
        {quote && !network.relayer && <p class="faint">{text("swapNoRelayer")}</p>}
        <button disabled={action.busy}>{text(isReady ? "swapNow" : "quote")}</button>
        <Outcome action={action} />
      </Form>
    </section>
  );
}
