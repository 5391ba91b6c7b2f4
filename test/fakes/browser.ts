import { existsSync } from "node:fs";
import { chromium, type Browser, type Page } from "playwright-core";

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const QUIET = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The system's Chromium; each launch has a fresh profile. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = PATHS.find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error("no Chromium: run scripts/install-test-tools.sh");
  return chromium.launch({ executablePath, args: QUIET });
}

/** What a page complained about: errors, and everything that the Content-Security-Policy stopped. */
export function complaints(page: Page): string[] {
  const found: string[] = [];
  page.on("pageerror", (error) => found.push(String(error.stack)));
  page.on("console", (message) => message.type() === "error" && found.push(message.text()));
  page.on("dialog", (dialog) => {
    found.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return found;
}
