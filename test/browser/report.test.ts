import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { type ReportData, report, reportPage } from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FAILOVER, LEDGER } from "./sample.ts";

const DATA: ReportData = report(FAILOVER, LEDGER, { title: "orders survive a dead master" }).toJSON();
const PAGES = {
  "one report": report(FAILOVER, LEDGER).toHTML(),
  "a whole run": reportPage([
    { title: "orders survive a dead master", outcome: "passed", report: DATA },
    { title: "carts survive a partition", outcome: "failed", detail: "expected 0 to be 1", report: DATA },
  ]),
} as const;
const SIZES = [
  { width: 1440, height: 900 },
  { width: 360, height: 780 },
] as const;

let browser: Browser;
let folder: string;
beforeAll(async () => {
  const executablePath = process.env["TRC_BROWSER"];
  if (executablePath === undefined) throw new Error("TRC_BROWSER is not set: run this by ./dev test");
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  folder = await mkdtemp(join(tmpdir(), "trc-report-"));
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** What the page asked for and complained of. */
interface Opened {
  readonly page: Page;
  readonly complaints: readonly string[];
  readonly requests: readonly string[];
}

async function open(
  name: keyof typeof PAGES,
  colorScheme: "light" | "dark",
  viewport: (typeof SIZES)[number],
): Promise<Opened> {
  const file = join(folder, `${name.replaceAll(" ", "-")}.html`);
  await writeFile(file, PAGES[name]);
  const page = await browser.newPage({ colorScheme, viewport });
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  return { page, complaints, requests: requests.filter((url) => !url.startsWith("data:")) };
}

const CASES = (["light", "dark"] as const).flatMap((theme) =>
  SIZES.flatMap((size) =>
    (Object.keys(PAGES) as (keyof typeof PAGES)[]).map((name) => ({ theme, size, name })),
  ),
);

describe.each(CASES)("$name, $theme, $size.width pixels wide", ({ theme, size, name }) => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open(name, theme, size);
  });
  afterAll(() => opened.page.close());

  test("asks for nothing but itself, and complains of nothing", () => {
    expect(opened.requests).toHaveLength(1);
    expect(opened.complaints).toEqual([]);
  });

  test("fits its window", async () => {
    const width = await opened.page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(size.width);
    const svg = opened.page.locator("figure svg:visible").first();
    expect((await svg.boundingBox())?.width).toBeGreaterThan(size.width * 0.65);
  });

  test("has a heading for everything, in order, and a text for every picture", async () => {
    const levels = await opened.page
      .locator("h1,h2,h3")
      .evaluateAll((headings) => headings.map(({ tagName }) => Number(tagName[1])));
    expect(levels[0]).toBe(1);
    for (const [index, level] of levels.entries())
      expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1);
    const names = await opened.page
      .locator("figure svg")
      .evaluateAll((pictures) => pictures.map((each) => each.querySelector(":scope > title")?.textContent));
    expect(names.every((each) => typeof each === "string" && each !== "")).toBe(true);
    expect(await opened.page.locator("table:not(:has(caption))").count()).toBe(0);
  });

  test("shows the details of each mark that Tab reaches, and of a bar that is pointed at", async () => {
    const { page } = opened;
    const marks = page.locator("figure").first().locator("svg:visible .mark");
    expect(await marks.count()).toBe(DATA.timeline.marks.length);
    await marks.first().focus();
    const details = page.locator("figure .details").first();
    expect(await details.textContent()).toMatch(/^1\. /);
    await page.keyboard.press("Tab");
    expect(await details.textContent()).toMatch(/^2\. /);
    await page.locator("figure").first().locator("svg:visible .bar").first().hover();
    expect(await details.textContent()).toMatch(/^node-0: primary/);
  });

  test("says the same in its table as in its data", async () => {
    const rows = await opened.page
      .locator("table.marks")
      .first()
      .locator("tbody tr")
      .evaluateAll((all) => all.map((row) => [...row.children].map(({ textContent }) => textContent)));
    expect(rows.map(([, at, , , text]) => [Number(at), text])).toEqual(
      DATA.timeline.marks.map(({ atMs, text }) => [atMs, text]),
    );
  });

  test("has text that can be read: a contrast of 4.5 at least", async () => {
    const poor = await opened.page.evaluate(findPoorContrast);
    expect(poor).toEqual([]);
  });
});

/** Runs in the page: each text whose colour is too near to what is behind it. */
function findPoorContrast(): readonly string[] {
  const channels = (colour: string): readonly number[] => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour: string): number => {
    const [r = 0, g = 0, b = 0] = channels(colour).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const isClear = (colour: string): boolean => colour === "none" || channels(colour)[3] === 0;
  const behind = (element: Element): string => {
    // In a picture the last filled shape before the text in its own group is what it stands on.
    const shapes =
      element.closest("svg") === null
        ? []
        : [
            ...(element.parentElement?.querySelectorAll(
              ":scope > .fill, :scope > circle, :scope > rect, :scope > path:not(.leader)",
            ) ?? []),
          ];
    const shape = shapes.find(
      (each) => !isClear(getComputedStyle(each).fill) && !getComputedStyle(each).fill.startsWith("url"),
    );
    if (shape !== undefined && !element.classList.contains("name")) return getComputedStyle(shape).fill;
    for (let each: Element | null = element; each !== null; each = each.parentElement) {
      const { backgroundColor } = getComputedStyle(each);
      if (!isClear(backgroundColor)) return backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  const poor: string[] = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(
      (node) => node.nodeType === 3 && node.textContent?.trim() !== "",
    );
    if (!own || element.closest("script,title,desc") !== null || element.getClientRects().length === 0)
      continue;
    const style = getComputedStyle(element);
    const ink = element.closest("svg") === null ? style.color : style.fill;
    const [a, b] = [luminance(ink), luminance(behind(element))].toSorted((x, y) => y - x) as [number, number];
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5)
      poor.push(`${element.tagName} ${element.textContent?.slice(0, 30)}: ${contrast.toFixed(2)}`);
  }
  return poor;
}
