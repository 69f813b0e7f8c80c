/** What a page needs before it shows anything: the network, and the API where there is one. */

import { createContext, type ComponentChildren } from "preact";
import { useContext, useMemo } from "preact/hooks";

import { useAnswer } from "../api/answer";
import { ApiClient } from "../api/client";
import { fetchNetwork, type Network } from "../chain/network";
import { UserError } from "../errors";
import { useText } from "../i18n/language";
import { ErrorLine } from "./errorLine";
import { InZone } from "./zone";

const NetworkContext = createContext<Network | null>(null);

/** The network, in whatever is within `WithNetwork`. */
export function useNetwork(): Network {
  const network = useContext(NetworkContext);
  if (!network) throw new UserError("networkFile");
  return network;
}

/** Shows what is in it once the network is known. */
export function WithNetwork({ children }: { children: (network: Network) => ComponentChildren }) {
  const text = useText();
  const { value, error, again } = useAnswer(() => fetchNetwork(document.baseURI), []);
  if (value) {
    return (
      <NetworkContext.Provider value={value}>
        <InZone network={value}>{children(value)}</InZone>
      </NetworkContext.Provider>
    );
  }
  if (error) return <ErrorLine error={error} again={again} />;
  return <p role="status">{text("loading")}</p>;
}

/** Shows what is in it where the network has an API. */
export function WithApi({ children }: { children: (client: ApiClient, network: Network) => ComponentChildren }) {
  return <WithNetwork>{(network) => <Api network={network}>{children}</Api>}</WithNetwork>;
}

function Api(props: { network: Network; children: (client: ApiClient, network: Network) => ComponentChildren }) {
  const { network, children } = props;
  const client = useMemo(() => (network.api ? new ApiClient(network.api) : null), [network.api]);
  return client ? children(client, network) : <ErrorLine error={new UserError("apiMissing")} />;
}
