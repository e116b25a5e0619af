import { expect, test } from "vitest";
import { RedisClusterError } from "../errors.ts";
import { ClusterPool } from "./cluster-pool.ts";
import type { ClusterSource } from "./cluster-source.ts";
import { startTestDeadline } from "./test-deadline.ts";
import type { TestRequest } from "./test-request.ts";

function request(name: string, rest: Partial<TestRequest> = {}): TestRequest {
  const { signal } = new AbortController();
  return { test: name, file: "a.test.ts", signal, deadline: startTestDeadline(60_000), ...rest };
}

/** Returns a source whose clusters are numbers, with a log of its calls. */
function numberedSource(
  rest: Partial<ClusterSource<number>> = {},
): ClusterSource<number> & { readonly log: string[] } {
  const log: string[] = [];
  let last = 0;
  const start = async (): Promise<number> => {
    last += 1;
    log.push(`start ${last}`);
    return last;
  };
  const reset = async (cluster: number): Promise<void> => void log.push(`reset ${cluster}`);
  const stop = async (cluster: number): Promise<void> => void log.push(`stop ${cluster}`);
  return { key: "numbers", log, start, reset, stop, ...rest };
}

test("resets the cluster of the first test for the second test", async () => {
  const pool = new ClusterPool<number>();
  const source = numberedSource();
  const first = await pool.acquire(source, "worker", request("first"));
  await first.release();
  expect(source.log).toEqual(["start 1"]);
  const second = await pool.acquire(source, "worker", request("second"));
  expect(second).toMatchObject({ cluster: 1, replacedBecause: undefined });
  expect(source.log).toEqual(["start 1", "reset 1"]);
});

test("rejects a concurrent test with the names of both tests", async () => {
  const pool = new ClusterPool<number>();
  const source = numberedSource();
  const first = await pool.acquire(source, "worker", request("one"));
  await expect(pool.acquire(source, "worker", request("two"))).rejects.toMatchObject({
    code: "CLUSTER_IN_USE",
    details: { holder: "one", test: "two" },
  });
  await expect(pool.acquire(source, "worker", request("two"))).rejects.toThrow(
    /"two" cannot use the cluster that the test "one" is using.*scope: "test"/s,
  );
  await first.release();
  await expect(pool.acquire(source, "worker", request("three"))).resolves.toMatchObject({ cluster: 1 });
});

test("rejects a concurrent test while the cluster is starting", async () => {
  const pool = new ClusterPool<number>();
  const source = numberedSource();
  const starting = pool.acquire(source, "worker", request("one"));
  await expect(pool.acquire(source, "worker", request("two"))).rejects.toMatchObject({
    code: "CLUSTER_IN_USE",
  });
  await starting;
});

test("replaces a cluster whose reset fails, and reports the reason", async () => {
  const pool = new ClusterPool<number>();
  const source = numberedSource({ reset: () => Promise.reject(new Error("node-2 is gone")) });
  await (await pool.acquire(source, "worker", request("first"))).release();
  const second = await pool.acquire(source, "worker", request("second"));
  expect(second).toMatchObject({ cluster: 2, replacedBecause: "node-2 is gone" });
  expect(source.log).toEqual(["start 1", "stop 1", "start 2"]);
});

test("does not replace the cluster of another process", async () => {
  const pool = new ClusterPool<number>();
  const source = numberedSource({ reset: () => Promise.reject(new Error("gone")), isReplaceable: false });
  await (await pool.acquire(source, "worker", request("first"))).release();
  await expect(pool.acquire(source, "worker", request("second"))).rejects.toThrow("gone");
});

test("does not repeat a permanent failure in the same file, but once in the next file", async () => {
  const pool = new ClusterPool<number>();
  let starts = 0;
  const source = numberedSource({
    start: async () => {
      starts += 1;
      throw new RedisClusterError("IMAGE_UNAVAILABLE", 'No image "nowhere".\n  more');
    },
  });
  await expect(pool.acquire(source, "worker", request("first"))).rejects.toThrow(/^No image "nowhere"/);
  const patient = request("second", { deadline: startTestDeadline(120_000) });
  await expect(pool.acquire(source, "worker", patient)).rejects.toMatchObject({
    code: "IMAGE_UNAVAILABLE",
    message: expect.stringMatching(
      /^The cluster did not start for "first", and is not started again in this file, because the start would fail in the same way: No image "nowhere"\.\nWhat to do: see the first failure/,
    ),
  });
  expect(starts).toBe(1);
  await expect(pool.acquire(source, "worker", request("third", { file: "b.test.ts" }))).rejects.toThrow(
    /^No image "nowhere"/,
  );
  expect(starts).toBe(2);
});

test.each(["START_FAILED", "START_TIMEOUT", "WAIT_TIMEOUT", "ENGINE_FAILED", "NODE_EXITED"] as const)(
  "starts the cluster again after one failure with the code %s",
  async (code) => {
    const pool = new ClusterPool<number>();
    const source = numberedSource();
    const failing = { ...source, start: () => Promise.reject(new RedisClusterError(code, "once")) };
    await expect(pool.acquire(failing, "worker", request("first"))).rejects.toThrow(/^once$/);
    await expect(pool.acquire(source, "worker", request("second"))).resolves.toMatchObject({ cluster: 1 });
  },
);

test("starts the cluster at most twice in a file, and once in each later file", async () => {
  const pool = new ClusterPool<number>();
  let starts = 0;
  const source = numberedSource({
    start: async () => {
      starts += 1;
      throw new RedisClusterError("START_FAILED", "The engine is down.\n  more");
    },
  });
  const messagesOf = async (file: string): Promise<readonly string[]> => {
    const messages: string[] = [];
    for (let index = 0; index < 50; index += 1) {
      const retried = request(`${file} ${index}`, { file });
      await pool.acquire(source, "worker", retried).catch((error: Error) => messages.push(error.message));
    }
    return messages;
  };
  const messages = await messagesOf("a.test.ts");
  expect(starts).toBe(2);
  expect(messages.slice(0, 2)).toEqual(["The engine is down.\n  more", "The engine is down.\n  more"]);
  expect(new Set(messages.slice(2))).toEqual(
    new Set([
      'The cluster did not start in 2 attempts, the last time for "a.test.ts 1", and is not started again in this file: ' +
        "The engine is down.\nWhat to do: see the last failure, which is the cause of this error. A retry of that " +
        "test starts the cluster again, and so does the next file.",
    ]),
  );
  await messagesOf("b.test.ts");
  expect(starts).toBe(3);
});

test("allows two attempts again after a successful start", async () => {
  const pool = new ClusterPool<number>();
  const source = numberedSource();
  const failing = { ...source, start: () => Promise.reject(new Error("by chance")) };
  await expect(pool.acquire(failing, "worker", request("first"), true)).rejects.toThrow(/^by chance$/);
  await (await pool.acquire(source, "worker", request("second"), true)).release();
  await expect(pool.acquire(failing, "worker", request("third"), true)).rejects.toThrow(/^by chance$/);
  await expect(pool.acquire(source, "worker", request("fourth"), true)).resolves.toMatchObject({
    cluster: 2,
  });
});

test("counts starts that fail at the same time as one attempt", async () => {
  const pool = new ClusterPool<number>();
  const source = numberedSource();
  const failing = { ...source, start: () => Promise.reject(new Error("by chance")) };
  const both = await Promise.allSettled(
    ["one", "two"].map((name) => pool.acquire(failing, "worker", request(name), true)),
  );
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await expect(pool.acquire(source, "worker", request("three"), true)).resolves.toMatchObject({
    cluster: 1,
  });
});

test("connects to the cluster of another process again for the next test", async () => {
  const pool = new ClusterPool<number>();
  const source = numberedSource({ isReplaceable: false });
  const away = { ...source, start: () => Promise.reject(new Error("its owner does not answer")) };
  await expect(pool.acquire(away, "worker", request("first"))).rejects.toThrow("does not answer");
  await expect(pool.acquire(source, "worker", request("second"))).resolves.toMatchObject({ cluster: 1 });
});

test("starts the cluster again for a test that has more time", async () => {
  const pool = new ClusterPool<number>();
  const source = numberedSource();
  const slow = { ...source, start: () => Promise.reject(new Error("not ready in time")) };
  for (const name of ["hasty", "as hasty"]) {
    await expect(
      pool.acquire(slow, "worker", request(name, { deadline: startTestDeadline(100, () => 0) })),
    ).rejects.toThrow(/^not ready in time$/);
  }
  await expect(
    pool.acquire(source, "worker", request("no slower", { deadline: startTestDeadline(100, () => 0) })),
  ).rejects.toThrow("is not started again");
  await expect(pool.acquire(source, "worker", request("patient"))).resolves.toMatchObject({ cluster: 1 });
});

test("ignores the failure of a start after a failed reset", async () => {
  const pool = new ClusterPool<number>();
  const source = numberedSource({ reset: () => Promise.reject(new Error("node-2 is gone")) });
  await (await pool.acquire(source, "worker", request("first"))).release();
  const late = { ...source, start: () => Promise.reject(new RedisClusterError("START_TIMEOUT", "too late")) };
  await expect(pool.acquire(late, "worker", request("second"))).rejects.toMatchObject({
    code: "START_TIMEOUT",
    message: expect.stringMatching(
      /^too late\nThis start had only the time that was left after a failed reset \(node-2 is gone\)/,
    ),
  });
  await expect(pool.acquire(source, "worker", request("third"))).resolves.toMatchObject({ cluster: 2 });
});

test("starts the cluster again for a retry of the test that failed last", async () => {
  const pool = new ClusterPool<number>();
  const source = numberedSource();
  const failing = { ...source, start: () => Promise.reject(new Error("by chance")) };
  for (const name of ["first", "second"]) {
    await expect(pool.acquire(failing, "worker", request(name))).rejects.toThrow(/^by chance$/);
  }
  await expect(pool.acquire(source, "worker", request("second"))).resolves.toMatchObject({ cluster: 1 });
});

test("compares the time that the starts had, and says how to get more", async () => {
  const pool = new ClusterPool<number>();
  const source = numberedSource();
  let now = 0;
  const deadlineIn = (timeoutMs: number): TestRequest["deadline"] => startTestDeadline(timeoutMs, () => now);
  const slow = { ...source, start: () => Promise.reject(new RedisClusterError("START_TIMEOUT", "too late")) };
  // A hook took most of the time of the first two tests.
  for (const name of ["first", "second"]) {
    const deadline = deadlineIn(4_000);
    now += 2_500;
    await expect(pool.acquire(slow, "worker", request(name, { deadline }))).rejects.toThrow(/^too late$/);
    now += 500;
  }
  const deadline = deadlineIn(4_000);
  now += 2_450;
  await expect(pool.acquire(source, "worker", request("third", { deadline }))).rejects.toThrow(
    /did not start in 2 attempts, the last time for "second" within 500 ms.*What to do: give the tests.*testTimeout/s,
  );
  await expect(
    pool.acquire(source, "worker", request("fourth", { deadline: deadlineIn(4_000) })),
  ).resolves.toMatchObject({
    cluster: 1,
  });
});

test("ignores the failure of a start whose test was cancelled", async () => {
  const pool = new ClusterPool<number>();
  const cancelled = new AbortController();
  const source = numberedSource();
  const aborted = {
    ...source,
    start: () => {
      cancelled.abort(new Error("cancelled"));
      return Promise.reject(new Error("cancelled"));
    },
  };
  await expect(
    pool.acquire(aborted, "worker", request("first", { signal: cancelled.signal })),
  ).rejects.toThrow("cancelled");
  await expect(pool.acquire(source, "worker", request("second"))).resolves.toMatchObject({ cluster: 1 });
});

test("stops the clusters of one scope, and waits for ongoing starts", async () => {
  const pool = new ClusterPool<number>();
  const started = Promise.withResolvers<number>();
  const source = numberedSource({ start: () => started.promise });
  const other = numberedSource();
  await pool.acquire(other, "file b", request("other"));
  const cancelled = new AbortController();
  const acquiring = pool.acquire(source, "worker", request("first", { signal: cancelled.signal }));
  cancelled.abort(new Error("cancelled"));
  const ending = pool.stopScope("worker");
  started.resolve(7);
  await expect(acquiring).rejects.toThrow("cancelled");
  await ending;
  expect(source.log).toEqual(["stop 7"]);
  expect(other.log).toEqual(["start 1"]);
});

test("stops all clusters of a scope even if one stop fails", async () => {
  const pool = new ClusterPool<number>();
  const stuck = numberedSource({ key: "stuck", stop: () => Promise.reject(new Error("node-0 is left")) });
  const other = numberedSource();
  await pool.acquire(stuck, "worker", request("first"));
  await pool.acquire(other, "worker", request("second"));
  await expect(pool.stopScope("worker")).rejects.toThrow("node-0 is left");
  expect(other.log).toEqual(["start 1", "stop 1"]);
});

test("starts an exclusive cluster for each test, and stops it at the release", async () => {
  const pool = new ClusterPool<number>();
  const source = numberedSource();
  const [one, two] = await Promise.all([
    pool.acquire(source, "worker", request("one"), true),
    pool.acquire(source, "worker", request("two"), true),
  ]);
  expect([one.cluster, two.cluster]).toEqual([1, 2]);
  await one.release();
  await pool.stopScope("worker");
  expect(source.log).toEqual(["start 1", "start 2", "stop 1", "stop 2"]);
});

test("rejects exclusive clusters, too, after two failed starts", async () => {
  const pool = new ClusterPool<number>();
  const source = numberedSource({ start: () => Promise.reject(new Error("no engine")) });
  for (const name of ["one", "two"]) {
    await expect(pool.acquire(source, "worker", request(name), true)).rejects.toThrow(/^no engine$/);
  }
  await expect(pool.acquire(source, "worker", request("three"), true)).rejects.toThrow(
    "is not started again",
  );
});
