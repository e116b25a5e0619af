import Dockerode from "dockerode";
import { expect, test } from "vitest";
import type { Container, Engine } from "./engine.ts";
import { readLogs } from "./read-logs.ts";

const LINE = "Bad directive or wrong number of arguments\n";

/** Returns a container whose log is empty at the first reads, and how often it was read. */
function containerWithLateLog(emptyReads: number, { isRunning = false } = {}) {
  const header = Buffer.from([2, 0, 0, 0, 0, 0, 0, LINE.length]);
  const reads = { count: 0 };
  const container = {
    logs: () => {
      reads.count += 1;
      return Promise.resolve(
        reads.count > emptyReads ? Buffer.concat([header, Buffer.from(LINE)]) : Buffer.of(),
      );
    },
    inspect: () => Promise.resolve({ State: { Running: isRunning } }),
  } as unknown as Container;
  return { container, reads };
}

function engineThat(traits: Partial<Engine["traits"]>): Engine {
  return { docker: new Dockerode(), traits } as unknown as Engine;
}

test("the log of an ended container is read again while it is empty, if the engine writes it late", async () => {
  const { container, reads } = containerWithLateLog(2);
  expect(await readLogs(engineThat({ writesLogsLate: true }), container)).toBe(LINE);
  expect(reads.count).toBe(3);
});

test.each<[string, Partial<Engine["traits"]>, boolean, object]>([
  ["if the engine writes it at once", { writesLogsLate: false }, false, {}],
  ["of a container that runs", { writesLogsLate: true }, true, {}],
  ["if only a part is wanted", { writesLogsLate: true }, false, { since: 1_795_795_072 }],
])("an empty log %s is empty", async (_, traits, isRunning, selection) => {
  const { container, reads } = containerWithLateLog(1, { isRunning });
  expect(await readLogs(engineThat(traits), container, selection)).toBe("");
  expect(reads.count).toBe(1);
});
