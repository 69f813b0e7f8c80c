/** The built pages trust, operator and microgrid in a real Chromium, on real chains with a real API.
 * `tests/dashboard/test_trust.py` starts them and says in `OPENMG_SCENE`, a file's name, what is there. */

import { readFileSync } from "node:fs";

import type { Browser, BrowserContext, Page, Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { axeFindings, launch, section, watch, type Watched } from "./browser";

const { OPENMG_SCENE } = process.env;
const SECONDS = 1000;
const PATIENCE = 60 * SECONDS;

interface Scene {
  url: string;
  api: string;
  node: string;
  key: string;
  checkpoints: number;
  final: number;
  strange: string;
  pictures: string;
}

type Content = { [name: string]: unknown };

describe.skipIf(!OPENMG_SCENE?.endsWith("trust.json"))("trust and operator", { timeout: PATIENCE }, () => {
  let scene: Scene;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let watched: Watched;

  const picture = (name: string): Promise<Buffer> =>
    page.screenshot({ path: `${scene.pictures}/${name}.png`, fullPage: true });

  const show = async (name: string): Promise<void> => {
    await page.goto(`${scene.url}/#/${name}`);
    await page.reload();
  };

  /** The API's answers below a path, as `alter` changes the first line of what is in `list`. */
  const lying = async (path: string, list: string, alter: (line: Content) => void): Promise<void> => {
    await context.route(`${scene.api}${path}*`, async (route: Route) => {
      const answer = await route.fetch();
      const content = (await answer.json()) as { [list: string]: Content[] };
      alter(content[list][0]);
      await route.fulfill({ response: answer, json: content });
    });
  };

  const line = (heading: string, name: string) => section(page, heading).getByRole("row").filter({ hasText: name }).first();

  const verdict = async (heading: string, name: string, said: string | RegExp): Promise<void> => {
    const row = line(heading, name);
    await row.getByRole("button", { name: "Check on chain" }).click();
    await row.getByText(said).waitFor();
  };

  beforeAll(async () => {
    scene = JSON.parse(readFileSync(OPENMG_SCENE!, "utf8")) as Scene;
    browser = await launch();
    context = await browser.newContext({ locale: "en-GB" });
    context.setDefaultTimeout(PATIENCE / 4);
    watched = watch(context);
    page = await context.newPage();
  });

  afterAll(async () => {
    await browser?.close();
  });

  it("shows checkpoints with their finality, each as the root chain says", async () => {
    await show("trust");
    const rows = section(page, "Checkpoints").locator("tbody tr");
    await expect.poll(() => rows.count()).toBe(scene.checkpoints);
    expect(await rows.filter({ has: page.getByText("Final", { exact: true }) }).count()).toBe(scene.final);
    const pending = rows.filter({ hasText: "Not final yet" });
    expect(await pending.count()).toBe(scene.checkpoints - scene.final);
    await pending.getByText("becomes final with the next step").waitFor(); // the root chain's clock was set forward
    await section(page, "Checkpoints").getByRole("button", { name: "Check all on chain" }).click();
    await section(page, "Checkpoints").getByText(`All ${scene.checkpoints} are as the chain says.`).waitFor();
  });

  it("says from when on a checkpoint will be final", async () => {
    const later = 4_000_000_000;
    await lying("/v1/checkpoints", "checkpoints", (told) => ((told.source as Content).time = later));
    await show("trust");
    await section(page, "Checkpoints").getByText(/final from 2 Oct, \d\d:\d\d at the earliest/).waitFor();
    await context.unrouteAll();
  });

  it("shows models, faults and exits as the chains say", async () => {
    await verdict("Models", "accepted", "The chain says the same");
    await verdict("Faults and freezes", "Frozen until", "The chain says the same");
    await section(page, "Withdrawals to the root chain").getByText("No withdrawal yet.").waitFor();
    await page.getByText("Times are those of Asia/Seoul.").waitFor();
    await picture("trust-light");
  });

  it("tells figures that the service altered", async () => {
    await lying("/v1/checkpoints", "checkpoints", (told) => (told.signers = 2));
    await lying("/v1/models", "models", (told) => (told.loss_after = 0.5));
    await show("trust");
    await verdict("Checkpoints", "Not final yet", "something else. signatures: shown 2, on chain 4");
    await verdict("Models", "accepted", /something else. loss after: shown 0.5, on chain \d/);
    await section(page, "Checkpoints").getByRole("button", { name: "Check all on chain" }).click();
    await section(page, "Checkpoints").getByText(`1 of ${scene.checkpoints} are not as the chain says.`).waitFor();
    await picture("trust-altered");
    await context.unrouteAll();
    await lying("/v1/checkpoints", "checkpoints", (told) => (told.finality = "final"));
    await show("trust");
    await verdict("Checkpoints", `${scene.checkpoints}`, "finality: shown final, on chain pending");
    await context.unrouteAll();
  });

  it("tells places that the service made up", async () => {
    const changed = (field: string, value: unknown) => (told: Content) => ((told.source as Content)[field] = value);
    const nothing = `0x${"12".repeat(32)}`;
    const lies: [string, unknown, string][] = [
      ["block_hash", nothing, "no such block"],
      ["block", 10 ** 9, "no such block"],
      ["transaction", nothing, "no such transaction"],
      ["transaction", "nonsense", "no such transaction"],
      ["log", 99, "logged nothing of that"],
      ["contract", scene.strange, "none of this platform's"],
      ["contract", "nonsense", "none of this platform's"],
      ["chain", 1, "this page knows no node of chain 1"],
    ];
    for (const [field, value, said] of lies) {
      await lying("/v1/models", "models", changed(field, value));
      await show("trust");
      await verdict("Models", "accepted", said);
      await context.unrouteAll();
    }
  });

  it("checks what a microgrid's page shows", async () => {
    await show("microgrid");
    const buttons = page.getByRole("button", { name: /^Check on chain/ });
    await expect.poll(() => page.locator("details.basis").count()).toBeGreaterThan(2);
    for (const details of await page.locator("details.basis").all()) await details.locator("summary").click();
    const count = await buttons.count();
    expect(count).toBeGreaterThan(2);
    for (let place = 0; place < count; place++) await buttons.nth(place).click();
    await expect.poll(() => page.getByText("The chain says the same").count()).toBe(count);
  });

  it("shows an operator the chains, what is pending, and that the chain is frozen", async () => {
    await show("operator");
    await page.getByRole("heading", { name: /^Root chain 31337/ }).waitFor();
    await page.getByRole("heading", { name: /^Plasma chain 950327/ }).waitFor();
    await page.getByText("Times are those of Asia/Seoul.").waitFor();
    const pending = section(page, "Checkpoints not final yet");
    await pending.getByText(String(scene.checkpoints - scene.final), { exact: true }).waitFor();
    await page.getByText("Something needs a look").waitFor(); // it is frozen
    await section(page, "Faults and freezes").getByText("Frozen until").waitFor();
  });

  it("shows sums to an operator's key alone", async () => {
    const sums = section(page, "Sums of a microgrid");
    await sums.getByLabel("Operator's key").fill("omg_1");
    await sums.getByRole("button", { name: "Use this key" }).click();
    await sums.getByRole("alert").filter({ hasText: "no key of the service" }).waitFor();
    await sums.getByLabel("Operator's key").fill(scene.key);
    await sums.getByRole("button", { name: "Use this key" }).click();
    await expect.poll(() => sums.locator("tbody tr").count()).toBe(3);
    await sums.getByRole("row").filter({ hasText: "1.5 kWh" }).waitFor(); // two meters, three intervals ago
    await picture("operator-light");
  });

  it("has no serious finding of axe, fits a phone, speaks Korean, and asked nobody else", async () => {
    await page.getByRole("button", { name: "한국어" }).click();
    for (const name of ["trust", "operator"]) {
      await show(name);
      await page.locator("table").first().waitFor();
      for (const theme of ["dark", "light"]) expect(await axeFindings(page, theme)).toEqual([]);
      await page.setViewportSize({ width: 360, height: 800 });
      await picture(`${name}-phone`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
      await page.setViewportSize({ width: 1280, height: 800 });
    }
    expect(watched.complaints.filter((text) => !/Failed to load resource/.test(text))).toEqual([]);
  });
});
