import { setTimeout as sleep } from "node:timers/promises";
import { ChildProgram } from "../support/child-program.ts";
import { leftoversOfProcess } from "../support/engine.ts";

/** One killed process, and how long the removal of its resources took. */
export interface Kill {
  /** The time from the first start of a cluster to the kill, in milliseconds. */
  readonly afterMs: number;
  /** The last phase that the process printed. */
  readonly during: string;
  readonly withWatcher: boolean;
  /** The number of containers, networks and volumes directly after the kill. */
  readonly made: number;
  /** The time from the kill until nothing was left, in milliseconds. Undefined if something was left. */
  readonly goneMs: number | undefined;
  readonly left: readonly string[];
}

/** A program that repeats all phases: start, idle, faults with helper containers, reset, stop. */
const PROGRAM = `
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

/** A program whose start sweeps orphans. */
const NEXT_PROGRAM = `
  const cluster = await startRedisCluster({ nodes: 3, replicas: 0 });
  await cluster.stop();`;

/** The time within which the watcher must remove everything. */
const WATCHER_TIMEOUT_MS = 10_000;
/** The time after the kill in which containers that were being created may still appear. */
const LATE_CREATION_MS = 1_500;

/**
 * Kills a process and checks what is left of its clusters.
 *
 * @param afterMs the time from the first start of a cluster to the kill, in milliseconds.
 * @param withWatcher also kills the watcher. The next start must then remove the resources.
 */
export async function kill(afterMs: number, withWatcher: boolean): Promise<Kill> {
  await using program = new ChildProgram(PROGRAM);
  await program.waitForLine("start");
  await sleep(afterMs);
  const during = program.lastLine;
  if (withWatcher) for (const pid of await program.watcherPids()) killIfRunning(pid);
  program.kill();
  await program.ended;
  const killedAt = performance.now();
  const made = (await leftoversOfProcess(program.pid)).length;
  if (withWatcher) {
    // Resources that are still being created must exist before the sweep.
    await sleep(LATE_CREATION_MS);
    await using next = new ChildProgram(NEXT_PROGRAM);
    const { code } = await next.ended;
    const left = await leftoversOfProcess(program.pid);
    const isClean = left.length === 0 && code === 0;
    return {
      afterMs,
      during,
      withWatcher,
      made,
      goneMs: isClean ? performance.now() - killedAt : undefined,
      left,
    };
  }
  let left = await leftoversOfProcess(program.pid);
  while (left.length > 0 && performance.now() - killedAt < WATCHER_TIMEOUT_MS) {
    await sleep(50);
    left = await leftoversOfProcess(program.pid);
  }
  const goneMs = performance.now() - killedAt;
  await sleep(LATE_CREATION_MS);
  left = await leftoversOfProcess(program.pid);
  return { afterMs, during, withWatcher, made, goneMs: left.length === 0 ? goneMs : undefined, left };
}

function killIfRunning(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // The watcher has just ended.
  }
}
