/** What was paid on average, and how much was traded. */

import { useAnswer } from "../../api/answer";
import { averages } from "../../api/market";
import { closeClaim, oracleClaim } from "../../check/marketClaims";
import { ErrorLine } from "../../components/errorLine";
import { Figure, FromChain } from "../../components/figure";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";
import type { Followed } from "./followed";
import { useLastDay } from "./lastDay";

const WINDOW = 1800; // seconds
const SECONDS = 30;

export function Average({ client, name, exchange, news }: Followed) {
  const text = useText();
  const format = useFormat();
  const { value, error, again } = useAnswer(
    (signal) => client.get(`v1/exchanges/${name}/twap`, averages, { window: WINDOW }, signal),
    [client, name],
    SECONDS,
    news,
  );
  const { trades, oracle } = value ?? {};
  return (
    <Figure label={text("average")} value={trades ? format.price(trades.price) : "–"} note={text("perKwh")}>
      {value && (
        <p class="faint">
          {oracle ? text("averageOracle", { price: format.price(oracle.price) }) : text("averageNoOracle")}
        </p>
      )}
      <ErrorLine error={error} again={again} />
      {oracle ? (
        <FromChain
          source={oracle.state}
          claim={exchange ? oracleClaim(exchange, WINDOW, oracle) : undefined}
        />
      ) : (
        trades && <FromChain source={trades.last} />
      )}
    </Figure>
  );
}

export function Volume(followed: Followed) {
  const text = useText();
  const format = useFormat();
  const { value, error, again } = useLastDay(followed);
  const found = value ?? [];
  const sum = (part: "eth" | "tokens"): bigint => found.reduce((total, one) => total + one[part], 0n);
  const count = found.reduce((total, one) => total + one.trades, 0);
  const last = found[found.length - 1];
  const { exchange } = followed;
  return (
    <Figure
      label={text("volumeDay")}
      value={value ? format.tokens(sum("tokens")) : "–"}
      note={value && text("volumeNote", { count, ether: format.ether(sum("eth")) })}
    >
      <ErrorLine error={error} again={again} />
      {last && (
        <FromChain source={last.last} claim={exchange ? closeClaim(exchange, last) : undefined} />
      )}
    </Figure>
  );
}
