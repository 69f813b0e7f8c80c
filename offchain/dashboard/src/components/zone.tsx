import type { ComponentChildren } from "preact";
import { useContext } from "preact/hooks";

import type { Network } from "../chain/network";
import { useText } from "../i18n/language";
import { BROWSER_ZONE, ZoneContext } from "../i18n/zone";

/** Tells all times within it in the network's zone. */
export function InZone({ network, children }: { network: Network; children: ComponentChildren }) {
  return <ZoneContext.Provider value={network.zone ?? BROWSER_ZONE}>{children}</ZoneContext.Provider>;
}

/** Says once a page whose times they are. */
export function ZoneLine() {
  const text = useText();
  const zone = useContext(ZoneContext);
  return <p class="faint">{text("zoneLine", { zone })}</p>;
}
