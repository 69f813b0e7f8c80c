/** Light or dark: what was chosen before, else what the device prefers. */

export type Theme = "light" | "dark";

const KEPT = "theme";

export function firstTheme(): Theme {
  const kept = localStorage.getItem(KEPT);
  if (kept === "light" || kept === "dark") return kept;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function showTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem(KEPT, theme);
}
