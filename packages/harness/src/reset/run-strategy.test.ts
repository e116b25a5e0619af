import { expect, test } from "vitest";
import type { NodeConnection } from "../clients/node-connection.ts";
import { AddressTable } from "../clients/address-table.ts";
import type { Engine } from "../docker/engine.ts";
import { NodeContainer } from "../docker/node-container.ts";
import type { ClusterNodes } from "../cluster/cluster-nodes.ts";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { runStrategy } from "./run-strategy.ts";

const NODE = { index: 0, name: "node-0", address: "10.0.0.2", port: 6379 } as NodePlan;

/** An engine with one stopped container. It answers a request when the gate of the request resolves. */
class SlowEngine {
  readonly requests: string[] = [];
  running = false;
  /** Promises by the name of a request. The engine answers the request when its promise resolves. */
  readonly gates = new Map<string, Promise<void>>();
  /** Whether another process starts the container before the next start request. */
  startedByOthers = false;

  async #answer(request: string): Promise<void> {
    this.requests.push(request);
    await this.gates.get(request);
  }

  cluster(): ClusterNodes {
    const dockerode = {
      inspect: async () => {
        await this.#answer("inspect");
        return {
          State: { Status: this.running ? "running" : "exited", Running: this.running },
          NetworkSettings: { Ports: { "6379/tcp": [{ HostPort: "30000" }] } },
        };
      },
      wait: () => Promise.resolve(),
      kill: async () => {
        await this.#answer("kill");
        this.running = false;
      },
      putArchive: () => this.#answer("mark"),
      start: async () => {
        await this.#answer("start");
        if (this.startedByOthers) {
          this.startedByOthers = false;
          this.running = true;
          throw Object.assign(new Error("container already started"), { statusCode: 304 });
        }
        this.running = true;
      },
    };
    const engine = { host: "127.0.0.1", docker: { getContainer: () => dockerode } } as unknown as Engine;
    const connection = { text: () => Promise.resolve("PONG") } as unknown as NodeConnection;
    const container = new NodeContainer(engine, NODE, "id", true);
    return {
      plan: { timeScale: 1 },
      nodes: [{ plan: NODE, container, connection }],
      addresses: new AddressTable(),
    } as unknown as ClusterNodes;
  }
}

const NEVER = new AbortController().signal;

test("returns the result of the strategy", async () => {
  const engine = new SlowEngine();
  const cluster = engine.cluster();
  const running = runStrategy(cluster, 60_000, NEVER, async (restart) => {
    const [node] = cluster.nodes;
    if (node !== undefined) await restart(node);
    return "done";
  });
  await expect(running).resolves.toBe("done");
  expect(engine.requests).toEqual(["inspect", "mark", "start", "inspect"]);
});

test("rejects only when all restarts have ended if the strategy fails", async () => {
  const engine = new SlowEngine();
  const cluster = engine.cluster();
  const answer = Promise.withResolvers<void>();
  engine.gates.set("inspect", answer.promise);
  let settled = false;
  const running = runStrategy(cluster, 60_000, NEVER, async (restart) => {
    for (const node of cluster.nodes) restart(node).catch(() => {});
    throw new Error("no log");
  });
  running.catch(() => {
    settled = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(settled).toBe(false);
  answer.resolve();
  await expect(running).rejects.toThrow("no log");
  expect(engine.requests).toEqual(["inspect"]);
});

test("starts a marked container even if the strategy is aborted", async () => {
  const engine = new SlowEngine();
  const cluster = engine.cluster();
  const answer = Promise.withResolvers<void>();
  engine.gates.set("mark", answer.promise);
  const aborter = new AbortController();
  const running = runStrategy(cluster, 60_000, aborter.signal, async (restart) => {
    await Promise.all(cluster.nodes.map((node) => restart(node)));
  });
  running.catch(() => {});
  await new Promise((resolve) => setImmediate(resolve));
  expect(engine.requests).toEqual(["inspect", "mark"]);
  aborter.abort(new Error("stopped"));
  answer.resolve();
  await expect(running).rejects.toThrow("stopped");
  expect(engine.requests).toEqual(["inspect", "mark", "start"]);
});

test("restarts a container as new if another process has started it", async () => {
  const engine = new SlowEngine();
  engine.startedByOthers = true;
  const cluster = engine.cluster();
  await runStrategy(cluster, 60_000, NEVER, async (restart) => {
    await Promise.all(cluster.nodes.map((node) => restart(node)));
  });
  expect(engine.requests.filter((request) => request !== "inspect")).toEqual([
    "mark",
    "start",
    "kill",
    "mark",
    "start",
  ]);
});
