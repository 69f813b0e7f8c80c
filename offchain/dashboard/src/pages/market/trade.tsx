/** A private trade with the wallet's own form, once the wallet is open. */

import { useAnswer } from "../../api/answer";
import type { Network } from "../../chain/network";
import { ErrorLine } from "../../components/errorLine";
import { useText } from "../../i18n/language";
import { walletStatus } from "../../worker/client";
import { Swap } from "../wallet/swap";

export function Trade({ network }: { network: Network }) {
  const text = useText();
  const { value, error, again } = useAnswer(walletStatus, []);
  if (value === "open") return <Swap network={network} />;
  return (
    <section>
      <h2>{text("tradePrivately")}</h2>
      <ErrorLine error={error} again={again} />
      <p>{text("tradeLocked")}</p>
      <a class="button" href="#/wallet">
        {text("toWallet")}
      </a>
    </section>
  );
}
