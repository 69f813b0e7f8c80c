/** A microgrid's numbers, each with its place on chain. */

import type { MicrogridState } from "../../api/microgrids";
import { balanceClaim, participantsClaim, publishedClaim } from "../../check/microgridClaims";
import { Figure, FromChain } from "../../components/figure";
import { useFormat } from "../../i18n/format";
import { useText } from "../../i18n/language";

interface Props {
  readonly grid: MicrogridState;
}

export function Tokens({ grid: { balance, source } }: Props) {
  const text = useText();
  const format = useFormat();
  const [minted, burned] = [balance?.minted ?? 0n, balance?.burned ?? 0n].map((units) => format.tokens(units));
  return (
    <Figure
      label={text("outstanding")}
      value={format.tokens(balance?.outstanding ?? 0n)}
      note={text("outstandingNote", { minted, burned })}
    >
      <FromChain source={balance?.source ?? source} claim={balance ? balanceClaim(balance) : undefined} />
    </Figure>
  );
}

export function Published({ grid: { number, published }, part }: Props & { part: "exported" | "imported" }) {
  const text = useText();
  const format = useFormat();
  const label = text(part === "exported" ? "madeTotal" : "usedTotal");
  if (!published) return <Figure label={label} value="–" note={text("publishedNone")} />;
  const note = text("publishedNote", { epoch: published.epoch });
  return (
    <Figure label={label} value={format.energy(Number(published[part]))} note={note}>
      <FromChain source={published.source} claim={publishedClaim(number, published)} />
    </Figure>
  );
}

export function Participants({ grid: { number, participants, epoch_length: seconds } }: Props) {
  const text = useText();
  const format = useFormat();
  const capacity = format.energy(Number(participants?.capacity ?? 0n));
  return (
    <Figure
      label={text("participants")}
      value={format.number(participants?.meters ?? 0)}
      note={text("participantsNote", { capacity, minutes: format.number(seconds / 60) })}
    >
      {participants && (
        <FromChain
          source={participants.source}
          claim={participantsClaim(number, participants)}
        />
      )}
    </Figure>
  );
}
