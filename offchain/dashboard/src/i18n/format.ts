/** How numbers and times are written in a language and a zone. Energy is Wh, prices are wei for a kWh, times are Unix seconds. */

import { useContext, useMemo } from "preact/hooks";

import type { Language } from "./dictionary";
import { LanguageContext } from "./language";
import { ZoneContext } from "./zone";

const LOCALES: { readonly [language in Language]: string } = { en: "en-GB", ko: "ko-KR" };
const WEI = 1e18;
const MILLISECONDS = 1000;
const LONG_SPAN = 10 * 86_400;
const MIDNIGHT = "00:00";
const SMALL = 0.001;

export class Format {
  private readonly locale: string;

  /** `zone`: the one that times are told in where no other is named. */
  constructor(
    language: Language,
    private readonly zone?: string,
  ) {
    this.locale = LOCALES[language];
  }

  number(value: number, decimals = 0): string {
    return new Intl.NumberFormat(this.locale, { maximumFractionDigits: decimals }).format(value);
  }

  /** Wh, as kWh with the unit; a thousand of them as MWh. */
  energy(wh: number): string {
    const kwh = wh / 1000;
    if (Math.abs(kwh) >= 10_000) return `${this.number(kwh / 1000, 1)} MWh`;
    return `${this.number(kwh, Math.abs(kwh) < 10 ? 2 : 1)} kWh`;
  }

  /** Base units of energy, 10^18 of which are a kWh. */
  tokens(units: bigint): string {
    return this.energy((Number(units) / WEI) * 1000);
  }

  /** Wei as ETH, with three digits that matter. */
  ether(wei: bigint): string {
    return `${this.significant(Number(wei) / WEI)} ETH`;
  }

  /** ETH for a kWh, of wei for a kWh. */
  price(wei: bigint): string {
    return this.significant(Number(wei) / WEI, 4);
  }

  /** Money of a currency, without decimals where the currency has none. */
  money(value: number, currency: string): string {
    if (currency === "KRW" && this.locale === LOCALES.ko) return `${this.number(value)}원`;
    try {
      return new Intl.NumberFormat(this.locale, { style: "currency", currency, currencyDisplay: "narrowSymbol" }).format(value);
    } catch {
      return `${this.number(value, 2)} ${currency}`; // a tariff file may name one that isn't of ISO 4217
    }
  }

  /** The same with its sign. */
  change(value: number, currency: string): string {
    return `${value > 0 ? "+" : ""}${this.money(value, currency)}`;
  }

  percent(share: number, decimals = 1): string {
    return new Intl.NumberFormat(this.locale, { style: "percent", maximumFractionDigits: decimals }).format(share);
  }

  significant(value: number, digits = 3): string {
    if (value !== 0 && Math.abs(value) < SMALL) return value.toPrecision(digits).replace(/\.?0+(e|$)/, "$1");
    return new Intl.NumberFormat(this.locale, { maximumSignificantDigits: Math.max(digits, wholeDigits(value)) }).format(value);
  }

  /** Day and time, in a zone or the page's own. */
  moment(time: number, zone?: string): string {
    return this.date(time, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, zone);
  }

  /** The same with the year. */
  stamp(time: number, zone?: string): string {
    return this.date(time, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }, zone);
  }

  clock(time: number, zone?: string): string {
    return this.date(time, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, zone);
  }

  /** From one time to another, whose day is told only if it is another one. */
  span(since: number, until: number, zone?: string): string {
    const isOneDay = this.day(since, zone) === this.day(until, zone);
    return `${this.moment(since, zone)} – ${isOneDay ? this.clock(until, zone) : this.moment(until, zone)}`;
  }

  day(time: number, zone?: string): string {
    return this.date(time, { month: "short", day: "numeric" }, zone);
  }

  /** A mark of an axis over so many seconds: days, and the time of day between them where that is short. */
  mark(time: number, span: number, zone?: string): string {
    const clock = this.clock(time, zone);
    return span > LONG_SPAN || clock === MIDNIGHT ? this.day(time, zone) : clock;
  }

  month(time: number, zone?: string): string {
    return this.date(time, { month: "long", year: "numeric" }, zone);
  }

  /** The short name of a month, 0 is January. */
  monthName(month: number): string {
    return this.date(Date.UTC(2001, month, 15) / MILLISECONDS, { month: "short" }, "UTC");
  }

  private date(time: number, options: Intl.DateTimeFormatOptions, zone = this.zone): string {
    return new Intl.DateTimeFormat(this.locale, { ...options, timeZone: zone }).format(new Date(time * MILLISECONDS));
  }
}

/** How the page's language writes numbers and times, in the page's zone. */
export function useFormat(): Format {
  const language = useContext(LanguageContext);
  const zone = useContext(ZoneContext);
  return useMemo(() => new Format(language, zone), [language, zone]);
}

function wholeDigits(value: number): number {
  return Math.max(1, Math.floor(Math.log10(Math.abs(value) || 1)) + 1);
}
