import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { type ReportData, report, reportPage } from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FAILOVER, LEDGER } from "./sample.ts";

const DATA: ReportData = report(FAILOVER, LEDGER, { title: "orders survive a killed primary" }).toJSON();
const PAGES = {
  "a single report": report(FAILOVER, LEDGER).toHTML(),
  "several reports": reportPage([
    { title: "orders survive a killed primary", outcome: "passed", report: DATA },
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
  if (executablePath === undefined)
    throw new Error("TRC_BROWSER is not set. Run the browser tests with ./dev test.");
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  folder = await mkdtemp(join(tmpdir(), "trc-report-"));
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** An open page, with its requests and its console messages and errors. */
interface OpenPage {
  readonly page: Page;
  readonly problems: readonly string[];
  readonly requests: readonly string[];
}

async function open(
  name: keyof typeof PAGES,
  colorScheme: "light" | "dark",
  viewport: (typeof SIZES)[number],
): Promise<OpenPage> {
  const file = join(folder, `${name.replaceAll(" ", "-")}.html`);
  await writeFile(file, PAGES[name]);
  const page = await browser.newPage({ colorScheme, viewport });
  const problems: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  return { page, problems, requests: requests.filter((url) => !url.startsWith("data:")) };
}

const CASES = (["light", "dark"] as const).flatMap((theme) =>
  SIZES.flatMap((size) =>
    (Object.keys(PAGES) as (keyof typeof PAGES)[]).map((name) => ({ theme, size, name })),
  ),
);

describe.each(CASES)("$name, $theme, $size.width pixels wide", ({ theme, size, name }) => {
  let opened: OpenPage;
  beforeAll(async () => {
    opened = await open(name, theme, size);
  });
  afterAll(() => opened.page.close());

  test("requests no other resources, and logs no messages or errors", () => {
    expect(opened.requests).toHaveLength(1);
    expect(opened.problems).toEqual([]);
  });

  test("fits the width of the window", async () => {
    const width = await opened.page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(size.width);
    const svg = opened.page.locator("figure svg:visible").first();
    expect((await svg.boundingBox())?.width).toBeGreaterThan(size.width * 0.65);
  });

  test("has nested headings, a title for every picture and a caption for every table", async () => {
    const levels = await opened.page
      .locator("h1,h2,h3")
      .evaluateAll((headings) => headings.map(({ tagName }) => Number(tagName[1])));
    expect(levels[0]).toBe(1);
    for (const [index, level] of levels.entries())
      expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1);
    const titles = await opened.page
      .locator("figure svg")
      .evaluateAll((pictures) =>
        pictures.map((picture) => picture.querySelector(":scope > title")?.textContent),
      );
    expect(titles.every((title) => typeof title === "string" && title !== "")).toBe(true);
    expect(await opened.page.locator("table:not(:has(caption))").count()).toBe(0);
  });

  test("shows the details of the focused mark and of the bar under the pointer", async () => {
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

  test("lists the marks of the data in its table", async () => {
    const rows = await opened.page
      .locator("table.marks")
      .first()
      .locator("tbody tr")
      .evaluateAll((all) => all.map((row) => [...row.children].map(({ textContent }) => textContent)));
    expect(rows.map(([, at, , , text]) => [Number(at), text])).toEqual(
      DATA.timeline.marks.map(({ atMs, text }) => [atMs, text]),
    );
  });

  test("has a contrast of at least 4.5 for all texts", async () => {
    const poor = await opened.page.evaluate(findPoorContrast);
    expect(poor).toEqual([]);
  });
});

/** Returns each text whose contrast with its background is less than 4.5. Runs in the page. */
function findPoorContrast(): readonly string[] {
  const channels = (color: string): readonly number[] => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (color: string): number => {
    const [r = 0, g = 0, b = 0] = channels(color).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const isTransparent = (color: string): boolean => color === "none" || channels(color)[3] === 0;
  const backgroundOf = (element: Element): string => {
    // In a picture, the background of a text is a filled shape in its group.
    const shapes =
      element.closest("svg") === null
        ? []
        : [
            ...(element.parentElement?.querySelectorAll(
              ":scope > .fill, :scope > circle, :scope > rect, :scope > path:not(.leader)",
            ) ?? []),
          ];
    const shape = shapes.find(
      (candidate) =>
        !isTransparent(getComputedStyle(candidate).fill) &&
        !getComputedStyle(candidate).fill.startsWith("url"),
    );
    if (shape !== undefined && !element.classList.contains("name")) return getComputedStyle(shape).fill;
    for (let current: Element | null = element; current !== null; current = current.parentElement) {
      const { backgroundColor } = getComputedStyle(current);
      if (!isTransparent(backgroundColor)) return backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  const poor: string[] = [];
  for (const element of document.querySelectorAll("body *")) {
    const hasText = [...element.childNodes].some(
      (node) => node.nodeType === 3 && node.textContent?.trim() !== "",
    );
    if (!hasText || element.closest("script,title,desc") !== null || element.getClientRects().length === 0)
      continue;
    const style = getComputedStyle(element);
    const textColor = element.closest("svg") === null ? style.color : style.fill;
    const [a, b] = [luminance(textColor), luminance(backgroundOf(element))].toSorted((x, y) => y - x) as [
      number,
      number,
    ];
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5)
      poor.push(`${element.tagName} ${element.textContent?.slice(0, 30)}: ${contrast.toFixed(2)}`);
  }
  return poor;
}
