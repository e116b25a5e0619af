import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { serverImage } from "../support/engine.ts";
import { queryUntil } from "./raw-client.ts";
import { BARE_SUBNET, bareAddress, type Shape, type Timing, timed } from "./shape.ts";

const run = promisify(execFile);
const NETWORK = "bench-recipe";
const FIRST_PORT = 7371;

/**
 * Measures the common manual recipe: `docker run` for one node after the other, `redis-cli --cluster create`, and polling every
 * node until it reports cluster_state:ok.
 */
export async function measureRecipe(shape: Shape): Promise<Timing> {
  const nodes = Array.from({ length: shape.nodes }, (_, index) => index);
  const docker = async (...args: string[]): Promise<void> => {
    await run("docker", args);
  };
  const [, startMs] = await timed(async () => {
    await docker("network", "create", "--subnet", BARE_SUBNET, NETWORK);
    for (const index of nodes) {
      await docker(
        ...["run", "--detach", "--name", `${NETWORK}-${index}`, "--network", NETWORK],
        ...["--ip", bareAddress(index), "--publish", `127.0.0.1:${FIRST_PORT + index}:6379`, serverImage()],
        ...["redis-server", "--port", "6379", "--bind", "0.0.0.0", "--protected-mode", "no"],
        ...["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"],
        ...["--cluster-node-timeout", "5000", "--cluster-announce-ip", bareAddress(index)],
        ...["--cluster-announce-port", "6379", "--cluster-announce-bus-port", "16379", "--appendonly", "yes"],
      );
    }
    await docker(
      ...["exec", `${NETWORK}-0`, "redis-cli", "--cluster", "create"],
      ...nodes.map((index) => `${bareAddress(index)}:6379`),
      ...["--cluster-replicas", String(shape.replicas), "--cluster-yes"],
    );
    await Promise.all(
      nodes.map((index) => queryUntil(FIRST_PORT + index, "CLUSTER INFO", /cluster_state:ok/)),
    );
  });
  const [, removeMs] = await timed(async () => {
    await docker("rm", "--force", "--volumes", ...nodes.map((index) => `${NETWORK}-${index}`));
    await docker("network", "rm", NETWORK);
  });
  return { startMs, removeMs };
}
