// The page in a headless Chromium: page.mjs PHOTO STYLE [FOLDER]
// With FOLDER, a picture of the page with a real result is kept there.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [photo, style, keep] = process.argv.slice(2);
const mirra = (...words) => execFileSync(process.env.MIRRA_COMMAND, words, { encoding: "utf8" });
const work = mkdtempSync(join(tmpdir(), "mirra-web-test-"));
const patience = { timeout: 300_000 };

function serve(...options) {
  const server = spawn(process.env.MIRRA_WEB, ["--port", "0", ...options], { stdio: ["ignore", "pipe", "inherit"] });
  const address = new Promise((found, fail) => {
    createInterface({ input: server.stdout }).once("line", (line) => found(line.replace("Open ", "")));
    server.once("exit", (code) => fail(new Error(`the server ended with ${code}`)));
  });
  const end = () => new Promise((ended) => { server.once("exit", ended); server.kill("SIGINT"); });
  return { address, end };
}

async function settled(page) {
  await page.waitForFunction(() => !document.getElementById("run").disabled, null, patience);
  const problem = page.locator("#problem");
  return (await problem.isVisible()) ? problem.innerText() : null;
}

async function run(page) {
  await page.click("#run");
  const problem = await settled(page);
  assert.equal(problem, null);
}

async function download(page, name, format) {
  await page.selectOption("#format", format);
  const [file] = await Promise.all([page.waitForEvent("download", patience), page.click("#download")]);
  const path = join(work, name);
  await file.saveAs(path);
  return { path, suggested: file.suggestedFilename() };
}

const psnr = (a, b) => JSON.parse(mirra("compare", a, b, "--json")).psnr;

// Drops a file as a hand would: the page sees a drop event with it.
async function drop(page, selector, path, name, type) {
  const bytes = readFileSync(path).toString("base64");
  const transfer = await page.evaluateHandle(([data, file, mime]) => {
    const carried = new DataTransfer();
    carried.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], file, { type: mime }));
    return carried;
  }, [bytes, name, type]);
  await page.dispatchEvent(selector, "drop", { dataTransfer: transfer });
}

const field = (page, name) => page.locator(`.field[data-name="${name}"]`);

async function slide(page, name, value) {
  await field(page, name).locator("input[type=range]").evaluate((slider, to) => {
    slider.value = to;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }, value);
}

const tests = {
  async "drops a photo, moves sliders, runs, downloads what the command gives"(page) {
    await drop(page, "body", photo, "photo.png", "image/png");
    await page.waitForFunction(() => document.querySelector(".frame img[alt=Before]")?.naturalWidth > 0, null, patience);
    await field(page, "sigma").locator("select").selectOption({ label: "Value" });
    await slide(page, "sigma", 20);
    await slide(page, "strength", 0.75);
    assert.equal(await field(page, "sigma").locator("input[type=number]").inputValue(), "20");
    await run(page);
    const { path, suggested } = await download(page, "page.png", "png");
    assert.equal(suggested, "photo-denoise.png");
    mirra("denoise", photo, "-o", join(work, "command.png"), "--sigma", "20", "--strength", "0.75", "--threads", "2");
    assert.equal(psnr(path, join(work, "command.png")), 80);
    const after = await page.locator(".frame img[alt=After]").evaluate((image) => [image.naturalWidth, image.naturalHeight]);
    const before = await page.locator(".frame img[alt=Before]").evaluate((image) => [image.naturalWidth, image.naturalHeight]);
    assert.deepEqual(after, before);
    const jpeg = await download(page, "page.jpg", "jpeg");
    assert.match(jpeg.suggested, /\.jpg$/);
  },

  async "moves the line between before and after"(page) {
    await page.getByLabel("Before and after").focus();
    await page.keyboard.press("Home");
    assert.match(await page.locator(".frame img[alt=After]").evaluate((image) => image.style.clipPath), /0(px)? 0%|0%\)|^inset\(0(px)?\)$/);
    await page.keyboard.press("End");
    assert.match(await page.locator(".frame img[alt=After]").evaluate((image) => image.style.clipPath), /100%/);
    await page.getByLabel("Before and after").evaluate((slider) => { slider.value = 50; slider.dispatchEvent(new Event("input")); });
  },

  async "shows what the task found"(page) {
    await page.click("#reset");
    await run(page);
    assert.match(await page.locator("#values").innerText(), /\d/);
  },

  async "shows a picture of a real result"(page) {
    if (!keep) return;
    await page.screenshot({ path: join(keep, "page-light.png") });
    await page.emulateMedia({ colorScheme: "dark" });
    await page.screenshot({ path: join(keep, "page-dark.png") });
    await page.emulateMedia({ colorScheme: "light" });
  },

  async "cancels within a second"(page) {
    const large = join(work, "large.png");
    writeFileSync(large, enlarged());
    await field(page, "network").locator("select").selectOption({ label: "Best" });
    await run(page); // the network is compiled
    await page.locator(".main input[type=file]").setInputFiles(large);
    await page.waitForFunction(() => document.querySelector(".main .note").textContent.startsWith("large.png ("), null, patience);
    await page.click("#run");
    await page.waitForFunction(() => document.getElementById("progress").value > 0, null, patience);
    const seconds = await page.evaluate(() => new Promise((done) => {
      const start = performance.now();
      new MutationObserver(() => {
        if (!document.getElementById("run").disabled) done((performance.now() - start) / 1000);
      }).observe(document.getElementById("run"), { attributes: true });
      document.getElementById("cancel").click();
    }));
    console.log(`    cancelled after ${seconds.toFixed(3)} s`);
    assert.equal(await page.locator("#stage").innerText(), "Cancelled");
    assert.ok(seconds < 1, `cancelling took ${seconds} s`);
  },

  async "shows errors with what to do"(page) {
    const text = join(work, "text.png");
    writeFileSync(text, "this is no picture");
    await page.locator(".main input[type=file]").setInputFiles(text);
    await page.waitForFunction(() => !document.getElementById("problem").hidden, null, patience);
    assert.ok((await page.locator("#problem").innerText()).length > 10);
    await page.locator(".main input[type=file]").setInputFiles(photo);
    await page.waitForFunction(() => document.querySelector(".main .note").textContent.startsWith("photo.png ("), null, patience);
  },

  async "takes a style as a further picture"(page) {
    await page.selectOption("#task", "stylize");
    assert.equal(await field(page, "style_2").isVisible(), false);
    await field(page, "style").locator("input[type=file]").setInputFiles(style);
    await page.waitForFunction(() => document.querySelector('.field[data-name="style"] .note').textContent.includes(" x "), null, patience);
    assert.equal(await field(page, "style_2").isVisible(), true);
    await run(page);
    const { path, suggested } = await download(page, "style.jpg", "jpeg");
    assert.equal(suggested, "photo-stylize.jpg");
    assert.match(mirra("info", path), /width: 451/);
  },

  async "knows a plugin that was dropped in"(page) {
    await page.selectOption("#task", "everything");
    assert.equal(await field(page, "source").isVisible(), false);
    assert.match(await field(page, "mode").locator("option").first().innerText(), /<b>Plain<\/b>/);
    await field(page, "mode").locator("select").selectOption("from-file");
    assert.equal(await field(page, "source").isVisible(), true);
    assert.equal(await field(page, "tint").locator("input[type=color]").inputValue(), "#ff8000");
    assert.equal(await field(page, "passes").isVisible(), false); // folded away
    const number = join(work, "number.txt");
    writeFileSync(number, "0.5");
    await field(page, "source").locator("input[type=file]").setInputFiles(number);
    await page.waitForFunction(() => document.querySelector('.field[data-name="source"] .note').textContent === "number.txt", null, patience);
    await run(page);
    const { path } = await download(page, "half.png", "png");
    mirra("everything", photo, "-o", join(work, "half-command.png"), "--gain", "0.5");
    assert.equal(psnr(path, join(work, "half-command.png")), 80);
  },

  async "refuses other sites and runs no foreign script"(page, address) {
    const port = new URL(address).port;
    const elsewhere = await page.context().browser().newContext();
    const other = await elsewhere.newPage();
    const outcome = async (url, options) => other.evaluate(([to, given]) =>
      fetch(to, given).then((answer) => `${answer.type} ${answer.status}`, () => "failed"), [url, options]);
    await other.goto("data:text/html,<h1>another site</h1>");
    assert.equal(await outcome(`http://127.0.0.1:${port}/api/schema`, {}), "failed");
    assert.equal(await outcome(`http://127.0.0.1:${port}/api/jobs`, { method: "POST", body: "{}", headers: { "X-Mirra-Token": "0" } }), "failed");
    await other.setContent(`<iframe src="http://127.0.0.1:${port}/"></iframe>`);
    await other.waitForTimeout(1000);
    assert.ok(!other.frames().some((frame) => frame.url() === `http://127.0.0.1:${port}/`), "the page lets itself be framed");
    await elsewhere.close();
    const hurt = await page.evaluate(() => {
      try {
        document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=alert(1)>");
        return "inserted";
      } catch {
        return "refused";
      }
    });
    assert.equal(hurt, "refused");
  },

  async "says so when the server has gone"(page, address, server) {
    assert.equal(await server.end(), 0);
    await page.click("#run");
    assert.match(await settled(page), /does not answer/);
  },
};

// The photo four times, so that a run on it lasts.
function enlarged() {
  const out = join(work, "sheet.png");
  mirra("sheet", ...Array(4).fill(photo), "-o", out);
  return readFileSync(out);
}

const server = serve("--threads", "2");
const address = await server.address;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
let failed = 0;
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 }, colorScheme: "light" });
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(address);
  await page.waitForSelector("#task option", { state: "attached", ...patience });
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test(page, address, server);
      console.log(`ok      ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n${error.stack}`);
    }
  }
  assert.deepEqual(complaints, []);
} finally {
  await browser.close();
  rmSync(work, { recursive: true });
}
process.exitCode = failed > 0 ? 1 : 0;
