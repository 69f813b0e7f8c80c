/** The report of a season in a real Chromium. `tests/dashboard/test_season_page.py` writes one and says in `OPENMG_SCENE`, a
 * file's name, where; without it nothing is run. */

import { readFileSync } from "node:fs";

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { axeFindings, launch, watch, type Watched } from "./browser";

const { OPENMG_SCENE } = process.env;
const LOOKS = [
  { theme: "light", size: { width: 1280, height: 900 }, device: "desktop" },
  { theme: "dark", size: { width: 360, height: 780 }, device: "phone" },
] as const;
const DAY = 24 * 3600;

interface Scene {
  report: string;
  charts: string[];
  pictures: string;
}

describe.skipIf(!OPENMG_SCENE)("a season's report", () => {
  let scene: Scene;
  let browser: Browser;

  beforeAll(async () => {
    scene = JSON.parse(readFileSync(OPENMG_SCENE!, "utf8")) as Scene;
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
  });

  const opened = async (look: (typeof LOOKS)[number]): Promise<{ page: Page; watched: Watched }> => {
    const context = await browser.newContext({ viewport: look.size, colorScheme: look.theme });
    const watched = watch(context);
    const page = await context.newPage();
    await page.goto(`file://${scene.report}`);
    return { page, watched };
  };

  const range = (page: Page, chart: string): Promise<number> =>
    page.evaluate(`(({ min, max }) => max - min)(drawn.get("${chart}").scales.x)`);

  for (const look of LOOKS) {
    it(`is whole on a ${look.device}, ${look.theme}, and asks nobody`, async () => {
      const { page, watched } = await opened(look);
      for (const chart of scene.charts) {
        const canvas = page.locator(`#${chart} canvas`);
        const painted = await canvas.evaluate((element: HTMLCanvasElement) =>
          element.getContext("2d")!.getImageData(0, 0, element.width, element.height).data.some((value) => value > 0),
        );
        expect(painted, chart).toBe(true);
      }
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
      expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe(look.theme);
      for (const theme of ["light", "dark"]) expect(await axeFindings(page, theme)).toEqual([]);
      await page.screenshot({ path: `${scene.pictures}/season-${look.device}.png`, fullPage: true });
      expect([...watched.asked]).toEqual([]);
      expect(watched.complaints).toEqual([]);
      await page.close();
    });
  }

  it("shows a day, the next one and all, tells values that are pointed at, and changes its theme", async () => {
    const { page, watched } = await opened(LOOKS[0]);
    const all = await range(page, "drawn");
    const steps = page.locator('[data-steps="drawn"]');
    await steps.getByRole("button", { name: "day" }).click();
    await expect.poll(() => range(page, "drawn")).toBe(DAY);
    await steps.getByRole("button", { name: "later" }).click();
    await page.getByRole("button", { name: "Light or dark" }).click();
    await expect.poll(() => range(page, "drawn")).toBe(DAY); // redrawn in other colours as it was
    await page.locator("#drawn .u-over").hover();
    await expect.poll(() => page.locator("#drawn .u-legend").innerText()).toMatch(/2026-06-0[12] .*\d kWh/s);
    await steps.getByRole("button", { name: "all" }).click();
    await expect.poll(() => range(page, "drawn")).toBe(all);
    expect(watched.complaints).toEqual([]);
  });
});
