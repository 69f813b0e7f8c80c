/** Whether the system is well, for whoever runs it. */

import { WithApi } from "../components/network";
import { ZoneLine } from "../components/zone";
import { useText } from "../i18n/language";
import { Health } from "./operator/health";
import { Sums } from "./operator/sums";
import { Faults } from "./trust/faults";

export function Operator() {
  const text = useText();
  return (
    <>
      <header class="title">
        <div>
          <h1>{text("operator")}</h1>
          <p class="faint">{text("operatorText")}</p>
        </div>
      </header>
      <WithApi>
        {(client) => (
          <>
            <ZoneLine />
            <Health client={client} />
            <Faults client={client} />
            <Sums client={client} />
          </>
        )}
      </WithApi>
    </>
  );
}
