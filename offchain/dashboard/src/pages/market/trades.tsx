/** The last trades; who traded isn't known. */

import { useAnswer } from "../../api/answer";
import { trades, type Trade } from "../../api/market";
import { tradeClaim } from "../../check/marketClaims";
import { FromChain } from "../../components/figure";
import { Panel } from "../../components/panel";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";
import type { Followed } from "./followed";

const COUNT = 12;

export function Trades({ client, name, exchange, news }: Followed) {
  const text = useText();
  const answer = useAnswer(
    (signal) => client.get(`v1/exchanges/${name}/trades`, trades, { count: COUNT }, signal),
    [client, name],
    0,
    news,
  );
  return (
    <Panel title={text("lastTrades")} answer={answer} isWide>
      {({ trades: found }) => (found.length ? <Table trades={found} exchange={exchange} /> : <p class="empty">{text("noTrades")}</p>)}
    </Panel>
  );
}

function Table({ trades: found, exchange }: { trades: Trade[] } & Pick<Followed, "exchange">) {
  const text = useText();
  const heads = ["time", "side", "energyTraded", "paidEther", "price"] as const;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={text("lastTrades")}>
      <table>
        <thead>
          <tr>
            {heads.map((head, place) => (
              <th key={head} scope="col" class={place > 1 ? "number" : undefined}>
                {text(head)}
              </th>
            ))}
            <th scope="col">{text("computedFrom")}</th>
          </tr>
        </thead>
        <tbody>
          {found.map((trade) => (
            <Row key={`${trade.source.block}.${trade.source.log}`} trade={trade} exchange={exchange} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ trade, exchange }: { trade: Trade } & Pick<Followed, "exchange">) {
  const text = useText();
  const format = useFormat();
  const { side, eth, tokens, price, source } = trade;
  return (
    <tr>
      <td class="nowrap">{format.moment(source.time)}</td>
      <td class={`nowrap ${side === "buy" ? "up" : "down"}`}>{text(side === "buy" ? "bought" : "soldSide")}</td>
      <td class="number">{format.tokens(tokens)}</td>
      <td class="number">{format.ether(eth)}</td>
      <td class="number">{format.price(price)}</td>
      <td>
        <FromChain source={source} claim={exchange ? tradeClaim(exchange, trade) : undefined} />
      </td>
    </tr>
  );
}
