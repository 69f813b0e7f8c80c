/** The market of a microgrid's energy: the price and the pool as the chain has them now, what was traded, and a private trade. */

import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";

import { useAnswer } from "../api/answer";
import { ApiClient } from "../api/client";
import { useLive } from "../api/live";
import { poolOf } from "../chain/exchange";
import type { Network } from "../chain/network";
import { Node } from "../chain/node";
import { LiveBadge } from "../components/badge";
import { Choice } from "../components/choice";
import { ErrorLine } from "../components/errorLine";
import { WithNetwork } from "../components/network";
import { ZoneLine } from "../components/zone";
import { UserError } from "../errors";
import { useText } from "../i18n/language";
import { Average, Volume } from "./market/averages";
import { Depth } from "./market/depth";
import type { Followed } from "./market/followed";
import { PriceHistory } from "./market/history";
import { PoolFigure, PriceNow } from "./market/now";
import { Trade } from "./market/trade";
import { Trades } from "./market/trades";

const POOL_SECONDS = 5;

export function Market() {
  return <WithNetwork>{(network) => <Exchanges network={network} />}</WithNetwork>;
}

function Exchanges({ network }: { network: Network }) {
  const text = useText();
  const names = Object.keys(network.tokens);
  const [name, setName] = useState(names[0] ?? "");
  const client = useMemo(() => (network.api ? new ApiClient(network.api) : null), [network.api]);
  if (!name) return <ErrorLine error={new UserError("tradeNoExchange")} />;
  const choice = (
    <Choice label={text("microgridChoice")} options={names.map((one) => [one, one])} value={name} onValue={setName} />
  );
  return (
    <div class="panels pairs">
      {client ? (
        <WithHistory network={network} name={name} client={client} choice={choice} />
      ) : (
        <>
          <Title>{choice}</Title>
          <div class="wide">
            <ErrorLine error={new UserError("apiMissing")} />
          </div>
          <OnChain key={name} network={network} name={name} followed={null} />
        </>
      )}
    </div>
  );
}

function Title({ children }: { children: ComponentChildren }) {
  const text = useText();
  return (
    <header class="wide title">
      <div>
        <h1>{text("market")}</h1>
        <p class="faint">{text("marketText")}</p>
        <ZoneLine />
      </div>
      <div class="row">{children}</div>
    </header>
  );
}

interface Part {
  readonly network: Network;
  readonly name: string;
}

function WithHistory({ network, name, client, choice }: Part & { client: ApiClient; choice: ComponentChildren }) {
  const { values, connected } = useLive(client);
  const exchange = values?.exchanges.find((one) => one.microgrid === name) ?? null;
  const last = exchange?.last?.source;
  const followed: Followed = { client, name, exchange, news: last ? `${last.block_hash}.${last.log}` : null };
  return (
    <>
      <Title>
        {choice}
        <LiveBadge connected={connected} />
      </Title>
      <OnChain key={name} network={network} name={name} followed={followed} />
    </>
  );
}

function OnChain({ network, name, followed }: Part & { followed: Followed | null }) {
  const node = useMemo(() => new Node(network.node), [network.node]);
  const token = network.tokens[name];
  const pool = useAnswer(() => poolOf(node, network, token), [node, network, token], POOL_SECONDS, followed?.news);
  return (
    <>
      <div class="wide cards">
        <PriceNow pool={pool} chain={network.chainId} followed={followed} />
        {followed && <Average {...followed} />}
        {followed && <Volume {...followed} />}
        {pool.value && <PoolFigure pool={pool.value} chain={network.chainId} />}
      </div>
      {followed && <PriceHistory {...followed} />}
      {pool.value && <Depth pool={pool.value} />}
      <Trade network={network} />
      {followed && <Trades {...followed} />}
    </>
  );
}
