/** What is newest, as the API's server-sent events tell it: health of the chains, microgrids, the first exchanges. */

import { useEffect, useState } from "preact/hooks";

import type { ApiClient } from "./client";
import { exchange } from "./market";
import { microgrid } from "./microgrids";
import { fields, list, type Read, type Reader } from "./shape";
import { health } from "./system";

const AGAIN_MILLISECONDS = 5_000;

export const liveValues = fields({ health, microgrids: list(microgrid), exchanges: list(exchange) });
export type LiveValues = Read<typeof liveValues>;

/** `failed`: it was tried, and what was there last may be old. */
export interface Live {
  readonly values: LiveValues | null;
  readonly connected: boolean;
  readonly failed: boolean;
}

/** Follows the stream while the page is seen: an address may have few streams. Gives what ends it. */
export function follow(client: ApiClient, onChange: (live: Live) => void, read: Reader<LiveValues> = liveValues): () => void {
  let source: EventSource | null = null;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let newest: LiveValues | null = null;
  const tell = (connected: boolean): void => onChange({ values: newest, connected, failed: !connected });
  const close = (): void => {
    clearTimeout(waiting);
    source?.close();
    source = null;
  };
  const open = (): void => {
    close();
    if (document.hidden) return;
    source = new EventSource(client.urlOf("v1/live"));
    source.addEventListener("values", (event: MessageEvent<string>) => {
      const found = valuesOf(event.data, read);
      newest = found ?? newest;
      tell(found !== null);
    });
    source.onerror = (): void => {
      tell(false);
      // It comes again by itself unless it was refused.
      if (source?.readyState === EventSource.CLOSED) waiting = setTimeout(open, AGAIN_MILLISECONDS);
    };
  };
  document.addEventListener("visibilitychange", open);
  open();
  return () => {
    document.removeEventListener("visibilitychange", open);
    close();
  };
}

/** Live values for a page's part, as long as it is there. */
export function useLive(client: ApiClient): Live {
  const [live, setLive] = useState<Live>({ values: null, connected: false, failed: false });
  useEffect(() => follow(client, setLive), [client]);
  return live;
}

function valuesOf(data: string, read: Reader<LiveValues>): LiveValues | null {
  try {
    return read(JSON.parse(data));
  } catch {
    return null;
  }
}
