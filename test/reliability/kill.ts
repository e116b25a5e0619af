import { setTimeout as sleep } from "node:timers/promises";
import { leftoversOfProcess } from "../support/engine.ts";
import { ChildProgram } from "../support/child-program.ts";

/** One process that was killed, and what became of what it had made. */
export interface Kill {
  /** From the call of the start, in milliseconds. */
  readonly afterMs: number;
  /** The last thing that the process said it was doing. */
  readonly during: string;
  readonly withWatcher: boolean;
  /** How many containers and networks there were right after the death. */
  readonly made: number;
  /** From the death until nothing was left; undefined where something still was at the end. */
  readonly goneMs: number | undefined;
  readonly left: readonly string[];
}

/** A life in which every kind of moment comes: start, idling, faults with helpers, reset, stop. */
const LIFE = `
  for (;;) {
    console.log("start");
    const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
    console.log("idle");
    await new Promise((resolve) => setTimeout(resolve, 200));
    console.log("fault");
    await cluster.kill("node-2");
    await cluster.partition([["node-0"], ["node-1"]]);
    console.log("reset");
    await cluster.reset();
    console.log("stop");
    await cluster.stop();
  }`;

const NEXT = `
  const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  await cluster.stop();`;

/** What the watcher is given; after that it counts as left. */
const LIMIT_MS = 10_000;
/** A container whose making was under way may still appear so long after the first look. */
const LATE_MS = 1_500;

/** Kills a process at that moment of its life, its watcher with it if asked, and sees what is left in the end. */
export async function kill(afterMs: number, withWatcher: boolean): Promise<Kill> {
  await using program = new ChildProgram(LIFE);
  await program.waitForLine("start");
  await sleep(afterMs);
  const during = program.lastLine;
  if (withWatcher) for (const pid of await program.watcherPids()) killIfThere(pid);
  program.kill();
  await program.ended;
  const died = performance.now();
  const made = (await leftoversOfProcess(program.pid)).length;
  if (withWatcher) {
    // Some of it is only being made at this moment; a sweep takes what is there.
    await sleep(LATE_MS);
    await using next = new ChildProgram(NEXT);
    const { code } = await next.ended;
    const left = await leftoversOfProcess(program.pid);
    const ok = left.length === 0 && code === 0;
    return { afterMs, during, withWatcher, made, goneMs: ok ? performance.now() - died : undefined, left };
  }
  let left = await leftoversOfProcess(program.pid);
  while (left.length > 0 && performance.now() - died < LIMIT_MS) {
    await sleep(50);
    left = await leftoversOfProcess(program.pid);
  }
  const goneMs = performance.now() - died;
  await sleep(LATE_MS);
  left = await leftoversOfProcess(program.pid);
  return { afterMs, during, withWatcher, made, goneMs: left.length === 0 ? goneMs : undefined, left };
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Its owner had just dismissed it.
  }
}
