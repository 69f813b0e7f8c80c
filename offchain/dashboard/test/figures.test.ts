/** The pages of home, market and microgrid in a real Chromium. `tests/dashboard/test_figures.py` starts a chain with some days
 * behind it and the API on its index, and says in `OPENMG_SCENE`, a file's name, what is there; without it nothing is run. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";

import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Format } from "../src/i18n/format";
import { axeFindings, launch, section, watch, type Watched } from "./browser";

const { OPENMG_SCENE } = process.env;
const PASSWORD = "a long password";
const SECONDS = 1000;
const PATIENCE = 120 * SECONDS;
const DESKTOP = { width: 1280, height: 900 };
/** Another one than the microgrid's. */
const BROWSER_ZONE = "America/New_York";
const PHONE = { width: 360, height: 780 };
/** What each page shows once all of it is there. */
const READY = {
  home: { en: "In a typical year", ko: "평년 발전량" },
  market: { en: "Last trades", ko: "최근 거래" },
  microgrid: { en: "The forecast was off by", ko: "벗어났습니다" },
} as const;
type Name = keyof typeof READY;
const HEADINGS = {
  home: { en: "Home", ko: "우리 집" },
  market: { en: "Market", ko: "시장" },
  microgrid: { en: "Microgrid", ko: "마이크로그리드" },
} as const;
/** The last one is what the tests after it find. */
const LOOKS = [
  { language: "ko", theme: "dark", size: PHONE, device: "phone" },
  { language: "en", theme: "light", size: DESKTOP, device: "desktop" },
] as const;

interface Scene {
  url: string;
  without: string;
  api: string;
  origins: string[];
  home: string;
  newHome: string;
  oldHome: string;
  stop: string;
  pictures: string;
}

describe.skipIf(!OPENMG_SCENE)("pages of figures", { timeout: PATIENCE }, () => {
  let scene: Scene;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let watched: Watched;

  const go = async (name: Name, on = page): Promise<void> => {
    await on.goto(`${scene.url}/#/${name}`);
    await on.getByRole("heading", { level: 1, name: HEADINGS[name].en, exact: true }).waitFor();
  };

  const giveKey = async (on: Page, key: string): Promise<void> => {
    await on.getByLabel("Key", { exact: true }).fill(key);
    await on.getByRole("button", { name: "Use this key" }).click();
  };

  beforeAll(async () => {
    scene = JSON.parse(readFileSync(OPENMG_SCENE!, "utf8")) as Scene;
    browser = await launch();
    context = await browser.newContext({ locale: "en-GB", viewport: DESKTOP, timezoneId: BROWSER_ZONE });
    context.setDefaultTimeout(PATIENCE / 4);
    watched = watch(context);
    page = await context.newPage();
  });

  afterAll(async () => {
    await browser?.close();
  });

  it("asks for a key of the home, and says what is wrong with one", async () => {
    await page.goto(scene.url); // home is the first page
    await page.getByRole("heading", { name: "Show what your home uses" }).waitFor();
    expect(await axeFindings(page, "light")).toEqual([]);
    await page.screenshot({ path: `${scene.pictures}/home-without-key.png`, fullPage: true });
    await giveKey(page, "omg_nothing");
    await page.getByRole("alert").filter({ hasText: "it begins with omg_" }).waitFor();
    await giveKey(page, `omg_${"0".repeat(16)}_${"0".repeat(64)}`);
    await page.getByRole("alert").filter({ hasText: "doesn't know this key" }).waitFor();
    await page.getByRole("button", { name: "Forget the key" }).click();
    await page.getByRole("heading", { name: "Show what your home uses" }).waitFor();
  });

  it("tells a home without readings what to do", async () => {
    await giveKey(page, scene.newHome);
    await page.getByRole("heading", { name: "No readings yet" }).waitFor();
    await page.getByText("Panels on your roof").waitFor();
    await page.screenshot({ path: `${scene.pictures}/home-without-readings.png`, fullPage: true });
    expect(await page.evaluate(() => localStorage.length + document.cookie.length)).toBeLessThan(5);
    await page.getByRole("button", { name: "Forget the key" }).click();
    await giveKey(page, scene.home);
    await page.getByText("Taken this month").waitFor();
  });

  it("shows what a home used, pays and could save, each with what it was computed from", async () => {
    await go("home");
    const card = (label: string) => page.locator("section.card").filter({ has: page.getByRole("heading", { name: label, exact: true }) });
    for (const label of ["Taken this month", "Cost so far", "Expected at month's end", "To the next price tier"]) {
      await expect.poll(() => card(label).locator(".big").innerText()).toMatch(/\d/);
      await card(label).getByText("Computed from").click();
      await expect.poll(() => card(label).locator("details").innerText()).toMatch(/\d/);
    }
    const panel = (name: string) => page.locator("section").filter({ has: page.getByRole("heading", { name, exact: true }) });
    await panel("What the market would have made").getByRole("heading", { name: "Best of both" }).waitFor();
    await panel("The cheapest hours").getByText(/^Start at /).waitFor();
    await panel("The cheapest hours").getByRole("button", { name: "Car" }).click();
    await panel("The cheapest hours").getByText(/^Charge \d\d:\d\d/).waitFor();
    await panel("Panels on your roof").getByLabel("Cost, in").fill("4000000");
    await panel("Panels on your roof").getByLabel("Your use in a month").fill("350");
    await panel("Panels on your roof").getByText(/Paid for after \d+ years/).waitFor();
  });

  it("keeps numbers of charts as tables, and reads them out by arrow keys", async () => {
    const chart = page.locator("figure.chart").first();
    await chart.locator("canvas").waitFor();
    await chart.getByText("Show as a table").click();
    await expect.poll(() => chart.locator("tbody tr").count()).toBeGreaterThan(24);
    await chart.getByRole("img").focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => chart.locator(".readout").innerText()).toMatch(/kWh/);
  });

  it.each(Object.keys(READY) as Name[])("shows %s in both languages, light and dark, on phone and desktop", async (name) => {
    for (const { language, theme, size, device } of LOOKS) {
      const found = await context.newPage();
      await found.setViewportSize(size);
      await found.goto(`${scene.url}/#/${name}`);
      await found.evaluate(([one, other]) => {
        localStorage.setItem("language", one);
        localStorage.setItem("theme", other);
      }, [language, theme] as const);
      await found.evaluate((key) => sessionStorage.setItem("api key home", key), scene.home);
      await found.reload();
      await found.getByRole("heading", { level: 1, name: HEADINGS[name][language], exact: true }).waitFor();
      await found.getByText(READY[name][language]).first().waitFor();
      await expect.poll(() => found.getByText(language === "en" ? /^Loading/ : /^불러오는 중/).count()).toBe(0);
      await expect.poll(() => found.locator("canvas").count()).toBeGreaterThan(1);
      await found.waitForTimeout(300); // the last chart is drawn with the next frame
      await found.screenshot({ path: `${scene.pictures}/${name}-${language}-${theme}-${device}.png`, fullPage: true });
      await found.getByText(language === "en" ? "Times are those of Asia/Seoul." : "시각은 Asia/Seoul 기준입니다.").waitFor();
      if (name === "home" && language === "ko") expect(await found.locator('.basis [lang="en"]').allTextContents()).toEqual([]);
      expect(await found.getByRole("alert").allInnerTexts()).toEqual([]);
      expect(await found.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(size.width);
      expect(await axeFindings(found, theme)).toEqual([]);
      await found.close();
    }
  });

  it("says when a roof is paid for by a home's own year of readings, and that weeks of them aren't enough", async () => {
    await go("home");
    await page.reload(); // the form is as at first
    const roof = section(page, "Panels on your roof");
    await roof.getByLabel("Cost, in").fill("4000000");
    await roof.getByRole("alert").filter({ hasText: "is too short: it takes the twelve months from" }).waitFor();
    await page.getByRole("button", { name: "Forget the key" }).click();
    await giveKey(page, scene.oldHome);
    await page.getByText("Taken this month").waitFor();
    await roof.getByLabel("Cost, in").fill("4000000");
    await roof.getByLabel("A sold kWh earns").fill("100");
    await roof.getByText(/Paid for after \d+ years/).waitFor();
    await roof.getByText(/[1-9][\d,]* earned/).waitFor();
    await page.screenshot({ path: `${scene.pictures}/home-roof.png`, fullPage: true });
    await page.getByRole("button", { name: "Forget the key" }).click();
    await giveKey(page, scene.home);
    await page.getByText("Taken this month").waitFor();
  });

  it("follows the market, and checks a trade on the chain itself", async () => {
    await go("market");
    await page.getByText("Live", { exact: true }).waitFor();
    const row = page.locator("tbody tr").filter({ has: page.getByText("Computed from") }).first();
    await row.getByText("Computed from").click();
    await row.getByRole("button", { name: "Check on chain" }).click();
    await row.getByText("✓").waitFor();
    const newest = await fetch(`${scene.api}/v1/exchanges/MG1/trades?count=1`);
    const { trades } = (await newest.json()) as { trades: [{ source: { time: number } }] };
    const inSeoul = new Format("en").moment(trades[0].source.time, "Asia/Seoul");
    await expect.poll(() => row.getByRole("cell").first().innerText()).toBe(inSeoul);
    await page.getByRole("link", { name: "Go to the wallet" }).waitFor();
    await page.getByRole("button", { name: "1 h" }).click();
    await page.getByRole("button", { name: "MG2" }).click();
    await page.getByText("Nothing was traded in this time.").first().waitFor();
  });

  it("keeps the key in an open wallet, encrypted, whose form of a trade the market shows then", async () => {
    await page.goto(`${scene.url}/#/wallet`);
    const made = section(page, "New wallet");
    await made.getByRole("button", { name: "New wallet" }).click();
    await made.getByLabel("I have written them down").check();
    await made.getByLabel("Password").fill(PASSWORD);
    await made.getByRole("button", { name: "Create" }).click();
    await section(page, "Receive").waitFor();
    await page.getByRole("link", { name: "Home", exact: true }).click();
    await page.getByRole("button", { name: "Forget the key" }).click();
    await page.getByLabel("Keep it in the wallet, encrypted").check();
    await giveKey(page, scene.home);
    await page.getByText("Taken this month").waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    await page.getByRole("link", { name: "Market", exact: true }).click();
    const swap = section(page, "Swap");
    await swap.getByLabel("Get").selectOption("MG1");
    await swap.getByLabel("Amount").fill("0.1");
    await swap.getByRole("button", { name: "Ask for a quote" }).click();
    await swap.getByText(/About [\d.,]+ MG1 now/).waitFor();
    await swap.getByText("To send the swap a relayer is needed").waitFor(); // this scene has none
    expect(await swap.getByRole("button", { name: "Swap privately" }).count()).toBe(0);
    await page.reload();
    await page.getByRole("link", { name: "Home", exact: true }).click();
    await page.getByRole("link", { name: "Unlock the wallet first" }).click();
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Unlock" }).click();
    await section(page, "Receive").waitFor();
    await page.getByRole("link", { name: "Home", exact: true }).click();
    await page.getByText("Taken this month").waitFor();
    await page.getByRole("button", { name: "Forget the key" }).click();
    await page.getByRole("heading", { name: "Show what your home uses" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Show what your home uses" }).waitFor();
  });

  it("says that the service is away, keeps what it showed, and goes on when it is back", async () => {
    await go("microgrid");
    await page.getByText("Live", { exact: true }).waitFor();
    const meters = page.locator("section.card").filter({ hasText: "Meters" }).locator(".big");
    await expect.poll(() => meters.innerText()).toBe("12");
    writeFileSync(scene.stop, "");
    await page.getByText("Not connected").waitFor();
    await page.getByRole("alert").filter({ hasText: "the service doesn't answer" }).waitFor();
    expect(await meters.innerText()).toBe("12");
    const market = await context.newPage();
    await market.goto(`${scene.url}/#/market`);
    await market.getByText("Price now").waitFor();
    await expect.poll(() => market.locator("section.card").first().locator(".big").innerText()).toMatch(/\d/);
    await market.getByRole("alert").filter({ hasText: "the service doesn't answer" }).first().waitFor();
    await market.screenshot({ path: `${scene.pictures}/market-service-away.png`, fullPage: true });
    rmSync(scene.stop);
    await page.bringToFront();
    await page.getByText("Live", { exact: true }).waitFor();
    await market.bringToFront();
    await expect.poll(() => market.getByRole("alert").count(), { timeout: PATIENCE / 4 }).toBe(0);
    await market.close();
  });

  it("waits on a slow network, and says that it is offline", async () => {
    const slow = await context.newPage();
    await go("microgrid", slow);
    const network = await context.newCDPSession(slow);
    await network.send("Network.enable");
    const weak = { offline: false, latency: 600, downloadThroughput: 30_000, uploadThroughput: 30_000 };
    await network.send("Network.emulateNetworkConditions", weak);
    await slow.getByRole("link", { name: "Market" }).click();
    await slow.getByText("Loading").first().waitFor();
    await expect.poll(() => slow.locator("section.card").first().locator(".big").innerText(), { timeout: PATIENCE / 4 }).toMatch(/\d/);
    await network.send("Network.emulateNetworkConditions", { ...weak, offline: true });
    await slow.getByRole("alert").filter({ hasText: "are you offline?" }).first().waitFor();
    await network.send("Network.emulateNetworkConditions", weak);
    await expect.poll(() => slow.getByRole("alert").count(), { timeout: PATIENCE / 2 }).toBe(0);
    await slow.close();
  });

  it("shows price and pool from the chain alone where there is no service", async () => {
    const alone = await context.newPage();
    await alone.goto(`${scene.without}/#/market`);
    await alone.getByText("this page knows no service").waitFor();
    await alone.getByText(`Times are those of ${BROWSER_ZONE}.`).waitFor();
    await expect.poll(() => alone.locator("section.card").first().locator(".big").innerText()).toMatch(/\d/);
    await alone.goto(`${scene.without}/#/home`);
    await alone.getByText("this page knows no service").waitFor();
    await alone.close();
  });

  it("asked nobody but its own services, and its policy stopped nothing of its own", () => {
    const known = [...scene.origins, new URL(scene.without).origin];
    expect([...watched.asked].filter((origin) => !known.includes(origin))).toEqual([]);
    const refused = /ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|status of (401|422)/;
    expect(watched.complaints.filter((line) => !refused.test(line))).toEqual([]);
  });
});
