/** What the chains say of the system, told by the service and checked by the page. */

import { WithApi } from "../components/network";
import { ZoneLine } from "../components/zone";
import { useText } from "../i18n/language";
import { Checkpoints } from "./trust/checkpoints";
import { Exits } from "./trust/exits";
import { Faults } from "./trust/faults";
import { Models } from "./trust/models";

export function Trust() {
  const text = useText();
  return (
    <>
      <header class="title">
        <div>
          <h1>{text("trust")}</h1>
          <p class="faint">{text("trustText")}</p>
        </div>
      </header>
      <WithApi>
        {(client) => (
          <>
            <ZoneLine />
            <Checkpoints client={client} />
            <Models client={client} />
            <Faults client={client} />
            <Exits client={client} />
          </>
        )}
      </WithApi>
    </>
  );
}
