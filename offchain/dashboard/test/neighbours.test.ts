/** Two browsers of neighbours in a real Chromium, on a real chain. `tests/dashboard/test_neighbours.py` starts it and says in
 * `OPENMG_SCENE`, a file's name, what is there. */

import { readFileSync, writeFileSync } from "node:fs";

import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Format } from "../src/i18n/format";
import { launch, restore, section } from "./browser";
import { inject } from "./injectedWallet";
import { bringIn, held, quoted, sign, swapped } from "./walletForms";

const { OPENMG_SCENE } = process.env;
const PASSWORD = "a long password";
const PURPOSE = "5월 집세: rent of May";
const SECONDS = 1000;
const PATIENCE = 90 * SECONDS;

interface Scene {
  url: string;
  node: string;
  prompt: string;
  downloads: string;
  words: string;
  viewing: string;
  auditor: string;
  account: string;
  recipient: string;
  epoch: number;
  epochLength: number;
  zone: string;
  pictures: string;
}

interface Finding {
  purpose: string;
  kind: string;
  by_owner: boolean;
  burned: string | null;
  movements: [role: string, amount: string, address: string][];
}

describe.skipIf(!OPENMG_SCENE?.endsWith("neighbours.json"))("neighbours", { timeout: PATIENCE }, () => {
  let scene: Scene;
  let browser: Browser;
  let home: Page;
  let neighbour: Page;

  const opened = async (): Promise<[BrowserContext, Page]> => {
    const context = await browser.newContext({ locale: "en-GB", acceptDownloads: true });
    context.setDefaultTimeout(PATIENCE / 2);
    await context.addInitScript(inject, { node: scene.node, account: scene.account });
    const page = await context.newPage();
    await page.goto(`${scene.url}/#/wallet`);
    return [context, page];
  };

  const picture = (page: Page, name: string): Promise<Buffer> =>
    page.screenshot({ path: `${scene.pictures}/${name}.png`, fullPage: true });

  const unlock = async (page: Page): Promise<void> => {
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Unlock" }).click();
  };

  const asked = async <T>(method: string, path: string): Promise<T> => {
    const answer = await fetch(`${scene.prompt}${path}`, { method });
    expect(answer.status, await answer.clone().text()).toBe(200);
    return (await answer.json()) as T;
  };

  /** Makes a disclosure of the last of a kind in the history, or of all of it, and has the auditor look at it. */
  const disclose = async (subject: string, label: string, kind?: string): Promise<Finding[]> => {
    const form = section(home, "Disclosure");
    await form.getByLabel("What is shown").selectOption({ label });
    if (kind) {
      const row = section(home, "History").getByRole("row").filter({ hasText: kind }).first();
      const hash = await row.getByRole("cell").last().innerText();
      const line = new RegExp(` · ${kind} · .* · ${hash.slice(0, 10)}…$`);
      await form.getByLabel("Which one").locator("option").filter({ hasText: line }).first().waitFor({ state: "attached" });
      await form.getByLabel("Which one").selectOption(hash);
    } else {
      await form.getByLabel("First day").fill("2020-01-01");
      await form.getByLabel("Last day").fill("2099-12-31");
    }
    await form.getByLabel("Auditor's address").fill(scene.auditor);
    await form.getByLabel("What it is for").fill(PURPOSE);
    const [download] = await Promise.all([
      home.waitForEvent("download"),
      form.getByRole("button", { name: "Make the file" }).click(),
    ]);
    await download.saveAs(`${scene.downloads}/openmg-${subject}.json`);
    return asked<Finding[]>("POST", `/audit/${subject}`);
  };

  beforeAll(async () => {
    scene = JSON.parse(readFileSync(OPENMG_SCENE!, "utf8")) as Scene;
    browser = await launch();
    [, home] = await opened();
    [, neighbour] = await opened();
  });

  afterAll(async () => {
    await browser?.close();
  });

  it("restores a wallet on a slow network, and says how far it is", async () => {
    await home.context().route(`${scene.node}/**`, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      await route.continue();
    });
    await restore(home, scene.words, PASSWORD);
    await section(home, "Meters").getByText("4000 Wh an epoch").waitFor();
    await home.context().unrouteAll({ behavior: "ignoreErrors" });
  });

  it("brings in from an injected wallet, which must be on the right chain", async () => {
    await home.evaluate(() => ((globalThis as { stubborn?: boolean }).stubborn = true));
    await bringIn(home, "2");
    const shield = section(home, "Bring in");
    await shield.getByRole("alert").filter({ hasText: "stays on chain 1: switch it to chain 950327" }).waitFor();
    await home.evaluate(() => ((globalThis as { stubborn?: boolean }).stubborn = false));
    await shield.getByRole("button", { name: "Bring in" }).click();
    await shield.getByText("Done: transaction 0x").waitFor();
    await held(home, "ETH", "2");
  });

  it("takes exported energy as a note", async () => {
    const form = section(home, "Meters").locator("form").first();
    const since = scene.epoch * scene.epochLength;
    const times = new Format("en", scene.zone).span(since, since + scene.epochLength);
    const option = form.getByLabel("Epoch").locator("option", { hasText: `${times} (${scene.epoch})` });
    await option.waitFor({ state: "attached" });
    await home.getByText(`Times are those of ${scene.zone}.`).waitFor();
    await sign(form, "Take exported energy", ["2.99 MG1", "0.01 MG1"]);
    await held(home, "MG1", "2.99");
    await form.getByText("None is left").waitFor();
    await form.getByLabel("Number of the epoch").waitFor();
  });

  it("swaps it privately after a quote that names the fee", async () => {
    const swap = await quoted(home, "MG1", "1", "1.01 MG1");
    await picture(home, "wallet-quote");
    await swapped(swap);
    await held(home, "MG1", "1.98");
  });

  it("swaps on the market's page too, whose price follows", async () => {
    await home.getByRole("link", { name: "Market", exact: true }).click();
    const price = home.locator("section.card").filter({ hasText: "Price now" }).locator(".big");
    await expect.poll(() => price.innerText(), { timeout: PATIENCE / 4 }).toMatch(/\d/);
    const before = Number(await price.innerText());
    await swapped(await quoted(home, "MG1", "0.5", "0.51 MG1"));
    await expect.poll(async () => Number(await price.innerText()), { timeout: PATIENCE / 4 }).toBeLessThan(before);
    await picture(home, "market-swap");
    await home.getByRole("link", { name: "Wallet", exact: true }).click();
    await held(home, "MG1", "1.47");
    expect(await section(home, "History").getByRole("cell", { name: "Swapped" }).count()).toBe(2);
  });

  it("settles imported energy, once", async () => {
    const form = section(home, "Meters").locator("form").last();
    await form.getByLabel("Amount").fill("0.5");
    await picture(home, "wallet-epochs");
    await sign(form, "Settle imported energy", [`(${scene.epoch})`, "0.51 MG1"]);
    await held(home, "MG1", "0.96");
    await form.getByLabel("Number of the epoch").fill(String(scene.epoch));
    await form.getByLabel("Amount").fill("0.5");
    await form.getByRole("button", { name: "Review" }).click();
    await form.getByRole("button", { name: "Settle imported energy" }).click();
    await form.getByRole("alert").filter({ hasText: "done already for epoch" }).waitFor();
  });

  it("discloses all it did so far, and a settlement, to an auditor who believes it", async () => {
    const form = section(home, "Disclosure");
    await form.getByText("The history has none yet.").waitFor(); // of payments
    expect(await form.getByRole("button", { name: "Make the file" }).isDisabled()).toBe(true);
    const statement = await disclose("statement", "A period");
    expect(statement.map(({ kind }) => kind)).toEqual(["shielded", "issued", "swapped", "swapped", "settled"]);
    expect(statement.map((line) => line.by_owner)).toEqual([false, false, true, true, true]);
    const [settlement] = await disclose("settlement", "One settlement", "Settled");
    expect(settlement.burned).toBe(String(5n * 10n ** 17n));
  });

  it("pays out to a public account", async () => {
    const form = section(home, "Pay out");
    await form.getByLabel("Public account").fill("0x12");
    await form.getByLabel("Amount").fill("0.25");
    await form.getByRole("button", { name: "Review" }).click();
    await form.getByText("account, asset, amount").waitFor();
    await form.getByRole("button", { name: "Pay out publicly" }).click();
    await form.getByRole("alert").filter({ hasText: "0x12 is no account that can be paid" }).waitFor();
    await form.getByRole("button", { name: "Change" }).click();
    await form.getByLabel("Public account").fill(scene.recipient);
    await sign(form, "Pay out publicly", ["0.251 ETH"]);
    expect(await asked<string>("GET", "/balance")).toBe(String(25n * 10n ** 16n));
  });

  it("pays a new wallet in another browser", async () => {
    const made = section(neighbour, "New wallet");
    await made.getByRole("button", { name: "New wallet" }).click();
    await made.getByLabel("I have written them down").check();
    await made.getByLabel("Password").fill(PASSWORD);
    await made.getByRole("button", { name: "Create" }).click();
    const receiver = await neighbour.getByTestId("address").innerText();
    const send = section(home, "Send");
    await send.getByLabel("Receiver's address").fill(receiver);
    await send.getByLabel("Amount").fill("0.2");
    await sign(send, "Send privately", [receiver, "0.201 ETH"]);
    await held(neighbour, "ETH", "0.2");
    await section(neighbour, "History").getByRole("cell", { name: "Received" }).waitFor();
  });

  it("has the history that Python reads from the same words", async () => {
    const told = await asked<[kind: string, transaction: string][]>("GET", "/history");
    expect(told.map(([kind]) => kind)).toEqual(["shielded", "issued", "swapped", "swapped", "settled", "unshielded", "sent"]);
    const rows = async (): Promise<(string | undefined)[]> => {
      const texts = await section(home, "History").locator("tbody tr").allInnerTexts();
      return texts.map((row) => row.trim().split(/\s+/).pop()).reverse();
    };
    await expect.poll(rows, { timeout: PATIENCE / 4 }).toEqual(told.map(([, hash]) => hash));
  });

  it("discloses that payment, and shows its viewing key", async () => {
    const [payment] = await disclose("payment", "One payment", "Sent");
    expect([payment.purpose, payment.by_owner]).toEqual([PURPOSE, true]);
    const paid = await neighbour.getByTestId("address").innerText();
    expect(payment.movements).toEqual([["payment", String(2n * 10n ** 17n), paid]]);
    const viewing = section(home, "Viewing key");
    await viewing.getByLabel("Password").fill(PASSWORD);
    await viewing.getByRole("button", { name: "Show the viewing key" }).click();
    expect(await home.getByTestId("viewing-key").innerText()).toBe(scene.viewing);
    await picture(home, "wallet-full");
  });

  it("proves with no circuit's key that was tampered with", async () => {
    await neighbour.context().route("**/keys/joinsplit.zkey", async (route) => {
      const answer = await route.fetch();
      const body = await answer.body();
      body[body.length - 100] ^= 1;
      await route.fulfill({ response: answer, body });
    });
    const send = section(neighbour, "Send");
    await send.getByLabel("Receiver's address").fill(await home.getByTestId("address").innerText());
    await send.getByLabel("Amount").fill("0.1");
    await send.getByRole("button", { name: "Review" }).click();
    await send.getByRole("button", { name: "Send privately" }).click();
    await send.getByRole("alert").filter({ hasText: "joinsplit.zkey is not the file of the circuits' manifest" }).waitFor();
    await neighbour.context().unrouteAll();
  });

  it("opens no key file that was tampered with, and the true one", async () => {
    const [download] = await Promise.all([
      neighbour.waitForEvent("download"),
      section(neighbour, "Backup").getByRole("button", { name: "Save the key file" }).click(),
    ]);
    const [kept, altered] = ["kept", "altered"].map((name) => `${scene.downloads}/${name}.json`);
    await download.saveAs(kept);
    const file = JSON.parse(readFileSync(kept, "utf8")) as { crypto: { ciphertext: string } };
    const [first] = file.crypto.ciphertext;
    file.crypto.ciphertext = (first === "0" ? "1" : "0") + file.crypto.ciphertext.slice(1);
    writeFileSync(altered, JSON.stringify(file));
    const backup = section(neighbour, "Backup");
    await backup.getByLabel("Without its words").fill("REMOVE");
    await backup.getByRole("button", { name: "Remove from this browser" }).click();
    const form = section(neighbour, "Restore from a key file");
    await form.getByLabel("Password").fill(PASSWORD);
    await form.getByLabel("Key file").setInputFiles(altered);
    await form.getByRole("button", { name: "Open" }).click();
    await form.getByRole("alert").filter({ hasText: "the password is wrong, or the key file is damaged" }).waitFor();
    await form.getByLabel("Key file").setInputFiles(kept);
    await form.getByRole("button", { name: "Open" }).click();
    await held(neighbour, "ETH", "0.2");
  });

  it("says that it is on the wrong network", async () => {
    await neighbour.context().route("**/network.json", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), chain_id: 1 } });
    });
    await neighbour.reload();
    await unlock(neighbour);
    await neighbour.getByRole("alert").filter({ hasText: "wrong network: the node is of chain 950327" }).waitFor();
    await neighbour.context().unrouteAll();
  });

  it("says that the chain was started anew, reads it again, and goes on", async () => {
    await home.bringToFront();
    await asked<null>("POST", "/start-anew");
    await home.getByRole("alert").filter({ hasText: "The chain was started anew" }).waitFor();
    await section(home, "Balances").getByText("Nothing here yet").waitFor();
    await picture(home, "wallet-started-anew");
    await home.getByRole("button", { name: "Got it" }).click();
    await bringIn(home, "1");
    await section(home, "Balances").getByRole("row", { name: "ETH 0 1 1" }).waitFor(); // nobody flushes here
  });
});
