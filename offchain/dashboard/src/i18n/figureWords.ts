/** Words of figures and charts, wherever they stand. */

export const ENGLISH = {
  computedFrom: "Computed from",
  basisTime: "From {since} to {until}",
  basisReadings: "{readings} readings; {filled} hours without one were filled in",
  fromBlock: "Block {block} of chain {chain}, {time}",
  fromContract: "Contract {contract}",
  fromTransaction: "Transaction {transaction}, log {log}",
  asTable: "Show as a table",
  live: "Live",
  notLive: "Not connected",
  day: "Day",
  hour: "Hour",
  month: "Month",
  zoneLine: "Times are those of {zone}.",
} as const;

export const KOREAN: { readonly [key in keyof typeof ENGLISH]: string } = {
  computedFrom: "계산 근거",
  basisTime: "{since}부터 {until}까지",
  basisReadings: "검침 {readings}건, 검침이 없는 {filled}시간은 채워 넣음",
  fromBlock: "{chain} 체인의 {block} 블록, {time}",
  fromContract: "계약 {contract}",
  fromTransaction: "거래 {transaction}, 로그 {log}",
  asTable: "표로 보기",
  live: "실시간",
  notLive: "연결 안 됨",
  day: "날",
  hour: "시각",
  month: "달",
  zoneLine: "시각은 {zone} 기준입니다.",
};
