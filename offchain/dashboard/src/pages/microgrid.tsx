/** A microgrid as a whole, live: its energy tokens, what was published of it, and how the forecast did. */

import { useState } from "preact/hooks";

import type { ApiClient } from "../api/client";
import { useLive } from "../api/live";
import type { MicrogridState } from "../api/microgrids";
import { LiveBadge } from "../components/badge";
import { Choice } from "../components/choice";
import { ErrorLine } from "../components/errorLine";
import { WithApi } from "../components/network";
import { ZoneLine } from "../components/zone";
import { UserError } from "../errors";
import { useText } from "../i18n/language";
import { Flow } from "./microgrid/flow";
import { Participants, Published, Tokens } from "./microgrid/figures";

export function Microgrid() {
  return <WithApi>{(client) => <Microgrids client={client} />}</WithApi>;
}

function Microgrids({ client }: { client: ApiClient }) {
  const text = useText();
  const { values, connected, failed } = useLive(client);
  const [chosen, setChosen] = useState<number | null>(null);
  const all = values?.microgrids ?? [];
  const one = all.find((grid) => grid.number === chosen) ?? all[0];
  const options = all.map((grid) => [String(grid.number), nameOf(grid)] as const);
  return (
    <div class="panels pairs">
      <header class="wide title">
        <div>
          <h1>{text("microgrid")}</h1>
          <p class="faint">{text("microgridText")}</p>
          <ZoneLine />
        </div>
        <div class="row">
          {one && (
            <Choice
              label={text("microgridChoice")}
              options={options}
              value={String(one.number)}
              onValue={(number) => setChosen(Number(number))}
            />
          )}
          <LiveBadge connected={connected} />
        </div>
      </header>
      {failed && !connected && <ErrorLine error={new UserError("apiSilent")} />}
      {one && <One key={one.number} client={client} grid={one} />}
      {!one && !failed && <p role="status">{text(values ? "microgridNone" : "loading")}</p>}
    </div>
  );
}

function One({ client, grid }: { client: ApiClient; grid: MicrogridState }) {
  return (
    <>
      <div class="wide cards">
        <Tokens grid={grid} />
        <Published grid={grid} part="exported" />
        <Published grid={grid} part="imported" />
        <Participants grid={grid} />
      </div>
      {grid.name && <Flow client={client} name={grid.name} news={grid.published?.source.block} />}
    </>
  );
}

function nameOf({ name, number }: MicrogridState): string {
  return name ?? String(number);
}
