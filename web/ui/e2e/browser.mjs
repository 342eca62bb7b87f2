import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--autoplay-policy=no-user-gesture-required",
];

/** Runs f with a fresh headless Chromium (CHROMIUM, default Debian's) and closes it, whatever happens. */
export async function withBrowser(options, f) {
  const profile = await mkdtemp(join(tmpdir(), "tandem-e2e-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: flags,
    ignoreHTTPSErrors: true,
    ...options,
  });
  context.setDefaultTimeout(120_000); // the machine may be busy with other tests
  try {
    return await f(context, context.pages()[0] ?? (await context.newPage()));
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}

/** The environment variable, which must be there. */
export function need(name) {
  const value = process.env[name];
  if (!value) throw new Error(`set ${name} in the environment`);
  return value;
}

/** Signs in and waits for the messages. */
export async function signIn(page, base, user, password) {
  await page.goto(base);
  await page.getByLabel("Address").fill(user);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Messages", level: 1 }).waitFor();
}
