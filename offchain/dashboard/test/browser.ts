/** Chromium, and what a person does in the page. */

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

const PLACES = [process.env.OPENMG_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The browser's program, undefined if there is none. */
export const CHROMIUM = PLACES.find((place) => place && existsSync(place));

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** Everything that a page asked for, and what its console or policy complained about. */
export interface Watched {
  readonly asked: Set<string>;
  readonly complaints: string[];
}

export function watch(context: BrowserContext): Watched {
  const watched: Watched = { asked: new Set(), complaints: [] };
  context.on("request", (request) => {
    if (/^https?:/.test(request.url())) watched.asked.add(new URL(request.url()).origin);
  });
  context.on("console", (message) => {
    if (message.type() === "error") watched.complaints.push(message.text());
  });
  context.on("weberror", (error) => watched.complaints.push(String(error.error())));
  return watched;
}

/** A section of the page by its heading. */
export function section(page: Page, heading: string) {
  return page.locator("section").filter({ has: page.getByRole("heading", { name: heading, exact: true }) });
}

/** Restores a wallet from its words. */
export async function restore(page: Page, words: string, password: string): Promise<void> {
  const form = section(page, "Restore from words");
  await form.getByLabel("Words").fill(words);
  await form.getByLabel("Password").fill(password);
  await form.getByRole("button", { name: "Restore from words" }).click();
  await section(page, "Balances").waitFor();
}

/** What axe finds in the page under a theme, serious and critical alone. */
export async function axeFindings(page: Page, theme: string): Promise<string[]> {
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate((name) => (document.documentElement.dataset.theme = name), theme);
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof import("axe-core") }).axe.run();
    return violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0].html.slice(0, 150)}`);
  });
  return found.filter((line) => /^(serious|critical)/.test(line));
}
