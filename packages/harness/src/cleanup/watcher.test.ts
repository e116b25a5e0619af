import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { FakeEngine } from "./fake-engine.fixture.ts";
import { type Owner, ownerLabels } from "./owner.ts";
import { readProcessState } from "./process-state.ts";

// Each test starts a process that acquires a watcher, and thereby the process of the watcher. Both use a fake engine.

const pathTo = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Acquires the watcher twice and prints its owner as JSON. Then it carries out the command in each line of its input. */
const PROGRAM = `
  import { createInterface } from "node:readline";
  import { acquireWatcher } from ${JSON.stringify(pathTo("./watcher.ts"))};
  import { currentOwner } from ${JSON.stringify(pathTo("./current-owner.ts"))};
  const owner = await currentOwner();
  const engine = { socketPath: process.argv[1] };
  const acquire = () => acquireWatcher({ owner, engine });
  const releases = await Promise.all([acquire(), acquire()]);
  console.log(JSON.stringify(owner));
  createInterface({ input: process.stdin }).on("line", async (line) => {
    if (line === "release") await releases.pop()();
    // Afterwards only the watcher could keep the process alive.
    if (line === "close input") process.stdin.destroy();
    console.log("done");
  });
`;

let program: ChildProcess | undefined;
const watchers: number[] = [];
afterEach(() => {
  program?.kill("SIGKILL");
  // Ends the watchers that a failed test has left. Only watchers of these tests are in the list.
  for (const pid of watchers.splice(0)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // The watcher has ended, as it should.
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

async function send(line: string): Promise<void> {
  program?.stdin?.write(`${line}\n`);
  await nextLine();
}

/** Returns the ids of the child processes. */
async function childrenOf(parent: number): Promise<readonly number[]> {
  const ps = spawn("ps", ["-A", "-o", "pid=,ppid=,pgid="], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = (await ps.stdout.setEncoding("utf8").toArray()).join("").trim().split("\n");
  return lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid = 0, ppid]) => (ppid === parent ? [pid] : []));
}

function waitForEnd(pid: number | undefined): Promise<unknown> {
  return expect.poll(() => readProcessState(pid ?? 0), { timeout: 10_000 }).toEqual({ kind: "gone" });
}

test("the watcher removes the resources of a killed process, and then ends", {
  timeout: 20_000,
}, async () => {
  await using engine = await FakeEngine.start();
  const owner = await start(engine);
  expect(watchers).toHaveLength(1);
  engine.add("network", "net", ownerLabels(owner));
  engine.add("container", "node-0", ownerLabels(owner));
  // One of the two users of the watcher remains.
  await send("release");
  expect(engine.requests).toBe(0);

  program?.kill("SIGKILL");

  await expect.poll(() => engine.removed, { timeout: 5_000 }).toEqual(["node-0", "net"]);
  await waitForEnd(watchers[0]);
});

test("the watcher ends without a request to the engine if all users release it", async () => {
  await using engine = await FakeEngine.start();
  await start(engine);
  await send("release");
  await send("release");
  await waitForEnd(watchers[0]);
  expect(engine.requests).toBe(0);
});

test("the watcher does not keep its owner alive", { timeout: 20_000 }, async () => {
  await using engine = await FakeEngine.start();
  await start(engine);
  const exited = once(program as ChildProcess, "exit");
  await send("close input");
  expect(await exited).toEqual([0, null]);
  await waitForEnd(watchers[0]);
});

test("the watcher leads a process group of its own, so it does not receive Ctrl-C", async () => {
  await using engine = await FakeEngine.start();
  await start(engine);
  const groupLeader = watchers[0] ?? 0;
  // Signal 0 only checks that the group exists.
  expect(() => process.kill(-groupLeader, 0)).not.toThrow();
});
