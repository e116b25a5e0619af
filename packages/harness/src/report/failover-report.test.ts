import { describe, expect, test } from "vitest";
import { failoverWith, shardFailoverWith } from "../failover/failover.fixture.ts";
import { ledgerWith, shardWith } from "../workload/ledger.fixture.ts";
import { report } from "./failover-report.ts";
import { reportPage } from "./report-page.ts";

const HOSTILE = `</script><img src=x onerror="alert(1)">'&\u0007`;
const FAILOVER = failoverWith({
  events: [
    { atMs: 0, node: "action", kind: "fault", text: "the fault begins" },
    { atMs: 12, node: "node-1", kind: "silent", text: "does not answer" },
  ],
});

test("the data say who took over when, and survive JSON", () => {
  const made = report(FAILOVER);
  const data = made.toJSON();
  expect(JSON.parse(JSON.stringify(made))).toEqual(JSON.parse(JSON.stringify(data)));
  expect(data).toMatchObject({ version: 1, title: "node-1 → node-5", since: FAILOVER.since });
  expect(data.summary.join(" ")).toMatch(/node-1, the primary of shard 1.*node-5 took over after 1501 ms/);
  expect(data.summary.at(-1)).toBe("No workload ran, so nothing is known of lost writes.");
  expect(data.timeline.lanes.map(({ name }) => name)).toEqual([
    ...["node-0", "node-1", "node-2", "node-3", "node-4", "node-5", "client"],
  ]);
  const old = data.timeline.lanes[1]?.bars.map(({ state }) => state) ?? [];
  expect(old[0]).toBe("primary");
  expect(old).toContain("declared-dead");
  expect(data.timeline.lanes[5]?.bars.at(-1)?.state).toBe("primary");
  expect(data.timeline.marks.find(({ kind }) => kind === "elected")?.atMs).toBe(1501);
});

test("bars of a lane follow each other without a gap, over the whole time", () => {
  const { timeline } = report(FAILOVER, ledgerWith()).toJSON();
  for (const { bars } of timeline.lanes) {
    expect(bars[0]?.fromMs).toBe(timeline.fromMs);
    expect(bars.at(-1)?.toMs).toBe(timeline.toMs);
    for (const [index, { fromMs }] of bars.entries()) {
      if (index > 0) expect(fromMs).toBe(bars[index - 1]?.toMs);
    }
  }
});

test("the text has a line for each lane, as wide as asked for, and every mark in words", () => {
  const text = report(FAILOVER, undefined, { title: "orders" }).toText({ columns: 80, color: false });
  const lines = text.split("\n");
  const lanes = lines.filter((line) => /^(?:node-\d|client, shard 1) /.test(line));
  expect(lanes).toHaveLength(7);
  for (const line of lanes) expect(line).toHaveLength(80);
  expect(text).toMatch(/1501 ms {2}elected +node-5 /);
  expect(text).toMatch(/█ primary {3}░ replica/);
  expect(report(FAILOVER).toText({ color: true })).toContain("\u001b[");
});

test("a manual failover, phases that were not seen, and several shards at once are told as well", () => {
  const other = shardFailoverWith({
    shard: 0,
    failed: { name: "node-0" },
    promoted: { name: "node-4", id: "" },
  });
  const made = report(
    failoverWith({
      manual: true,
      phases: { ...FAILOVER.phases, electedMs: undefined, failedMs: undefined, agreedMs: undefined },
      others: [other],
    }),
  );
  const data = made.toJSON();
  expect(data.summary[0]).toMatch(/node-5 took shard 1 over from node-1 on request/);
  expect(data.shards.map(({ expected }) => expected?.minMs)).toEqual([undefined, 1000]);
  expect(data.timeline.lanes.filter(({ kind }) => kind === "client").map(({ shard }) => shard)).toEqual([
    0, 1,
  ]);
  expect(made.toHTML()).toContain("node-0 → node-4");
});

test("the picture is XML of the asked width, with a title and a description", () => {
  const svg = report(FAILOVER, undefined, { title: HOSTILE }).toSVG({ width: 700 });
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"[^>]* role="img"[^>]* width="700"/);
  expect(svg).toMatch(/<title id="c-title">[^]*<desc id="c-desc">/);
  expect(svg).not.toContain("<img");
  expect(svg).not.toContain("\u0007");
});

test("nothing from users or servers becomes markup on the page", () => {
  const made = report(
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
  const page = reportPage([{ title: HOSTILE, outcome: "failed", detail: HOSTILE, report: made.toJSON() }], {
    title: HOSTILE,
  });
  expect(page).not.toContain("<img");
  expect(page.match(/<\/script>/g)).toHaveLength(1);
  expect(page).toContain("&lt;img");
  expect(page).toContain("Acknowledged writes that are gone");
});

test("a page of several reports has a list of them with their outcomes, one of a single report has none", () => {
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

test("writes that the old primary acknowledged after the promotion are in every form", () => {
  const made = report(failoverWith({ acknowledgedByOldPrimary: { count: 12, lastMs: 2_400 } }));
  const data = made.toJSON();
  expect(data.shards[0]?.acknowledgedByOldPrimary).toEqual({ count: 12, lastMs: 2_400 });
  expect(data.summary[1]).toBe("node-1 acknowledged 12 writes after the promotion, the last at 2400 ms.");
  expect(data.timeline.toMs).toBeGreaterThan(2_400);
  const mark = data.timeline.marks.find(({ kind }) => kind === "late-write");
  expect(mark).toMatchObject({
    atMs: 2_400,
    text: "the last of 12 writes that node-1 acknowledged after the promotion of node-5",
  });
  expect(data.timeline.lanes[mark?.lane ?? -1]?.kind).toBe("client");
  expect(made.toText({ columns: 80, color: false })).toMatch(/2400 ms {2}late write/);
  expect(made.toHTML()).toMatch(/Late writes of the old primary[^]*<td class="number">12<\/td>/);
});

test("a failover without late writes says nothing of them but the count", () => {
  const made = report(FAILOVER);
  expect(made.toJSON().timeline.marks.map(({ kind }) => kind)).not.toContain("late-write");
  expect(made.toText({ columns: 80, color: false })).not.toContain("late write");
});

describe("the time without writes of a shard that a ledger saw as well", () => {
  /** Acknowledged again at 1515 ms by the promoted node, which was promoted at 1501 ms; at −4 ms before. */
  const since = FAILOVER.since;
  const awayFrom = (fromMs: number, toMs: number | undefined): readonly (number | undefined)[] => {
    const shard = {
      ...shardWith(1),
      unavailableMs: (toMs ?? 4_000) - fromMs,
      lastSuccessBefore: since + fromMs,
      firstSuccessAfter: toMs === undefined ? undefined : since + toMs,
    };
    const { shards, timeline } = report(FAILOVER, ledgerWith({ shards: [shard] })).toJSON();
    const away = timeline.lanes
      .filter(({ kind }) => kind === "client")
      .flatMap(({ bars }) => bars.filter(({ state }) => state === "unavailable"));
    return [shards[0]?.unavailableMs, ...away.map(({ fromMs: from }) => from)];
  };

  test.each([
    ["is the ledger's, whose clients find the new primary later", 9, 1_700, [1_691, 9]],
    ["begins before acknowledgements of the deposed primary", 1_508, 1_700, [1_704, -4]],
    ["does not end before the promoted node acknowledged a write", 20, 1_400, [1_495, 20]],
    ["is the observed one if the ledger's ended before it", -300, -4, [1_519, -4]],
    ["is the observed one if the ledger's began after it", 1_600, 1_800, [1_519, -4, 1_600]],
    ["has no end if the ledger saw none", 9, undefined, [undefined, 9]],
  ])("%s", (_, fromMs, toMs, expected) => {
    expect(awayFrom(fromMs, toMs)).toEqual(expected);
  });
});
