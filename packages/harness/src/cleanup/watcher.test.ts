import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { FakeEngine } from "./fake-engine.fixture.ts";
import { type Owner, ownerLabels } from "./owner.ts";
import { processState } from "./process-state.ts";

// A process that holds a watcher, and the watcher's own process, against an engine of the test's own.

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Prints itself as an owner when the watcher is held; each line that it reads is one thing to do. */
const PROGRAM = `
  import { createInterface } from "node:readline";
  import { holdWatcher } from ${JSON.stringify(here("./watcher.ts"))};
  import { thisOwner } from ${JSON.stringify(here("./this-owner.ts"))};
  const owner = await thisOwner();
  const address = { protocol: "http", socketPath: process.argv[1] };
  const hold = () => holdWatcher({ owner, engine: { kind: "http", address } });
  const letGo = await Promise.all([hold(), hold()]);
  console.log(JSON.stringify(owner));
  createInterface({ input: process.stdin }).on("line", async (line) => {
    if (line === "let go of one") await letGo.pop()();
    // Nothing but the watcher is left then.
    if (line === "hear no more") process.stdin.destroy();
    console.log("done");
  });
`;

let program: ChildProcess | undefined;
const watchers: number[] = [];
afterEach(() => {
  program?.kill("SIGKILL");
  // Only what a failed test has left: each is this test's own.
  for (const pid of watchers.splice(0)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended, as it should have.
    }
  }
});

async function start(engine: FakeEngine): Promise<Owner> {
  program = spawn(
    process.execPath,
    ["--input-type=module", "--eval", PROGRAM, "--", engine.address.socketPath ?? ""],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const owner = JSON.parse(await nextLine()) as Owner;
  const children = await childrenOf(owner.pid);
  watchers.push(...children);
  return owner;
}

async function nextLine(): Promise<string> {
  const [chunk] = (await once(program?.stdout ?? process.stdin, "data")) as [Buffer];
  return chunk.toString().trim();
}

async function tell(line: string): Promise<void> {
  program?.stdin?.write(`${line}\n`);
  await nextLine();
}

/** Numbers of the processes whose parent it is. */
async function childrenOf(parent: number): Promise<readonly number[]> {
  const ps = spawn("ps", ["-A", "-o", "pid=,ppid=,pgid="], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = (await ps.stdout.setEncoding("utf8").toArray()).join("").trim().split("\n");
  return lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid = 0, ppid]) => (ppid === parent ? [pid] : []));
}

function gone(pid: number | undefined): Promise<unknown> {
  return expect.poll(() => processState(pid ?? 0), { timeout: 10_000 }).toEqual({ kind: "gone" });
}

test("a killed process's things are removed, and then the watcher ends", { timeout: 20_000 }, async () => {
  await using engine = await FakeEngine.start();
  const owner = await start(engine);
  expect(watchers).toHaveLength(1);
  engine.add("network", "net", ownerLabels(owner));
  engine.add("container", "node-0", ownerLabels(owner));
  // One of its two clusters is stopped, the other is not.
  await tell("let go of one");
  expect(engine.requests).toBe(0);

  program?.kill("SIGKILL");

  await expect.poll(() => engine.removed, { timeout: 5_000 }).toEqual(["node-0", "net"]);
  await gone(watchers[0]);
});

test("the watcher goes when the last cluster lets go of it, and asks the engine nothing", async () => {
  await using engine = await FakeEngine.start();
  await start(engine);
  await tell("let go of one");
  await tell("let go of one");
  await gone(watchers[0]);
  expect(engine.requests).toBe(0);
});

test("a watcher keeps no process alive", { timeout: 20_000 }, async () => {
  await using engine = await FakeEngine.start();
  await start(engine);
  const ended = once(program as ChildProcess, "exit");
  await tell("hear no more");
  expect(await ended).toEqual([0, null]);
  await gone(watchers[0]);
});

test("Ctrl-C, which goes to the terminal's process group, does not reach the watcher", async () => {
  await using engine = await FakeEngine.start();
  await start(engine);
  const groupLeader = watchers[0] ?? 0;
  // Signal 0 to a group asks only whether there is one: the watcher leads a group of its own.
  expect(() => process.kill(-groupLeader, 0)).not.toThrow();
});
