// Hears the newest message as its owner would, in a real browser, and prints what it saw as one JSON object.
// Environment: BASE_URL, USER, PASSWORD, OUT_DIR (gets message.wav and inbox.png); CHROMIUM optional.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { need, signIn, withBrowser } from "./browser.mjs";

const [base, user, password, out] = ["BASE_URL", "USER", "PASSWORD", "OUT_DIR"].map(need);

/** What the page's audio element says of itself. */
const state = (page) =>
  page.locator("audio").evaluate((a) => ({ at: a.currentTime, duration: a.duration, paused: a.paused, src: a.src }));

/** Waits until the audio element says what is wanted. */
const until = (page, condition) =>
  page.waitForFunction(condition, undefined, { timeout: 120_000, polling: 50 }).catch((error) => {
    throw new Error(`the audio never got to ${condition}: ${error.message}`);
  });

async function listen(page) {
  const problems = [];
  page.on("console", (m) => m.type() === "error" && !m.text().includes("401") && problems.push(m.text()));
  page.on("pageerror", (e) => problems.push(String(e)));

  await signIn(page, base, user, password);
  const rows = page.getByRole("button", { name: /^Play message/ });
  await rows.first().waitFor();
  const messages = await rows.count();
  const label = await rows.first().getAttribute("aria-label");

  await rows.first().click();
  await until(page, () => {
    const a = document.querySelector("audio");
    return a !== null && a.readyState > 0 && (a.currentTime > 0.3 || a.ended);
  });
  const played = await state(page);

  const slider = page.getByRole("slider");
  await slider.waitFor();
  const pause = page.getByRole("button", { name: /^Pause message/ });
  if (await pause.isVisible()) await pause.click(); // so that what follows stands still
  const box = await slider.boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await until(page, () => {
    const a = document.querySelector("audio");
    return a !== null && !a.seeking && Math.abs(a.currentTime - a.duration / 2) < a.duration / 10 + 0.2;
  });
  const sought = await state(page);

  await page.screenshot({ path: join(out, "inbox.png") });
  const wav = await page.evaluate(async () => {
    const answer = await fetch(document.querySelector("audio").src);
    if (!answer.ok) throw new Error(`the audio was refused: ${answer.status}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return Array.from(bytes, (b) => String.fromCharCode(b)).join("");
  });
  await writeFile(join(out, "message.wav"), Buffer.from(wav, "latin1"));
  if (problems.length > 0) throw new Error(`the page complained: ${problems.join("; ")}`);
  return {
    messages,
    caller: /^Play message from (.*), [^,]*$/.exec(label ?? "")?.[1] ?? "",
    duration: sought.duration,
    currentTimeAfterPlay: played.at,
    currentTimeAfterSeek: sought.at,
  };
}

await mkdir(out, { recursive: true });
try {
  const seen = await withBrowser({ viewport: { width: 1180, height: 800 } }, (_, page) => listen(page));
  console.log(JSON.stringify(seen));
} catch (error) {
  console.error(`voicemail.mjs: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
