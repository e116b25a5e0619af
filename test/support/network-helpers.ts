import { buffer } from "node:stream/consumers";
import { DEFAULT_FAULT_IMAGE } from "testcontainers-redis-cluster";
import { docker } from "./engine.ts";

type HostConfig = Awaited<
  ReturnType<ReturnType<Awaited<ReturnType<typeof docker>>["getContainer"]>["inspect"]>
>["HostConfig"];

/** The names of the nftables tables in a container's network, one a line. */
export async function filtersIn(containerId: string): Promise<string> {
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
    // Frames of eight bytes stand before each piece of output; names of tables are what is looked for.
    return (await buffer(stream))
      .toString("latin1")
      .replaceAll(/[^\x20-\x7e\n]/g, "")
      .trim();
  } finally {
    await container.remove({ force: true, v: true });
  }
}

/** What the engine says of every helper container that a cluster had while something was done. */
export async function helpersDuring(
  cluster: string,
  act: () => Promise<void>,
): Promise<readonly HostConfig[]> {
  const engine = await docker();
  const filters = { label: [`testcontainers-redis-cluster.cluster=${cluster}`] };
  const seen = new Map<string, HostConfig>();
  const acting = new AbortController();
  const watching = (async () => {
    while (!acting.signal.aborted) {
      for (const { Id, Labels } of await engine.listContainers({ all: true, filters })) {
        if (Labels["testcontainers-redis-cluster.node"] !== undefined || seen.has(Id)) continue;
        // It may be gone again.
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
    await watching;
  }
  return [...seen.values()];
}
