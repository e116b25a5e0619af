import { describe, expect, test } from "vitest";
import { failoverWith, shardFailoverWith } from "../failover/failover.fixture.ts";
import { ledgerWith, shardWith } from "../workload/ledger.fixture.ts";
import { report } from "./failover-report.ts";
import { reportPage } from "./report-page.ts";

const HOSTILE = `</script><img src=x onerror="alert(1)">'&\u0007`;
const FAILOVER = failoverWith({
  events: [
    { atMs: 0, node: "action", kind: "fault", text: "the fault starts" },
    { atMs: 12, node: "node-1", kind: "silent", text: "does not answer" },
  ],
});

test("contains the promoted node and its times, also after conversion to JSON", () => {
  const result = report(FAILOVER);
  const data = result.toJSON();
  expect(JSON.parse(JSON.stringify(result))).toEqual(JSON.parse(JSON.stringify(data)));
  expect(data).toMatchObject({ version: 1, title: "node-1 → node-5", since: FAILOVER.since });
  expect(data.summary.join(" ")).toMatch(/node-1, the primary of shard 1.*node-5 took over after 1501 ms/);
  expect(data.summary.at(-1)).toBe("No workload ran, so it is unknown whether writes were lost.");
  expect(data.timeline.lanes.map(({ name }) => name)).toEqual([
    ...["node-0", "node-1", "node-2", "node-3", "node-4", "node-5", "client"],
  ]);
  const old = data.timeline.lanes[1]?.bars.map(({ state }) => state) ?? [];
  expect(old[0]).toBe("primary");
  expect(old).toContain("declared-dead");
  expect(data.timeline.lanes[5]?.bars.at(-1)?.state).toBe("primary");
  expect(data.timeline.marks.find(({ kind }) => kind === "elected")?.atMs).toBe(1501);
});

test("covers the whole timeline with the bars of each lane, without gaps", () => {
  const { timeline } = report(FAILOVER, ledgerWith()).toJSON();
  for (const { bars } of timeline.lanes) {
    expect(bars[0]?.fromMs).toBe(timeline.fromMs);
    expect(bars.at(-1)?.toMs).toBe(timeline.toMs);
    for (const [index, { fromMs }] of bars.entries()) {
      if (index > 0) expect(fromMs).toBe(bars[index - 1]?.toMs);
    }
  }
});

test("formats text with a line of the given width for each lane, and all marks", () => {
  const text = report(FAILOVER, undefined, { title: "orders" }).toText({ columns: 80, color: false });
  const lines = text.split("\n");
  const lanes = lines.filter((line) => /^(?:node-\d|client, shard 1) /.test(line));
  expect(lanes).toHaveLength(7);
  for (const line of lanes) expect(line).toHaveLength(80);
  expect(text).toMatch(/1501 ms {2}elected +node-5 /);
  expect(text).toMatch(/█ primary {3}░ replica/);
  expect(report(FAILOVER).toText({ color: true })).toContain("\u001b[");
});

test("reports manual failovers, unobserved phases and several shards", () => {
  const other = shardFailoverWith({
    shard: 0,
    failed: { name: "node-0" },
    promoted: { name: "node-4", id: "" },
  });
  const result = report(
    failoverWith({
      manual: true,
      phases: { ...FAILOVER.phases, electedMs: undefined, failedMs: undefined, agreedMs: undefined },
      others: [other],
    }),
  );
  const data = result.toJSON();
  expect(data.summary[0]).toMatch(/node-5 took over shard 1 from node-1 in a manual failover/);
  expect(data.shards.map(({ expected }) => expected?.minMs)).toEqual([undefined, 1000]);
  expect(data.timeline.lanes.filter(({ kind }) => kind === "client").map(({ shard }) => shard)).toEqual([
    0, 1,
  ]);
  expect(result.toHTML()).toContain("node-0 → node-4");
});

test("draws an SVG of the given width, with a title and a description", () => {
  const svg = report(FAILOVER, undefined, { title: HOSTILE }).toSVG({ width: 700 });
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"[^>]* role="img"[^>]* width="700"/);
  expect(svg).toMatch(/<title id="c-title">[^]*<desc id="c-desc">/);
  expect(svg).not.toContain("<img");
  expect(svg).not.toContain("\u0007");
});

test("draws an SVG with one theme, or with the theme that the reader prefers", () => {
  const result = report(FAILOVER);
  const light = result.toSVG({ theme: "light" });
  const dark = result.toSVG({ theme: "dark" });
  expect(light).toContain(":root{color-scheme:light;--page:#fbfbf9");
  expect(dark).toContain(":root{color-scheme:dark;--page:#14171a");
  expect(light + dark).not.toContain("prefers-color-scheme");
  expect(result.toSVG()).toContain("@media (prefers-color-scheme:dark)");
});

test("rejects invalid options of a format", () => {
  const result = report(FAILOVER);
  expect(() => result.toSVG({ theme: "blue" as "dark", width: Number.NaN })).toThrow(
    'Invalid width: expected a number from 1 to 10000, got NaN. Invalid theme: expected one of "light", "dark", "auto", got "blue".',
  );
  expect(() => result.toText({ column: 80 } as object)).toThrow(/Invalid column: .*Did you mean `columns`\?/);
});

test("escapes all text of users and servers on the page", () => {
  const result = report(
    failoverWith({
      failed: { name: HOSTILE },
      events: [{ atMs: 5, node: "node-1", kind: "suspected", text: HOSTILE }],
    }),
    ledgerWith({
      lost: [
        {
          ...{ key: HOSTILE, kind: "set", value: HOSTILE, shard: 1 },
          ...{ sentAt: 1, acknowledgedAt: 2, acknowledgedBy: HOSTILE },
        },
      ],
    }),
  );
  const page = reportPage([{ title: HOSTILE, outcome: "failed", detail: HOSTILE, report: result.toJSON() }], {
    title: HOSTILE,
  });
  expect(page).not.toContain("<img");
  expect(page.match(/<\/script>/g)).toHaveLength(1);
  expect(page).toContain("&lt;img");
  expect(page).toContain("Acknowledged writes that were lost");
});

test("lists the reports with their outcomes only on a page of several reports", () => {
  const data = report(FAILOVER).toJSON();
  const page = reportPage([
    { title: "orders survive", outcome: "passed", report: data },
    { title: "carts survive", outcome: "failed", detail: "expected 0 to be 1", report: data },
  ]);
  expect(page.match(/<a href="#r\d">/g)).toHaveLength(2);
  expect(page).toMatch(/carts survive<\/a> <span class="outcome failed">failed/);
  expect(report(FAILOVER).toHTML()).not.toContain("<nav");
  for (const html of [page, report(FAILOVER).toHTML()]) expect(html).not.toMatch(/(?:src|href)="https?:/);
});

test("reports late writes of the old primary in every format", () => {
  const result = report(failoverWith({ acknowledgedByOldPrimary: { count: 12, lastMs: 2_400 } }));
  const data = result.toJSON();
  expect(data.shards[0]?.acknowledgedByOldPrimary).toEqual({ count: 12, lastMs: 2_400 });
  expect(data.summary[1]).toBe("node-1 acknowledged 12 writes after the promotion, the last at 2400 ms.");
  expect(data.timeline.toMs).toBeGreaterThan(2_400);
  const mark = data.timeline.marks.find(({ kind }) => kind === "late-write");
  expect(mark).toMatchObject({
    atMs: 2_400,
    text: "the last of 12 writes that node-1 acknowledged after the promotion of node-5",
  });
  expect(data.timeline.lanes[mark?.lane ?? -1]?.kind).toBe("client");
  expect(result.toText({ columns: 80, color: false })).toMatch(/2400 ms {2}late write/);
  expect(result.toHTML()).toMatch(/Late writes of the old primary[^]*<td class="number">12<\/td>/);
});

test("has no mark of late writes if there are none", () => {
  const result = report(FAILOVER);
  expect(result.toJSON().timeline.marks.map(({ kind }) => kind)).not.toContain("late-write");
  expect(result.toText({ columns: 80, color: false })).not.toContain("late write");
});

describe("the unavailability of a shard in the observation and the ledger", () => {
  /**
   * The last write before is acknowledged at −4 ms, the promotion is at 1501 ms, and the next write is acknowledged at 1515 ms.
   */
  const since = FAILOVER.since;
  const unavailable = (fromMs: number, toMs: number | undefined): readonly (number | undefined)[] => {
    const shard = {
      ...shardWith(1),
      unavailableMs: (toMs ?? 4_000) - fromMs,
      lastSuccessBefore: since + fromMs,
      firstSuccessAfter: toMs === undefined ? undefined : since + toMs,
    };
    const { shards, timeline } = report(FAILOVER, ledgerWith({ shards: [shard] })).toJSON();
    const bars = timeline.lanes
      .filter(({ kind }) => kind === "client")
      .flatMap((lane) => lane.bars.filter(({ state }) => state === "unavailable"));
    return [shards[0]?.unavailableMs, ...bars.map(({ fromMs: from }) => from)];
  };

  test.each([
    ["ends with the ledger if its clients find the new primary later", 9, 1_700, [1_691, 9]],
    ["starts before acknowledgements of the replaced primary", 1_508, 1_700, [1_704, -4]],
    ["does not end before the promoted node acknowledged a write", 20, 1_400, [1_495, 20]],
    ["is the observed one if the ledger's one ended before", -300, -4, [1_519, -4]],
    ["is the observed one if the ledger's one started afterwards", 1_600, 1_800, [1_519, -4, 1_600]],
    ["has no end if the ledger has none", 9, undefined, [undefined, 9]],
  ])("%s", (_, fromMs, toMs, expected) => {
    expect(unavailable(fromMs, toMs)).toEqual(expected);
  });
});
