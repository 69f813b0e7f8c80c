/** What a home tells about its tariff and its prices; kept in this browser, sent only with questions to the service. */

import { useState } from "preact/hooks";

import type { Offers } from "../../api/advice";
import { useText } from "../../i18n/language";
import { NumberField } from "./numberField";
import { TariffField } from "./tariffField";
import type { Settings } from "./written";

const KEPT = "home settings";

const FIRST: Settings = { tariff: "", contract: "3", ether: "", feedIn: "0" };

export function useSettings(): [Settings, (changed: Settings) => void] {
  const [settings, setSettings] = useState(kept);
  const change = (changed: Settings): void => {
    setSettings(changed);
    localStorage.setItem(KEPT, JSON.stringify(changed));
  };
  return [settings, change];
}

export function SettingsForm(props: { offers: Offers | null; settings: Settings; onChange: (changed: Settings) => void }) {
  const { offers, settings, onChange } = props;
  const text = useText();
  const set = (part: Partial<Settings>): void => onChange({ ...settings, ...part });
  return (
    <details class="wide settings">
      <summary>{text("settings")}</summary>
      <div class="fields">
        {offers && <TariffField offers={offers} value={settings.tariff} onValue={(tariff) => set({ tariff })} />}
        <NumberField label={text("contractPower")} value={settings.contract} onValue={(contract) => set({ contract })} />
        <NumberField
          label={text("etherPrice")}
          hint={text("etherPriceHint")}
          value={settings.ether}
          onValue={(ether) => set({ ether })}
        />
        <NumberField label={text("feedIn")} value={settings.feedIn} onValue={(feedIn) => set({ feedIn })} />
      </div>
    </details>
  );
}

function kept(): Settings {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Partial<Record<keyof Settings, unknown>>;
    const texts = Object.entries(found).filter(([name, value]) => name in FIRST && typeof value === "string");
    return { ...FIRST, ...(Object.fromEntries(texts) as Partial<Settings>) };
  } catch {
    return FIRST; // another program wrote there
  }
}
