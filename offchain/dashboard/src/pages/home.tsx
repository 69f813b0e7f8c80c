/** A home's energy: what it used and made, what that costs, what is foreseen, and what could be saved. */

import { useAnswer } from "../api/answer";
import type { ApiClient } from "../api/client";
import { me } from "../api/home";
import { WithKey } from "../components/apiKey";
import { ErrorLine } from "../components/errorLine";
import { WithApi } from "../components/network";
import { useText } from "../i18n/language";
import { Overview } from "./home/overview";

export function Home() {
  return <WithApi>{(client) => <Opened client={client} />}</WithApi>;
}

function Opened({ client }: { client: ApiClient }) {
  const text = useText();
  const explanation = (
    <>
      <h1>{text("keyTitle")}</h1>
      <p>{text("keyText")}</p>
    </>
  );
  return (
    <WithKey use="home" label={text("keyLabel")} client={client} explanation={explanation}>
      {(own) => <Checked client={own} />}
    </WithKey>
  );
}

/** Shows nothing of a home unless the service takes the key. */
function Checked({ client }: { client: ApiClient }) {
  const text = useText();
  const { value, error, again } = useAnswer((signal) => client.get("v1/me", me, {}, signal), [client]);
  return (
    <>
      <header class="title">
        <h1>{text("home")}</h1>
        {value && <span class="faint">{value.name}</span>}
      </header>
      <ErrorLine error={error} again={again} />
      {value && <Overview client={client} />}
      {!value && !error && <p role="status">{text("loading")}</p>}
    </>
  );
}
