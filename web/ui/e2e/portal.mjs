// The first run, an invitation, and a message that arrives while its owner looks, in real browsers; each page is
// checked for accessibility. Environment: BASE_URL, SECRET (of the setup link), PASSWORD; OUT_DIR for pictures.
// Prints "waiting" when a message may be left for bob, and "done" at the end.
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { need, withBrowser } from "./browser.mjs";

const [base, secret, password] = ["BASE_URL", "SECRET", "PASSWORD"].map(need);
const out = process.env.OUT_DIR;
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Looks at a page: takes a picture and fails on what keeps people out. */
async function look(page, name) {
  await page.waitForFunction(() =>
    document.getAnimations().every((a) => a.playState !== "running" || a.effect?.getTiming().iterations === Infinity),
  );
  if (out) await page.screenshot({ path: join(out, `${name}.png`) });
  await page.evaluate(axe);
  const found = await page.evaluate(async () => (await window.axe.run(document)).violations);
  if (found.length > 0)
    throw new Error(`${name}: ${found.map((v) => `${v.help}: ${v.nodes.map((n) => n.html)}`).join("\n")}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) throw new Error(`${name} is ${wide} pixels too wide`);
}

/** The administrator sets up, creates bob and gives the link with which bob chooses a password. */
async function administer(page) {
  await page.goto(`${base}/setup#${secret}`);
  await page.getByLabel("Your name").fill("Alice Archer");
  await page.getByLabel("Address").fill("alice");
  await page.getByLabel("Password", { exact: true }).fill("short");
  await page.getByRole("button", { name: "Start" }).click();
  await page.getByText("at least 10 characters").last().waitFor();
  await look(page, "setup");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Start" }).click();
  await page.getByRole("heading", { name: "People", level: 1 }).waitFor();
  if (page.url().includes(secret)) throw new Error("the secret is still in the address");

  await page.getByRole("button", { name: "New person" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill("Bob Baumgartner");
  await dialog.getByLabel("Address").fill("bob");
  await dialog.getByRole("switch", { name: "May call the telephone network" }).click();
  await look(page, "new-person");
  await dialog.getByRole("button", { name: "Create" }).click();

  await dialog.getByRole("button", { name: "Make a link" }).click();
  const command = await dialog.getByLabel("Command", { exact: true }).inputValue();
  if (!/^tandem enroll 'https:.*bob@/.test(command)) throw new Error(`the command is ${command}`);
  await look(page, "invite-phone");
  await dialog.getByText("This portal", { exact: true }).click();
  await dialog.getByRole("button", { name: "Make a link" }).click();
  const link = await dialog.getByLabel("Link", { exact: true }).inputValue();
  await dialog.getByRole("button", { name: "Done" }).click();
  await page.getByText("Bob Baumgartner").waitFor();
  await look(page, "people");
  await page.getByRole("tab", { name: "Invitations" }).click();
  await page.getByRole("list", { name: "Invitations" }).waitFor();
  await look(page, "invitations");
  await page.getByRole("link", { name: "System" }).click();
  await page.getByRole("heading", { name: "Trunks" }).waitFor();
  await look(page, "system");
  return link;
}

/** Bob chooses a password, sees a message arrive and handles it by keyboard alone. */
async function receive(page, link) {
  await page.goto(link);
  await page.getByRole("heading", { name: "Welcome, Bob Baumgartner" }).waitFor();
  await look(page, "welcome");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Choose this password" }).click();
  await page.getByText("No messages").waitFor();
  await look(page, "empty");

  console.log("waiting");
  const play = page.getByRole("button", { name: /^Play message/ });
  await play.waitFor();
  await look(page, "arrived");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space"); // opens and plays
  await page.waitForFunction(() => document.querySelector("audio")?.currentTime > 0.2);
  await page.getByRole("slider").waitFor();
  await look(page, "playing");
  await page.keyboard.press("Space");
  await page.waitForFunction(() => document.querySelector("audio").paused);
  await page.getByRole("slider").focus();
  await page.keyboard.press("Home");
  await page.waitForFunction(() => document.querySelector("audio").currentTime === 0);
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => document.querySelector("audio").currentTime > 0.3);

  await page.keyboard.press("Delete");
  await page.getByText("No messages").waitFor();
  await look(page, "deleted");
  await page.getByRole("button", { name: "Undo" }).click();
  await play.waitFor();
  await page.getByRole("tab", { name: "Trash" }).click();
  await page.getByText("The trash is empty").waitFor();

  await page.getByRole("button", { name: "Account of Bob Baumgartner" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await look(page, "sign-in");
  await page.goto(link);
  await page.getByText("This link does not work").waitFor();
  await look(page, "used-link");
}

const desk = { viewport: { width: 1180, height: 800 }, colorScheme: "light" };
const phone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, colorScheme: "dark" };
try {
  if (out) await mkdir(out, { recursive: true });
  const link = await withBrowser(desk, (_, page) => administer(page));
  await withBrowser(phone, (_, page) => receive(page, link));
  console.log("done");
} catch (error) {
  console.error(`portal.mjs: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
