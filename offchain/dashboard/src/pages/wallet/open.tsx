/** An open wallet. It reads the chain by itself, again and again while the page is seen. */

import { proxy } from "comlink";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { Outcome, useAction } from "../../components/action";
import { ZoneLine } from "../../components/zone";
import type { Network } from "../../chain/network";
import type { UserError } from "../../errors";
import { useErrorLine, useText } from "../../i18n/language";
import { onChange } from "../../worker/changes";
import { walletService } from "../../worker/client";
import { asUserError } from "../../worker/errors";
import type { Overview } from "../../worker/overview";
import { Backup } from "./backup";
import { Balances } from "./balances";
import { Disclosures } from "./disclosures";
import { History } from "./history";
import { Meters } from "./meters";
import { Send, Unshield } from "./payment";
import { Receive } from "./receive";
import { Shield } from "./shield";
import { Swap } from "./swap";
import { Viewing } from "./viewing";

const POLL_MILLISECONDS = 3_000;
/** While notes wait for a flush. */
const SOON_MILLISECONDS = 1_000;

export function OpenWallet({ network, onLock }: { network: Network; onLock: () => void }) {
  const text = useText();
  const errorLine = useErrorLine();
  const [overview, setOverview] = useState<Overview | null>(null);
  const [error, setError] = useState<UserError | null>(null);
  const [read, setRead] = useState<[number, number] | null>(null);
  const reading = useRef(false);
  const again = useAction();
  const sync = useCallback(async (): Promise<void> => {
    if (reading.current || document.hidden) return;
    reading.current = true;
    try {
      setOverview(await walletService().sync(proxy((block: number, head: number) => setRead([block, head]))));
      setError(null);
    } catch (reason) {
      setError(asUserError(reason));
    } finally {
      reading.current = false;
      setRead(null);
    }
  }, []);
  useEffect(() => {
    void sync();
    return onChange(() => void sync());
  }, [sync]);
  const isWaiting = overview?.balances.some(({ waiting }) => waiting > 0n) ?? false;
  useEffect(() => {
    const timer = setInterval(() => void sync(), isWaiting ? SOON_MILLISECONDS : POLL_MILLISECONDS);
    return () => clearInterval(timer);
  }, [sync, isWaiting]);
  const lock = (): void => void walletService().lock().then(onLock);
  const readAgain = (): void =>
    again.run(async () => {
      setOverview(await walletService().readAgain());
      setError(null);
    });
  return (
    <div class="panels">
      <header class="wide title">
        <div>
          <h1>{text("wallet")}</h1>
          <p class="faint" role="status">
            {read && read[0] < read[1]
              ? text("reading", { block: read[0], head: read[1] })
              : overview && text("asOf", { block: overview.block })}
          </p>
          <ZoneLine />
        </div>
        <button type="button" class="quiet" onClick={lock}>
          {text("lock")}
        </button>
        {error && (
          <>
            <span role="alert" class="error">
              {errorLine(error)}
            </span>
            <button type="button" class="quiet" onClick={readAgain} disabled={again.busy}>
              {text("readAgain")}
            </button>
            <Outcome action={again} />
          </>
        )}
      </header>
      {overview?.startedAnew && <StartedAnew at={overview.startedAnew} />}
      {overview && (
        <>
          <Balances network={network} balances={overview.balances} />
          <Receive address={overview.address} />
          <Send network={network} />
          <Shield network={network} account={overview.account} />
          <Swap network={network} />
          <Unshield network={network} />
          <Meters network={network} overview={overview} />
          <Disclosures network={network} entries={overview.history} />
          <Viewing />
          <Backup onRemoved={onLock} />
          <History network={network} entries={overview.history} />
        </>
      )}
    </div>
  );
}

const SEEN = "started anew";

/** Says that the chain is a new one, until it was read. */
function StartedAnew({ at }: { at: number }) {
  const text = useText();
  const [seen, setSeen] = useState(localStorage.getItem(SEEN));
  const dismiss = (): void => {
    localStorage.setItem(SEEN, String(at));
    setSeen(String(at));
  };
  if (seen === String(at)) return null;
  return (
    <section class="wide row" role="alert">
      <p>{text("startedAnew")}</p>
      <button type="button" class="quiet" onClick={dismiss}>
        {text("gotIt")}
      </button>
    </section>
  );
}
