/** Price and pool as the page's own node has them. */

import type { Answer } from "../../api/answer";
import type { State } from "../../api/source";
import { priceOf, type Pool } from "../../chain/exchange";
import { ErrorLine } from "../../components/errorLine";
import { Figure, FromChain } from "../../components/figure";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";
import type { Followed } from "./followed";
import { useLastDay } from "./lastDay";

interface Props {
  readonly pool: Answer<Pool>;
  readonly chain: number;
  readonly followed: Followed | null;
}

export function PriceNow({ pool, chain, followed }: Props) {
  const text = useText();
  const format = useFormat();
  if (!pool.value) {
    return (
      <Figure label={text("priceNow")} value="–">
        {pool.error ? <ErrorLine error={pool.error} again={pool.again} /> : <p role="status">{text("loading")}</p>}
      </Figure>
    );
  }
  const price = priceOf(pool.value);
  return (
    <Figure label={text("priceNow")} value={format.price(price)} note={text("perKwh")}>
      {followed && <Change followed={followed} price={price} />}
      <ErrorLine error={pool.error} again={pool.again} />
      <FromChain source={stateOf(pool.value, chain)} />
    </Figure>
  );
}

function Change({ followed, price }: { followed: Followed; price: bigint }) {
  const text = useText();
  const format = useFormat();
  const { value } = useLastDay(followed);
  if (!value) return null;
  const [first] = value;
  if (!first) return <p class="faint">{text("noChange")}</p>;
  const share = Number(price) / Number(first.open) - 1;
  const shown = `${share > 0 ? "+" : ""}${format.percent(share)}`;
  return <p class={share < 0 ? "down" : "up"}>{text("changeDay", { change: shown })}</p>;
}

export function PoolFigure({ pool, chain }: { pool: Pool; chain: number }) {
  const text = useText();
  const format = useFormat();
  return (
    <Figure label={text("pool")} value={format.tokens(pool.tokens)} note={format.ether(pool.eth)}>
      <FromChain source={stateOf(pool, chain)} />
    </Figure>
  );
}

function stateOf({ block, hash, exchange, time }: Pool, chain: number): State {
  return { chain, block, block_hash: hash, contract: exchange, time };
}
