// Opens the benchmark's page in Chromium: `run.mjs CHROMIUM URL INPUTS`. Each line that comes in makes a proof, whose seconds go
// out, by stage, as a line of JSON.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import { chromium } from "playwright-core";

const [program, url, file] = process.argv.slice(2);
const inputs = readFileSync(file, "utf8");
const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
try {
  const page = await browser.newPage();
  await page.goto(url);
  for await (const _ of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await page.evaluate((given) => globalThis.proofSeconds(given), inputs)));
  }
} finally {
  await browser.close();
}
