/** What all pages stand in: their names, the language, light and dark. */

import { useEffect, useState } from "preact/hooks";

import { firstLanguage, keepLanguage, LanguageContext, useText } from "./i18n/language";
import { Home } from "./pages/home";
import { Market } from "./pages/market";
import { Microgrid } from "./pages/microgrid";
import { Operator } from "./pages/operator";
import { Trust } from "./pages/trust";
import { WalletPage } from "./pages/wallet";
import { firstTheme, showTheme, type Theme } from "./theme";

const PAGES = {
  home: Home,
  market: Market,
  wallet: WalletPage,
  microgrid: Microgrid,
  trust: Trust,
  operator: Operator,
} as const;
type PageName = keyof typeof PAGES;

/** The page that the address names after its hash. */
function namedPage(): PageName {
  const name = location.hash.replace(/^#\/?/, "");
  return name in PAGES ? (name as PageName) : "wallet";
}

export function Shell() {
  const [language, setLanguage] = useState(firstLanguage);
  const [page, setPage] = useState(namedPage);
  useEffect(() => {
    const follow = (): void => setPage(namedPage());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  useEffect(() => {
    document.documentElement.lang = language;
    keepLanguage(language);
  }, [language]);
  const Page = PAGES[page];
  return (
    <LanguageContext.Provider value={language}>
      <Header page={page} onLanguage={() => setLanguage(language === "en" ? "ko" : "en")} />
      <main id="content" tabIndex={-1}>
        <Page />
      </main>
    </LanguageContext.Provider>
  );
}

function Header({ page, onLanguage }: { page: PageName; onLanguage: () => void }) {
  const text = useText();
  const [theme, setTheme] = useState<Theme>(firstTheme);
  useEffect(() => showTheme(theme), [theme]);
  const other: Theme = theme === "dark" ? "light" : "dark";
  const toContent = (event: MouseEvent): void => {
    event.preventDefault(); // the address names the page
    document.getElementById("content")?.focus();
  };
  return (
    <header>
      <a class="skip" href="#content" onClick={toContent}>
        {text("skip")}
      </a>
      <strong>{text("title")}</strong>
      <nav aria-label={text("navigation")}>
        {(Object.keys(PAGES) as PageName[]).map((name) => (
          <a key={name} href={`#/${name}`} aria-current={name === page ? "page" : undefined}>
            {text(name)}
          </a>
        ))}
      </nav>
      <button type="button" class="quiet" onClick={onLanguage}>
        {text("language")}
      </button>
      <button type="button" class="quiet" onClick={() => setTheme(other)}>
        {text(other)}
      </button>
    </header>
  );
}
