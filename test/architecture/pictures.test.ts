import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

// The pictures of the README are drawn from real runs by the programs in packages/examples/pictures. No engine is needed here.

const ROOT = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** The texts of an SVG picture, in the order of the document. */
function textsOf(svg: string): readonly string[] {
  return [...svg.matchAll(/<text[^>]*>(.*?)<\/text>/gs)].map(([, text = ""]) =>
    text.replaceAll(/<title>.*?<\/title>|<[^>]+>/g, ""),
  );
}

const light = read("docs/images/failover-light.svg");
const dark = read("docs/images/failover-dark.svg");

test("the picture shows every node, the client, and every step of the failover", () => {
  const texts = textsOf(light);
  for (const lane of ["node-0", "node-1", "node-2", "node-3", "node-4", "node-5"])
    expect(texts).toContain(lane);
  expect(texts.some((text) => text.startsWith("client, shard "))).toBe(true);
  const marks = texts.filter((text) => /^\d+\. /.test(text)).join("\n");
  for (const step of ["fault", "suspected", "declared dead", "election planned", "elected", "first write"])
    expect(marks).toMatch(new RegExp(`^\\d+\\. [\\d.]+ m?s, ${step}`, "m"));
});

test("both themes show the same run, with different colors", () => {
  const withoutStyle = (svg: string): string => svg.replace(/<style>.*?<\/style>/s, "");
  expect(withoutStyle(dark)).toBe(withoutStyle(light));
  expect(dark).not.toBe(light);
});

test("the timeline of the README shows the same run as the picture", () => {
  const [, timeline = ""] = /draw-failover\.ts -->\n```text\n(.*?)```/s.exec(read("README.md")) ?? [];
  const times = (text: string, pattern: RegExp): readonly string[] =>
    [...text.matchAll(pattern)].map(([, time = ""]) => time);
  const inText = times(timeline, /^ *(\d+) ms {2}/gm);
  expect(inText.length).toBeGreaterThan(5);
  expect(inText).toEqual(times(textsOf(light).join("\n"), /^\d+\. (\d+) ms, /gm));
});

test("the recording of the demo shows its sections in their order", () => {
  const demo = read("docs/images/demo.svg");
  const text = textsOf(demo).join("\n");
  const sections = [
    "$ ./dev demo",
    "Six nodes, one network, one call",
    "Orders",
    "A primary fails",
    "restarts",
    "Removed without a trace",
    "no containers or networks left",
  ];
  const positions = sections.map((section) => text.indexOf(section));
  expect(positions.every((position) => position >= 0)).toBe(true);
  expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  const delays = [...demo.matchAll(/animation-delay:(\d+)ms/g)].map(([, delay]) => Number(delay));
  expect(delays).toEqual(delays.toSorted((a, b) => a - b));
});
