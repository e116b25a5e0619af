import { buffer } from "node:stream/consumers";
import { DEFAULT_FAULT_IMAGE } from "testcontainers-redis-cluster";
import { expect } from "vitest";
import { docker } from "./engine.ts";

type HostConfig = Awaited<
  ReturnType<ReturnType<Awaited<ReturnType<typeof docker>>["getContainer"]>["inspect"]>
>["HostConfig"];

/** Returns the names of the nftables tables in a container's network, one per line. */
export async function listPacketFilters(containerId: string): Promise<string> {
  const engine = await docker();
  const container = await engine.createContainer({
    Image: process.env["TESTCONTAINERS_REDIS_CLUSTER_FAULT_IMAGE"] || DEFAULT_FAULT_IMAGE,
    Entrypoint: ["nft", "list", "tables"],
    HostConfig: { NetworkMode: `container:${containerId}`, CapAdd: ["NET_ADMIN"] },
  });
  try {
    const stream = await container.attach({ stream: true, stdout: true });
    await container.start();
    await container.wait();
    // Each piece of output has a header of eight bytes. Its unprintable bytes are removed, and callers search only for names.
    return (await buffer(stream))
      .toString("latin1")
      .replaceAll(/[^\x20-\x7e\n]/g, "")
      .trim();
  } finally {
    await container.remove({ force: true, v: true });
  }
}

/** Returns the engine's configuration of every helper container that the cluster has while `act` runs. */
export async function collectHelperConfigs(
  cluster: string,
  act: () => Promise<void>,
): Promise<readonly HostConfig[]> {
  const engine = await docker();
  const filters = { label: [`testcontainers-redis-cluster.cluster=${cluster}`] };
  const seen = new Map<string, HostConfig>();
  const acting = new AbortController();
  const polling = (async () => {
    while (!acting.signal.aborted) {
      for (const { Id, Labels } of await engine.listContainers({ all: true, filters })) {
        if (Labels["testcontainers-redis-cluster.node"] !== undefined || seen.has(Id)) continue;
        // The container may already have been removed.
        const inspected = await engine
          .getContainer(Id)
          .inspect()
          .catch(() => undefined);
        if (inspected !== undefined) seen.set(Id, inspected.HostConfig);
      }
    }
  })();
  try {
    await act();
  } finally {
    acting.abort();
    await polling;
  }
  return [...seen.values()];
}

/**
 * Checks that a container cannot reach a node in another network. For some milliseconds it can: whenever Docker 20.10 creates a
 * network, it removes the rule that separates all networks, and inserts it at the top again (`EnsureJumpRule` in libnetwork's iptables.go).
 * So the check is repeated if the ping is answered.
 *
 * @param ping sends PING from the container, and returns the answer.
 */
export async function expectUnreachable(ping: () => Promise<string>): Promise<void> {
  await expect.poll(ping, { timeout: 10_000 }).not.toContain("PONG");
}
