import { messageOf, RedisClusterError } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { type Engine, imageName } from "./engine.ts";
import { clusterLabels } from "./labels.ts";
import { removeContainer } from "./node-runtime.ts";
import { readLogs } from "./read-logs.ts";

/** How a helper ended. */
export interface HelperResult {
  readonly exitCode: number;
  readonly output: string;
}

/**
 * Runs a shell script inside a node's network, in a container of its own that lives for that moment: the node's
 * container keeps neither the tools nor the capability. The script's arguments are only data to the shell. The image
 * has to be there.
 */
export async function runInNetwork(
  engine: Engine,
  plan: ClusterPlan,
  containerId: string,
  script: string,
  ...args: readonly string[]
): Promise<HelperResult> {
  try {
    return await run(engine, plan, containerId, script, args);
  } catch (error) {
    throw new RedisClusterError(
      "FAULT_FAILED",
      `The helper of network faults could not be run: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

async function run(
  engine: Engine,
  plan: ClusterPlan,
  containerId: string,
  script: string,
  args: readonly string[],
): Promise<HelperResult> {
  const helper = await engine.docker.createContainer({
    Image: imageName(plan.faultImage),
    Entrypoint: ["sh"],
    Cmd: ["-c", script, "helper", ...args],
    Labels: clusterLabels(plan, engine),
    HostConfig: {
      NetworkMode: `container:${containerId}`,
      CapDrop: ["ALL"],
      CapAdd: ["NET_ADMIN"],
      SecurityOpt: ["no-new-privileges"],
    },
  });
  try {
    await helper.start();
    // Not the condition "next-exit", asked before the start: the two requests have connections of their own, and on a busy
    // engine the helper may have ended before the wait begins, which then never does.
    const ended: { readonly StatusCode: number } = await helper.wait({ condition: "not-running" });
    const exitCode = ended.StatusCode;
    return { exitCode, output: exitCode === 0 ? "" : (await readLogs(engine, helper)).trim() };
  } finally {
    await removeContainer(engine, helper.id);
  }
}
