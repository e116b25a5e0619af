import { expect, test } from "vitest";
import { RedisClusterError } from "../errors.ts";
import type { Borrower, Source } from "./borrower.ts";
import { ClusterKeeper } from "./cluster-keeper.ts";
import { timeLeft } from "./time-left.ts";

function borrower(name: string, rest: Partial<Borrower> = {}): Borrower {
  const { signal } = new AbortController();
  return { test: name, file: "a.test.ts", signal, time: timeLeft(60_000), ...rest };
}

/** Things that are numbered, and tell what became of them. */
function numbered(rest: Partial<Source<number>> = {}): Source<number> & { readonly log: string[] } {
  const log: string[] = [];
  let last = 0;
  const start = async (): Promise<number> => {
    last += 1;
    log.push(`start ${last}`);
    return last;
  };
  const renew = async (each: number): Promise<void> => void log.push(`renew ${each}`);
  const stop = async (each: number): Promise<void> => void log.push(`stop ${each}`);
  return { key: "numbers", log, start, renew, stop, ...rest };
}

test("a second test gets the same one, made as new before it begins", async () => {
  const keeper = new ClusterKeeper<number>();
  const source = numbered();
  const first = await keeper.borrow(source, "worker", borrower("first"));
  await first.giveBack();
  expect(source.log).toEqual(["start 1"]);
  const second = await keeper.borrow(source, "worker", borrower("second"));
  expect(second).toMatchObject({ cluster: 1, replacedBecause: undefined });
  expect(source.log).toEqual(["start 1", "renew 1"]);
});

test("two tests at the same time are refused with both their names, and the first goes on", async () => {
  const keeper = new ClusterKeeper<number>();
  const source = numbered();
  const first = await keeper.borrow(source, "worker", borrower("one"));
  await expect(keeper.borrow(source, "worker", borrower("two"))).rejects.toMatchObject({
    code: "CLUSTER_IN_USE",
    details: { holder: "one", test: "two" },
  });
  await expect(keeper.borrow(source, "worker", borrower("two"))).rejects.toThrow(
    /"two" wants the cluster that "one" is using.*scope: "test"/s,
  );
  await first.giveBack();
  await expect(keeper.borrow(source, "worker", borrower("three"))).resolves.toMatchObject({ cluster: 1 });
});

test("a test that asks while another one's start is under way is refused, too", async () => {
  const keeper = new ClusterKeeper<number>();
  const source = numbered();
  const starting = keeper.borrow(source, "worker", borrower("one"));
  await expect(keeper.borrow(source, "worker", borrower("two"))).rejects.toMatchObject({
    code: "CLUSTER_IN_USE",
  });
  await starting;
});

test("one that cannot be made as new is stopped and replaced, and the reason is told", async () => {
  const keeper = new ClusterKeeper<number>();
  const source = numbered({ renew: () => Promise.reject(new Error("node-2 is gone")) });
  await (await keeper.borrow(source, "worker", borrower("first"))).giveBack();
  const second = await keeper.borrow(source, "worker", borrower("second"));
  expect(second).toMatchObject({ cluster: 2, replacedBecause: "node-2 is gone" });
  expect(source.log).toEqual(["start 1", "stop 1", "start 2"]);
});

test("one that somebody else started is not replaced", async () => {
  const keeper = new ClusterKeeper<number>();
  const source = numbered({ renew: () => Promise.reject(new Error("gone")), replaceable: false });
  await (await keeper.borrow(source, "worker", borrower("first"))).giveBack();
  await expect(keeper.borrow(source, "worker", borrower("second"))).rejects.toThrow("gone");
});

test("a start whose failure certainly repeats is not tried again in the same file, and once in the next", async () => {
  const keeper = new ClusterKeeper<number>();
  let starts = 0;
  const source = numbered({
    start: async () => {
      starts += 1;
      throw new RedisClusterError("IMAGE_UNAVAILABLE", 'No image "nowhere".\n  more');
    },
  });
  await expect(keeper.borrow(source, "worker", borrower("first"))).rejects.toThrow(/^No image "nowhere"/);
  const patient = borrower("second", { time: timeLeft(120_000) });
  await expect(keeper.borrow(source, "worker", patient)).rejects.toMatchObject({
    code: "IMAGE_UNAVAILABLE",
    message: expect.stringMatching(
      /^The cluster did not start for "first", and is not tried again in this file, because it would fail in the same way: No image "nowhere"\.\nWhat to do: see the first failure/,
    ),
  });
  expect(starts).toBe(1);
  await expect(keeper.borrow(source, "worker", borrower("third", { file: "b.test.ts" }))).rejects.toThrow(
    /^No image "nowhere"/,
  );
  expect(starts).toBe(2);
});

test.each(["START_FAILED", "START_TIMEOUT", "WAIT_TIMEOUT", "ENGINE_FAILED", "NODE_EXITED"] as const)(
  "one start that ends in %s does not refuse the next test",
  async (code) => {
    const keeper = new ClusterKeeper<number>();
    const source = numbered();
    const failing = { ...source, start: () => Promise.reject(new RedisClusterError(code, "once")) };
    await expect(keeper.borrow(failing, "worker", borrower("first"))).rejects.toThrow(/^once$/);
    await expect(keeper.borrow(source, "worker", borrower("second"))).resolves.toMatchObject({ cluster: 1 });
  },
);

test("after two failed starts in a row a file does not try again, and each later file tries once", async () => {
  const keeper = new ClusterKeeper<number>();
  let starts = 0;
  const source = numbered({
    start: async () => {
      starts += 1;
      throw new RedisClusterError("START_FAILED", "The engine is down.\n  more");
    },
  });
  const messagesOf = async (file: string): Promise<readonly string[]> => {
    const messages: string[] = [];
    for (let index = 0; index < 50; index += 1) {
      const each = borrower(`${file} ${index}`, { file });
      await keeper.borrow(source, "worker", each).catch((error: Error) => messages.push(error.message));
    }
    return messages;
  };
  const messages = await messagesOf("a.test.ts");
  expect(starts).toBe(2);
  expect(messages.slice(0, 2)).toEqual(["The engine is down.\n  more", "The engine is down.\n  more"]);
  expect(new Set(messages.slice(2))).toEqual(
    new Set([
      'The cluster did not start in 2 attempts, the last time for "a.test.ts 1", and is not tried again in this file: ' +
        "The engine is down.\nWhat to do: see the last failure, whose error is the cause of this one. A retry of that " +
        "test tries again, and so does the next file.",
    ]),
  );
  await messagesOf("b.test.ts");
  expect(starts).toBe(3);
});

test("a successful start between two failed ones gives the file its second attempt back", async () => {
  const keeper = new ClusterKeeper<number>();
  const source = numbered();
  const failing = { ...source, start: () => Promise.reject(new Error("by chance")) };
  await expect(keeper.borrow(failing, "worker", borrower("first"), true)).rejects.toThrow(/^by chance$/);
  await (await keeper.borrow(source, "worker", borrower("second"), true)).giveBack();
  await expect(keeper.borrow(failing, "worker", borrower("third"), true)).rejects.toThrow(/^by chance$/);
  await expect(keeper.borrow(source, "worker", borrower("fourth"), true)).resolves.toMatchObject({
    cluster: 2,
  });
});

test("starts that fail at the same time count as one attempt", async () => {
  const keeper = new ClusterKeeper<number>();
  const source = numbered();
  const failing = { ...source, start: () => Promise.reject(new Error("by chance")) };
  const both = await Promise.allSettled(
    ["one", "two"].map((name) => keeper.borrow(failing, "worker", borrower(name), true)),
  );
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await expect(keeper.borrow(source, "worker", borrower("three"), true)).resolves.toMatchObject({
    cluster: 1,
  });
});

test("one that somebody else started is asked for again by the next test", async () => {
  const keeper = new ClusterKeeper<number>();
  const source = numbered({ replaceable: false });
  const away = { ...source, start: () => Promise.reject(new Error("its owner does not answer")) };
  await expect(keeper.borrow(away, "worker", borrower("first"))).rejects.toThrow("does not answer");
  await expect(keeper.borrow(source, "worker", borrower("second"))).resolves.toMatchObject({ cluster: 1 });
});

test("a test that has more time than the ones whose starts failed tries again", async () => {
  const keeper = new ClusterKeeper<number>();
  const source = numbered();
  const slow = { ...source, start: () => Promise.reject(new Error("not ready in time")) };
  for (const name of ["hasty", "as hasty"]) {
    await expect(
      keeper.borrow(slow, "worker", borrower(name, { time: timeLeft(100, () => 0) })),
    ).rejects.toThrow(/^not ready in time$/);
  }
  await expect(
    keeper.borrow(source, "worker", borrower("no slower", { time: timeLeft(100, () => 0) })),
  ).rejects.toThrow("is not tried again");
  await expect(keeper.borrow(source, "worker", borrower("patient"))).resolves.toMatchObject({ cluster: 1 });
});

test("a start that came after a failed reset is not remembered", async () => {
  const keeper = new ClusterKeeper<number>();
  const source = numbered({ renew: () => Promise.reject(new Error("node-2 is gone")) });
  await (await keeper.borrow(source, "worker", borrower("first"))).giveBack();
  const late = { ...source, start: () => Promise.reject(new RedisClusterError("START_TIMEOUT", "too late")) };
  await expect(keeper.borrow(late, "worker", borrower("second"))).rejects.toMatchObject({
    code: "START_TIMEOUT",
    message: expect.stringMatching(
      /^too late\nThis start had only the time that a failed reset had left \(node-2 is gone\)/,
    ),
  });
  await expect(keeper.borrow(source, "worker", borrower("third"))).resolves.toMatchObject({ cluster: 2 });
});

test("a retry of the test whose start failed last tries again", async () => {
  const keeper = new ClusterKeeper<number>();
  const source = numbered();
  const failing = { ...source, start: () => Promise.reject(new Error("by chance")) };
  for (const name of ["first", "second"]) {
    await expect(keeper.borrow(failing, "worker", borrower(name))).rejects.toThrow(/^by chance$/);
  }
  await expect(keeper.borrow(source, "worker", borrower("second"))).resolves.toMatchObject({ cluster: 1 });
});

test("what counts is the time that a start really had, and its failure says how to get more", async () => {
  const keeper = new ClusterKeeper<number>();
  const source = numbered();
  let now = 0;
  const time = (limitMs: number): Borrower["time"] => timeLeft(limitMs, () => now);
  const slow = { ...source, start: () => Promise.reject(new RedisClusterError("START_TIMEOUT", "too late")) };
  // A hook took most of the first tests' time.
  for (const name of ["first", "second"]) {
    const short = time(4_000);
    now += 2_500;
    await expect(keeper.borrow(slow, "worker", borrower(name, { time: short }))).rejects.toThrow(
      /^too late$/,
    );
    now += 500;
  }
  const third = time(4_000);
  now += 2_450;
  await expect(keeper.borrow(source, "worker", borrower("third", { time: third }))).rejects.toThrow(
    /did not start in 2 attempts, the last time for "second" in the 500 ms that it had.*What to do: give the tests.*testTimeout/s,
  );
  await expect(
    keeper.borrow(source, "worker", borrower("fourth", { time: time(4_000) })),
  ).resolves.toMatchObject({
    cluster: 1,
  });
});

test("a start that ended because its test was cancelled says nothing of the next one", async () => {
  const keeper = new ClusterKeeper<number>();
  const cancelled = new AbortController();
  const source = numbered();
  const aborted = {
    ...source,
    start: () => {
      cancelled.abort(new Error("cancelled"));
      return Promise.reject(new Error("cancelled"));
    },
  };
  await expect(
    keeper.borrow(aborted, "worker", borrower("first", { signal: cancelled.signal })),
  ).rejects.toThrow("cancelled");
  await expect(keeper.borrow(source, "worker", borrower("second"))).resolves.toMatchObject({ cluster: 1 });
});

test("the end of a home stops its own, and waits for what is still being started", async () => {
  const keeper = new ClusterKeeper<number>();
  const started = Promise.withResolvers<number>();
  const source = numbered({ start: () => started.promise });
  const other = numbered();
  await keeper.borrow(other, "file b", borrower("other"));
  const cancelled = new AbortController();
  const borrowing = keeper.borrow(source, "worker", borrower("first", { signal: cancelled.signal }));
  cancelled.abort(new Error("cancelled"));
  const ending = keeper.stopHome("worker");
  started.resolve(7);
  await expect(borrowing).rejects.toThrow("cancelled");
  await ending;
  expect(source.log).toEqual(["stop 7"]);
  expect(other.log).toEqual(["start 1"]);
});

test("all are stopped although one of them cannot be", async () => {
  const keeper = new ClusterKeeper<number>();
  const stuck = numbered({ key: "stuck", stop: () => Promise.reject(new Error("node-0 is left")) });
  const other = numbered();
  await keeper.borrow(stuck, "worker", borrower("first"));
  await keeper.borrow(other, "worker", borrower("second"));
  await expect(keeper.stopHome("worker")).rejects.toThrow("node-0 is left");
  expect(other.log).toEqual(["start 1", "stop 1"]);
});

test("tests that want one alone get one each at the same time, which ends with their turn", async () => {
  const keeper = new ClusterKeeper<number>();
  const source = numbered();
  const [one, two] = await Promise.all([
    keeper.borrow(source, "worker", borrower("one"), true),
    keeper.borrow(source, "worker", borrower("two"), true),
  ]);
  expect([one.cluster, two.cluster]).toEqual([1, 2]);
  await one.giveBack();
  await keeper.stopHome("worker");
  expect(source.log).toEqual(["start 1", "start 2", "stop 1", "stop 2"]);
});

test("a test that wants one alone does not wait for a failure that is known", async () => {
  const keeper = new ClusterKeeper<number>();
  const source = numbered({ start: () => Promise.reject(new Error("no engine")) });
  for (const name of ["one", "two"]) {
    await expect(keeper.borrow(source, "worker", borrower(name), true)).rejects.toThrow(/^no engine$/);
  }
  await expect(keeper.borrow(source, "worker", borrower("three"), true)).rejects.toThrow(
    "is not tried again",
  );
});
