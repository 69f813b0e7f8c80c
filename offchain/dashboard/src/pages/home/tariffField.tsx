import { useContext } from "preact/hooks";

import type { Offers } from "../../api/advice";
import { LanguageContext, useText } from "../../i18n/language";

/** A choice of a tariff; the first is what the service takes if none is named. */
export function TariffField(props: { offers: Offers; value: string; onValue: (value: string) => void }) {
  const { offers, value, onValue } = props;
  const text = useText();
  const titleOf = useTitle();
  const usual = "kepco_residential_low";
  return (
    <label>
      {text("tariff")}
      <select value={value || usual} onChange={(event) => onValue(event.currentTarget.value)}>
        {offers.tariffs.map((tariff) => (
          <option key={tariff.name} value={tariff.name}>
            {titleOf(tariff)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A tariff's title in the page's language. */
export function useTitle(): (tariff: { readonly title: string; readonly korean: string | null }) => string {
  const language = useContext(LanguageContext);
  return ({ title, korean }) => (language === "ko" && korean ? korean : title);
}
