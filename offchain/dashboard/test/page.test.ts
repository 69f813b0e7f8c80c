/** The built page in a real Chromium, on a real chain with a real relayer. `tests/dashboard/test_page.py` starts them and says
 * in `OPENMG_SCENE`, a file's name, what is there; without it nothing is run. */

import { readFileSync } from "node:fs";

import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { axeFindings, launch, restore, section, watch, type Watched } from "./browser";
import { held } from "./walletForms";

const { OPENMG_SCENE } = process.env;
const PASSWORD = "a long password";
const SECONDS = 1000;
const PATIENCE = 120 * SECONDS;

interface Scene {
  url: string;
  origins: string[];
  words: string;
  receiver: string;
  pictures: string;
}

describe.skipIf(!OPENMG_SCENE?.endsWith("page.json"))("the page", { timeout: PATIENCE }, () => {
  let scene: Scene;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let watched: Watched;

  const picture = (name: string): Promise<Buffer> =>
    page.screenshot({ path: `${scene.pictures}/${name}.png`, fullPage: true });

  const fresh = async (options: Parameters<Browser["newContext"]>[0] = {}): Promise<BrowserContext> => {
    const made = await browser.newContext({ locale: "en-GB", acceptDownloads: true, ...options });
    made.setDefaultTimeout(PATIENCE / 2);
    return made;
  };

  beforeAll(async () => {
    scene = JSON.parse(readFileSync(OPENMG_SCENE!, "utf8")) as Scene;
    browser = await launch();
    context = await fresh();
    watched = watch(context);
    page = await context.newPage();
    await page.goto(`${scene.url}/#/wallet`);
  });

  afterAll(async () => {
    await browser?.close();
  });

  it("makes a wallet whose words are shown once and its password asked for again", async () => {
    const made = section(page, "New wallet");
    await made.getByRole("button", { name: "New wallet" }).click();
    await expect.poll(() => made.locator("ol.words li").count()).toBe(24);
    await made.getByLabel("I have written them down").check();
    await made.getByLabel("Password").fill(PASSWORD);
    await picture("new-wallet");
    await made.getByRole("button", { name: "Create" }).click();
    await section(page, "Receive").waitFor();
    expect(await page.getByTestId("address").innerText()).toMatch(/^openmg1/);
    await page.reload();
    await page.getByLabel("Password").fill("another password");
    await page.getByRole("button", { name: "Unlock" }).click();
    await page.getByRole("alert").filter({ hasText: "password is wrong" }).waitFor();
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Unlock" }).click();
    await section(page, "Receive").waitFor();
  });

  it("is removed only by a typed word, and another one restored from words", async () => {
    const backup = section(page, "Backup");
    await backup.getByLabel("Without its words").fill("REMOVE");
    await backup.getByRole("button", { name: "Remove from this browser" }).click();
    await section(page, "Restore from words").waitFor();
    await section(page, "Restore from words").getByLabel("Words").fill("these are no words");
    await section(page, "Restore from words").getByLabel("Password").fill(PASSWORD);
    await section(page, "Restore from words").getByRole("button", { name: "Restore from words" }).click();
    await page.getByRole("alert").filter({ hasText: "12 or 24 words, not 4" }).waitFor();
    await restore(page, scene.words, PASSWORD);
    await held(page, "ETH", "3");
  });

  it("brings in ETH from the wallet's own account", async () => {
    const shield = section(page, "Bring in");
    await shield.getByLabel("Amount").fill("1");
    await shield.getByRole("button", { name: "Review" }).click();
    await shield.getByText("Network fee, at most").waitFor();
    await shield.getByRole("button", { name: "Bring in" }).click();
    await shield.getByText("Done: transaction 0x").waitFor();
    await held(page, "ETH", "4");
  });

  it("sends privately from three notes, merged first, with proofs made in the browser", async () => {
    const send = section(page, "Send");
    await send.getByLabel("Receiver's address").fill(scene.receiver);
    await send.getByLabel("Amount").fill("3.5");
    await send.getByRole("button", { name: "Review" }).click();
    await send.getByText("1 × four notes into one, 0.001 ETH in all").waitFor();
    await send.getByText("3.502 ETH").waitFor();
    await picture("wallet-review");
    await send.getByRole("button", { name: "Send privately" }).click();
    await send.getByText("Proving").waitFor();
    await send.getByText("Done: transaction 0x").waitFor();
    await held(page, "ETH", "0.498");
    await section(page, "History").getByRole("cell", { name: scene.receiver }).waitFor();
    await section(page, "Balances").getByText("What are notes?").click();
    await section(page, "Balances").getByText("merges up to four into one").waitFor();
    await picture("wallet-light");
    await send.getByLabel("Receiver's address").fill(scene.receiver);
    await send.getByLabel("Amount").fill("50");
    await send.getByRole("button", { name: "Review" }).click();
    await send.getByRole("alert").filter({ hasText: "not enough" }).waitFor();
  });

  it("works in two tabs of one browser", async () => {
    const other = await context.newPage();
    await other.goto(`${scene.url}/#/wallet`);
    await other.getByLabel("Password").fill(PASSWORD);
    await other.getByRole("button", { name: "Unlock" }).click();
    await held(other, "ETH", "0.498");
    const pay = async (tab: Page): Promise<void> => {
      const send = section(tab, "Send");
      await send.getByLabel("Receiver's address").fill(scene.receiver);
      await send.getByLabel("Amount").fill("0.1");
      await send.getByRole("button", { name: "Review" }).click();
      const confirm = send.getByRole("button", { name: "Send privately" });
      await confirm.or(send.getByText("not yet")).waitFor();
      if (await confirm.isVisible()) await confirm.click();
      await send.getByText(/Done: transaction|not yet/).waitFor();
    };
    await Promise.all([pay(page), pay(other)]);
    const sent = (tab: Page): Promise<number> =>
      section(tab, "History").getByRole("cell", { name: "Sent", exact: true }).count();
    const done = await Promise.all([page, other].map((tab) => section(tab, "Send").getByText("Done: ").count()));
    const count = 1 + done[0] + done[1];
    expect(count).toBeGreaterThan(1);
    await expect.poll(() => sent(page), { timeout: PATIENCE / 2 }).toBe(count);
    await other.bringToFront();
    await expect.poll(() => sent(other), { timeout: PATIENCE / 2 }).toBe(count);
    await other.close();
    await page.bringToFront();
  });

  it("speaks Korean, is dark, and fits a phone", async () => {
    await page.getByRole("button", { name: "한국어" }).click();
    await page.getByRole("button", { name: "어둡게" }).click();
    await page.getByRole("heading", { name: "지갑", exact: true }).waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    await picture("wallet-dark-phone");
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(390);
    await page.setViewportSize({ width: 1280, height: 800 });
    expect(await page.evaluate(() => document.documentElement.lang)).toBe("ko");
    await page.getByRole("button", { name: "English" }).click();
  });

  it("has no serious finding of axe, in light and dark", async () => {
    for (const theme of ["dark", "light"]) expect(await axeFindings(page, theme)).toEqual([]);
  });

  it("says that it is offline, and goes on when it isn't any more", async () => {
    await context.setOffline(true);
    await page.getByRole("alert").filter({ hasText: "the node doesn't answer" }).waitFor();
    await context.setOffline(false);
    await page.getByRole("alert").filter({ hasText: "the node doesn't answer" }).waitFor({ state: "detached" });
  });

  it("notices records that were tampered with, and reads the chain again", async () => {
    await page.getByRole("button", { name: "Lock" }).click();
    await page.evaluate(async () => {
      const opening = indexedDB.open("openmg");
      await new Promise((resolve) => (opening.onsuccess = resolve));
      const store = opening.result.transaction("files", "readwrite").objectStore("files");
      const names = store.getAllKeys();
      await new Promise((resolve) => (names.onsuccess = resolve));
      const record = names.result.find((name) => / 0x[0-9a-fA-F]{40}$/.test(String(name)))!;
      const found = store.get(record);
      await new Promise((resolve) => (found.onsuccess = resolve));
      const altered = found.result as Uint8Array;
      altered[100] ^= 1;
      const put = store.put(altered, record);
      await new Promise((resolve) => (put.onsuccess = resolve));
      opening.result.close();
    });
    await page.reload();
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Unlock" }).click();
    await page.getByRole("alert").filter({ hasText: "what this browser kept was altered" }).waitFor();
    await page.getByRole("button", { name: "Read the chain again" }).click();
    await section(page, "History").getByRole("cell", { name: "Sent", exact: true }).first().waitFor();
  });

  it("asked nobody but its own services, and its policy stopped nothing of its own", () => {
    expect([...watched.asked].sort()).toEqual([...scene.origins].sort());
    expect(watched.complaints.filter((line) => !/ERR_INTERNET_DISCONNECTED|Failed to fetch/.test(line))).toEqual([]);
  });
});
