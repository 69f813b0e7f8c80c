/** What a person does in the forms of an open wallet. */

import type { Locator, Page } from "playwright-core";

import { section } from "./browser";

/** Waits until so much of an asset can be spent, and nothing waits. */
export async function held(page: Page, asset: string, spendable: string): Promise<void> {
  await section(page, "Balances").getByRole("row", { name: `${asset} ${spendable} 0 ` }).waitFor();
}

/** Reviews a form, which shows some texts, then signs. */
export async function sign(form: Locator, button: string, shown: string[]): Promise<void> {
  await form.getByRole("button", { name: "Review" }).click();
  for (const text of shown) await form.getByText(text).first().waitFor();
  await form.getByRole("button", { name: button, exact: true }).click();
  await form.getByText("Done: transaction 0x").waitFor();
}

/** Signs that the injected wallet brings in ETH. */
export async function bringIn(page: Page, amount: string): Promise<void> {
  const shield = section(page, "Bring in");
  await shield.getByLabel("From an account of the browser's wallet").check();
  await shield.getByLabel("Amount").fill(amount);
  await shield.getByRole("button", { name: "Review" }).click();
  await shield.getByRole("button", { name: "Bring in" }).click();
}

/** Asks what so much of an asset gets in ETH, until the form shows what leaves the wallet in all. Gives the form. */
export async function quoted(page: Page, give: string, amount: string, total: string): Promise<Locator> {
  const swap = section(page, "Swap");
  await swap.getByLabel("Give").selectOption({ label: give });
  await swap.getByLabel("Get").selectOption({ label: "ETH" });
  await swap.getByLabel("Amount").fill(amount);
  await swap.getByRole("button", { name: "Ask for a quote" }).click();
  await swap.getByText(total).waitFor();
  return swap;
}

/** Swaps what was quoted. */
export async function swapped(swap: Locator): Promise<void> {
  await swap.getByRole("button", { name: "Swap privately" }).click();
  await swap.getByText("Done: transaction 0x").waitFor();
}
