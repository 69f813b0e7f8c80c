/** A number that matters, and what it was computed from. */

import type { ComponentChildren } from "preact";

import type { Basis } from "../api/advice";
import type { Source, State } from "../api/source";
import type { Claim } from "../check/claim";
import { useFormat } from "../i18n/format";
import { useText } from "../i18n/language";
import { BasisLine } from "./basisLine";
import { CheckOnChain } from "./checkOnChain";
import { useNetwork } from "./network";

interface Props {
  readonly label: string;
  readonly value: string;
  readonly note?: ComponentChildren;
  readonly children?: ComponentChildren;
}

export function Figure({ label, value, note, children }: Props) {
  return (
    <section class="card">
      <h2>{label}</h2>
      <p class="big">{value}</p>
      {note && <p class="faint">{note}</p>}
      {children}
    </section>
  );
}

/** What an answer says it was computed from. */
export function ComputedFrom({ basis, zone }: { basis: Basis; zone?: string }) {
  const text = useText();
  const format = useFormat();
  const { since, until, readings, filled_hours: filled } = basis;
  return (
    <Told>
      <p>
        <BasisLine {...basis} />
      </p>
      {since !== null && until !== null && (
        <p>{text("basisTime", { since: format.moment(since, zone), until: format.moment(until, zone) })}</p>
      )}
      {readings !== null && <p>{text("basisReadings", { readings: format.number(readings), filled: filled ?? 0 })}</p>}
    </Told>
  );
}

/** The place on chain that a number comes from; with a claim it can be checked there. */
export function FromChain({ source, claim }: { source: Source | State; claim?: Claim }) {
  const text = useText();
  const format = useFormat();
  const network = useNetwork();
  return (
    <Told>
      <p>{text("fromBlock", { block: source.block, chain: source.chain, time: format.moment(source.time) })}</p>
      <p class="code">{text("fromContract", { contract: source.contract })}</p>
      {"transaction" in source && (
        <p class="code">{text("fromTransaction", { transaction: source.transaction, log: source.log })}</p>
      )}
      {claim && <CheckOnChain network={network} claim={claim} />}
    </Told>
  );
}

/** Anything else that a number comes from. */
export function Told({ children }: { children: ComponentChildren }) {
  const text = useText();
  return (
    <details class="basis">
      <summary>{text("computedFrom")}</summary>
      {children}
    </details>
  );
}
