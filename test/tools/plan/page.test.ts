import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as aws from "@pulumi/aws";
import { after, afterEach, before, describe, it } from "mocha";
import { type Browser, chromium, type Page } from "playwright-core";
import { deploy, evaluate } from "../../../tools/graph/evaluate.ts";
import { isGroup } from "../../../tools/graph/labels.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { pageOf } from "../../../tools/plan/page.ts";

/** Plain JavaScript, as it runs in the page. */
const measure = readFileSync(new URL("../../support/page-measure.js", import.meta.url), "utf8");
interface Seen {
  overflow: number;
  smallest: number;
  contrast: number;
  palest: string;
  ground: number;
}

const executablePath = [
  process.env.CHROMIUM_PATH ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== "" && existsSync(path));

describe("plan.html", () => {
  let resources: Resource[];
  before(async () => {
    ({ resources } = await evaluate("prod"));
  });

  it("has a box for each resource, and links to existing boxes only", () => {
    const html = pageOf("prod", resources);
    const ids = [...html.matchAll(/class="box" id="(\w+)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, resources.filter((one) => !isGroup(one)).length);
    const needs = [...html.matchAll(/data-needs="([^"]+)"/g)].flatMap(([, of = ""]) =>
      of.split(" "),
    );
    assert.ok(needs.length > 50);
    for (const id of needs) assert.ok(ids.includes(id), id);
  });

  it("needs no other file and no network", () => {
    const html = pageOf("prod", resources);
    assert.doesNotMatch(html, /<link (?!rel="icon" href="data:,")|src=|@import|url\(|https?:/);
  });

  it("escapes names", async () => {
    const named = await deploy(() => new aws.sns.Topic('<img src=x onerror="alert(1)">'));
    assert.doesNotMatch(pageOf("<b>", named), /<img|<b>\n|Stack <b>/);
  });
});

describe(`plan.html in a browser${executablePath ? "" : " (skipped: no chromium here)"}`, () => {
  let browser: Browser;
  let folder: string;
  let address: string;
  let page: Page;
  const problems: string[] = [];
  before(async function () {
    if (!executablePath) this.skip();
    this.timeout(60_000);
    folder = mkdtempSync(join(tmpdir(), "plan-page-"));
    const file = join(folder, "plan.html");
    writeFileSync(file, pageOf("prod", (await evaluate("prod")).resources));
    address = pathToFileURL(file).href;
    // Where tests run as root, as in containers, there is no sandbox.
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  });
  afterEach(async () => {
    await page?.close();
    assert.deepEqual(problems.splice(0), []);
  });
  after(async () => {
    await browser?.close();
    if (folder) rmSync(folder, { recursive: true });
  });

  const open = async (width = 1280, colorScheme: "light" | "dark" = "light") => {
    page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    page.on("console", (message) => problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("request", (request) => {
      if (request.url() !== address && !request.url().startsWith("data:")) {
        problems.push(request.url());
      }
    });
    await page.goto(address);
  };
  const about = () => page.locator("#about");
  const focused = () => page.evaluate(() => document.activeElement?.id ?? "");

  for (const width of [1280, 390]) {
    for (const scheme of ["light", "dark"] as const) {
      it(`is legible ${width} pixels wide, ${scheme}`, async () => {
        await open(width, scheme);
        const seen = await page.evaluate<Seen>(measure);
        assert.ok(seen.overflow <= 0, `${seen.overflow} pixels too wide`);
        assert.ok(seen.smallest >= 13, `text of ${seen.smallest} pixels`);
        assert.ok(seen.contrast >= 4.5, `contrast of ${seen.contrast} in ${seen.palest}`);
        const dark = scheme === "dark";
        assert.equal(seen.ground < 0.2, dark, `a ground of luminance ${seen.ground}`);
      });
    }
  }

  it("shows the dependencies and dependents of a resource, by pointer and by keyboard", async () => {
    await open();
    assert.ok(await about().isHidden());
    const nodes = page.locator(".box", { hasText: "NodeGroup" });
    await nodes.hover();
    const told = String(await about().textContent());
    assert.match(told, /waits for: .*Addon cluster-vpc-cni/);
    assert.match(told, /needed by: .*Addon cluster-coredns/);
    await page.mouse.move(0, 0);
    assert.ok(await about().isHidden());
    await nodes.focus();
    assert.equal(await about().textContent(), told);
    await page.keyboard.press("Escape");
    assert.ok(await about().isHidden());
  });

  it("has focus and folding by keyboard", async () => {
    await open();
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "fold");
    await page.keyboard.press("Space");
    assert.equal(await page.locator(".component[open]").count(), 0);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator(".component[open]").count(), 1);
    await page.keyboard.press("Tab");
    assert.match(await focused(), /^r\d+$/);
    assert.ok(await about().isVisible());
  });

  it("links from the timeline to a box, and unfolds its component", async () => {
    await open();
    await page.locator("#fold").click();
    const link = page.locator(".timeline a", { hasText: "NodeGroup" });
    await link.focus();
    await page.keyboard.press("Enter");
    assert.equal(`#${await focused()}`, await link.getAttribute("href"));
    assert.match(String(await about().textContent()), /^NodeGroup/);
  });

  it("draws resources from left to right in the order of creation", async () => {
    await open();
    const startOf = async (text: string) => {
      const row = page.locator(".timeline li", { hasText: new RegExp(`^${text}`) });
      return Number((await row.locator(".bar").boundingBox())?.x);
    };
    assert.ok((await startOf("Vpc network")) < (await startOf("Cluster cluster")));
    assert.ok((await startOf("Cluster cluster")) < (await startOf("NodeGroup")));
    assert.ok((await startOf("NodeGroup")) < (await startOf("Ingress")));
  });
});
