/** The zone that times are told in: the microgrid's, where the page's network file names it, else the browser's. */

import { createContext } from "preact";

/** The zone of the browser's own clock. */
export const BROWSER_ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

export const ZoneContext = createContext(BROWSER_ZONE);
