import { rm } from "node:fs/promises";
import { join } from "node:path";
import { docker, leftovers } from "./support/engine.ts";

// Removes the build output, and every container, network and volume of a cluster that a killed run left behind.

const root = join(import.meta.dirname, "..");
for (const folder of ["packages/harness/dist", "packages/harness/cjs"])
  await rm(join(root, folder), { recursive: true, force: true });
await rm(join(root, "node_modules/.cache"), { recursive: true, force: true });

const engine = await docker();
const filters = { label: ["testcontainers-redis-cluster.cluster"] };
const before = await leftovers();
const containers = await engine.listContainers({ all: true, filters });
await Promise.all(containers.map(({ Id }) => engine.getContainer(Id).remove({ force: true, v: true })));
const networks = await engine.listNetworks({ filters });
await Promise.all(networks.map(({ Id }) => engine.getNetwork(Id).remove()));
const { Volumes: volumes } = await engine.listVolumes({ filters });
await Promise.all(volumes.map(({ Name }) => engine.getVolume(Name).remove()));
console.log(`removed the build output and ${before.length} containers, networks and volumes`);
