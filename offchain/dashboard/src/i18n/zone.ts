/** The zone that times are told in: the microgrid's, where the page's network file names it, else the browser's. */

import { createContext } from "preact";

/** The zone of the browser's own clock. */
export const BROWSER_ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

export const ZoneContext = createContext(BROWSER_ZONE);

/** Whether the browser knows a zone of that name. Source: IANA time zone database, ECMA-402. */
export function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
