/** Phrases of what a number was computed from, in Korean, by the service's codes; in English the service tells them itself. */

/** `docs/reference/advice-routes.md` lists the codes and their values. */
const KOREAN: { readonly [code: string]: string } = {
  base_of_tier: "{tiers}단계 중 {tier}단계 {amount} ({season})",
  base_of_power: "{kw} kW × {price} ({season})",
  bills: "거래 없이 {without}, 거래하면 {with}",
  days_read: "검침 {days}일",
  days_usual: "{days}일은 지난 몇 주의 같은 시각으로",
  energy: "{kwh} kWh × {price}",
  energy_of_band: "{band} {kwh} kWh × {price}",
  ether: "1 ETH = {price}",
  exported_usual: "보낸 전력은 지난 몇 주의 같은 시각으로",
  fading: "해마다 {share} % 감소",
  feed_in: "전력망 매입가 kWh당 {price}",
  forecast_band: "범위는 지난 {days}일 같은 시각의 오차로",
  hours_foreseen: "{hours}시간은 예측으로",
  hours_priced: "거래소 가격이 있는 {hours}시간",
  hours_sent: "보낸 {hours}시간",
  hours_usual: "{hours}시간은 지난 몇 주의 같은 시각으로",
  imported_by_model: "받은 전력은 {hours}시간을 모델 {model}번으로",
  imported_usual: "받은 전력은 지난 몇 주의 같은 시각으로",
  losses: "손실 {share} %",
  market_usual: "시장 가격은 지난 {days}일의 같은 시각으로",
  panels: "{kw} kW, 기울기 {tilt}도, 방향 {azimuth}도",
  panels_cost: "비용 {price}",
  panels_sold: "{kwh} kWh는 {price}에 판매",
  panels_used: "{kwh} kWh는 바로 사용",
  prices: "{korean} 가격",
  share: "{amount}의 {share} %",
  surplus_none: "남는 전력 없음: 지난 몇 주의 검침이 없음",
  surplus_usual: "남는 전력은 지난 몇 주의 같은 시각으로",
  tier: "{tiers}단계 중 {tier}단계",
  traded: "시간별 가격으로 구매 {bought} kWh, 판매 {sold} kWh",
  typical_year: "{place}의 평년: 수평면 1 m²에 {kwh} kWh",
  year_until: "{day}까지 12개월, {korean}",
};

/** Seasons, hours of the day and places, as tariffs and climates name them; others are told as they are. */
const NAMES: { readonly [name: string]: string } = {
  summer: "여름",
  winter: "겨울",
  other: "그 밖의 달",
  "spring and autumn": "봄·가을",
  "summer and winter": "여름·겨울",
  peak: "최대부하",
  "mid-peak": "중간부하",
  "off-peak": "경부하",
  Seoul: "서울",
  Seosan: "서산",
};

/** A phrase as the service tells it; `joint` stands before it. */
export interface Phrase {
  readonly code: string;
  readonly values: { readonly [name: string]: string };
  readonly joint: string;
}

/** A line in Korean, null if one of its phrases isn't known or lacks a value: another version of the service told it. */
export function inKorean(phrases: readonly Phrase[]): string | null {
  const told = phrases.map(({ code, values, joint }) => {
    const pattern = Object.hasOwn(KOREAN, code) ? KOREAN[code] : null;
    if (pattern === null || names(pattern).some((name) => !Object.hasOwn(values, name))) return null;
    return joint + pattern.replace(/\{(\w+)\}/g, (_, name: string) => named(values[name]));
  });
  return told.length && !told.includes(null) ? told.join("") : null;
}

function named(value: string): string {
  return Object.hasOwn(NAMES, value) ? NAMES[value] : value;
}

function names(pattern: string): string[] {
  return [...pattern.matchAll(/\{(\w+)\}/g)].map((found) => found[1]);
}
