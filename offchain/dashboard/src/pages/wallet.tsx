/** The wallet: made or restored, locked, or open. */

import { useEffect, useState } from "preact/hooks";

import { fetchNetwork, type Network } from "../chain/network";
import { InZone } from "../components/zone";
import type { UserError } from "../errors";
import { useErrorLine, useText } from "../i18n/language";
import { walletStatus } from "../worker/client";
import { asUserError } from "../worker/errors";
import type { Status } from "../worker/overview";
import { OpenWallet } from "./wallet/open";
import { Unlock } from "./wallet/unlock";
import { Welcome } from "./wallet/welcome";

export function WalletPage() {
  const text = useText();
  const errorLine = useErrorLine();
  const [status, setStatus] = useState<Status | null>(null);
  const [network, setNetwork] = useState<Network | null>(null);
  const [error, setError] = useState<UserError | null>(null);
  const look = (): void => {
    walletStatus().then(setStatus, (reason: unknown) => setError(asUserError(reason)));
  };
  useEffect(() => {
    look();
    fetchNetwork(document.baseURI).then(setNetwork, (reason: unknown) => setError(asUserError(reason)));
  }, []);
  if (error) {
    return (
      <p role="alert" class="error">
        {errorLine(error)}
      </p>
    );
  }
  if (!status || !network) return <p role="status">{text("loading")}</p>;
  if (status === "none") return <Welcome onOpen={look} />;
  if (status === "locked") return <Unlock onOpen={look} />;
  return (
    <InZone network={network}>
      <OpenWallet network={network} onLock={look} />
    </InZone>
  );
}
