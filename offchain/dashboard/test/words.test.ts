/** How figures are computed and written, in both languages. */

import { describe, expect, it, test } from "vitest";

import { priceOf, tradePrices, type Pool } from "../src/chain/exchange";
import { inKorean } from "../src/i18n/basisWords";
import { TEXTS } from "../src/i18n/dictionary";
import { ENGLISH as ERRORS, KOREAN as ERRORS_KOREAN } from "../src/i18n/errors";
import { Format } from "../src/i18n/format";
import { loadQuery } from "../src/pages/home/load";
import { marketQuery, written } from "../src/pages/home/written";

const KWH = 10n ** 18n;
const NOON = 1_795_748_400; // 2026-11-27 12:00 in Seoul
const SEOUL = "Asia/Seoul";

describe.each([
  ["en", { energy: "1,234.5 kWh", money: "₩261,510", change: "+₩1", moment: "27 Nov, 12:00", stamp: "27 Nov 2026, 12:00", tomorrow: "28 Nov, 12:00", month: "November 2026" }],
  ["ko", { energy: "1,234.5 kWh", money: "261,510원", change: "+1원", moment: "11월 27일 12:00", stamp: "2026. 11. 27. 12:00", tomorrow: "11월 28일 12:00", month: "2026년 11월" }],
] as const)("numbers in %s", (language, expected) => {
  const format = new Format(language);

  it("have their units", () => {
    expect(format.energy(1_234_500)).toBe(expected.energy);
    expect(format.energy(1_234)).toBe("1.23 kWh");
    expect(format.energy(12_345_000_000)).toBe("12,345 MWh");
    expect(format.tokens(KWH / 2n)).toBe("0.5 kWh");
    expect(format.money(261_510, "KRW")).toBe(expected.money);
    expect(format.change(1, "KRW")).toBe(expected.change);
    expect(format.money(2, "no currency")).toBe("2 no currency");
    expect(format.percent(0.0823)).toBe("8.2%");
  });

  it("keep the digits that matter", () => {
    expect(format.price(22_002_832_676_678_293n)).toBe("0.022");
    expect(format.price(1_234_567n)).toBe("1.235e-12");
    expect(format.ether(0n)).toBe("0 ETH");
    expect(format.significant(123_456)).toBe("123,456");
  });

  it("are told in the zone's time", () => {
    expect(format.moment(NOON, SEOUL)).toBe(expected.moment);
    expect(format.clock(NOON + 12 * 3600, SEOUL)).toBe("00:00");
    expect(format.month(NOON, SEOUL)).toBe(expected.month);
    expect(new Format(language, SEOUL).moment(NOON)).toBe(expected.moment); // where no zone is named
    expect(format.stamp(NOON, SEOUL)).toBe(expected.stamp);
    expect(format.span(NOON, NOON + 900, SEOUL)).toBe(`${expected.moment} – 12:15`);
    expect(format.span(NOON, NOON + 86_400, SEOUL)).toBe(`${expected.moment} – ${expected.tomorrow}`);
  });
});

describe("a pool", () => {
  const pool: Pool = { exchange: "0x", eth: 10n * KWH, tokens: 500n * KWH, block: 1, hash: "0x", time: 0 };

  it("has a price at the margin", () => expect(priceOf(pool)).toBe(KWH / 50n));

  it("sells dearer and buys cheaper than that, the more the further", () => {
    const [small, large] = [tradePrices(pool, KWH), tradePrices(pool, 100n * KWH)];
    expect(small.buy! > priceOf(pool) && small.sell! < priceOf(pool)).toBe(true);
    expect(large.buy! > small.buy! && large.sell! < small.sell!).toBe(true);
    // Uniswap V1: 100 of 500 cost 10 * 100 / 400 / 0.997; 100 given get 10 * 99.7 / 599.7.
    expect(Number(large.buy) / 1e18).toBeCloseTo(2.5 / 0.997 / 100, 12);
    expect(Number(large.sell) / 1e18).toBeCloseTo((10 * 99.7) / 599.7 / 100, 12);
  });

  it("can't give all it has, nor trade nothing", () => {
    expect(tradePrices(pool, pool.tokens).buy).toBeNull();
    expect(tradePrices(pool, 0n)).toEqual({ buy: null, sell: null });
  });
});

describe("what a person writes", () => {
  test.each([
    ["3", 3],
    [" 1,234.5 ", 1234.5],
    ["0", 0],
    ["", undefined],
    ["-1", undefined],
    ["abc", undefined],
    ["1e999", undefined],
  ])("%j is %j", (text, value) => expect(written(text)).toBe(value));

  it("is left out where it is none", () => {
    const settings = { tariff: "", contract: "x", ether: "4000000", feedIn: "" };
    expect(marketQuery(settings)).toEqual({ tariff: undefined, contract_kw: undefined, eth_price: 4_000_000, feed_in: undefined });
  });

  it("asks for a load that runs through, or that takes what it gets", () => {
    expect(loadQuery("washing", { energy: "1.2", pace: "2", within: "24" })).toEqual({ energy_wh: 1200, hours: 2, within_hours: 24 });
    expect(loadQuery("car", { energy: "20", pace: "7.4", within: "12" })).toEqual({ energy_wh: 20_000, most_wh: 7400, within_hours: 12 });
  });
});

describe("both languages", () => {
  const named = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();

  it("fill in the same names", () => {
    const keys = Object.keys(TEXTS.en) as (keyof typeof TEXTS.en)[];
    const apart = keys.filter((key) => String(named(TEXTS.en[key])) !== String(named(TEXTS.ko[key])));
    expect(apart).toEqual([]);
  });

  it("have lines for each error", () => expect(Object.keys(ERRORS_KOREAN).sort()).toEqual(Object.keys(ERRORS).sort()));
});

describe("what a number was computed from", () => {
  const energy = { code: "energy", values: { kwh: "300", price: "93.2" }, joint: "" };
  const base = { code: "base_of_tier", values: { amount: "910", tier: "1", tiers: "3", season: "summer" }, joint: "; " };

  it("is told in Korean by its phrases", () => {
    expect(inKorean([energy, base])).toBe("300 kWh × 93.2; 3단계 중 1단계 910 (여름)");
    expect(inKorean([{ ...base, values: { ...base.values, season: "toString" }, joint: "" }])).toContain("(toString)");
  });

  it.each([
    ["an unknown phrase", [energy, { ...energy, code: "toString" }]],
    ["a value that is missing", [{ ...energy, values: { kwh: "300" } }]],
    ["no phrase at all", []],
  ])("isn't with %s", (_, phrases) => expect(inKorean(phrases as (typeof energy)[])).toBeNull());
});
