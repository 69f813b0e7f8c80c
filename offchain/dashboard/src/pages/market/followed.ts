import type { ApiClient } from "../../api/client";
import type { Exchange } from "../../api/market";

/** A microgrid's exchange as the service follows it; `exchange` is null until the service told it, `news` changes with each
 * trade. */
export interface Followed {
  readonly client: ApiClient;
  readonly name: string;
  readonly exchange: Exchange | null;
  readonly news: string | null;
}
