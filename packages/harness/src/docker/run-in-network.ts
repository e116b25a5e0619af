import { randomBytes } from "node:crypto";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { type Engine, imageName } from "./engine.ts";
import { clusterLabels } from "./labels.ts";
import { removeAfter } from "./node-container.ts";
import { readLogs } from "./read-logs.ts";
import { isRefusal } from "./refusal.ts";
import { hasNoShell } from "./start-error.ts";

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
  // Known before the engine is asked: it may make the container without saying so.
  const name = `${plan.name}-helper-${randomBytes(4).toString("hex")}`;
  try {
    return await removeAfter(engine, name, () => run(engine, plan, containerId, name, script, args));
  } catch (error) {
    throw notRun(plan.faultImage, error);
  }
}

async function run(
  engine: Engine,
  plan: ClusterPlan,
  containerId: string,
  name: string,
  script: string,
  args: readonly string[],
): Promise<HelperResult> {
  const helper = await engine.docker.createContainer({
    name,
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
  await helper.start();
  // Not the condition "next-exit", asked before the start: the two requests have connections of their own, and on a busy
  // engine the helper may have ended before the wait begins, which then never does.
  const ended: { readonly StatusCode: number } = await helper.wait({ condition: "not-running" });
  const exitCode = ended.StatusCode;
  return { exitCode, output: exitCode === 0 ? "" : (await readLogs(engine, helper)).trim() };
}

/** The words of runc, crun and Podman if the engine itself may not give a container the capability. */
const NOT_PERMITTED = /operation not permitted/i;

/** Why a helper did not come to run its script. */
function notRun(faultImage: string, error: unknown): RedisClusterError {
  const message = messageOf(error);
  if (isRefusal(error) || NOT_PERMITTED.test(message)) {
    return new RedisClusterError(
      "FAULT_UNSUPPORTED",
      `The engine refuses the helper of network faults, which needs the capability NET_ADMIN and the network of a node: ${message}. ` +
        "Use an engine without that restriction, or `pause`, `kill` and `slowCommands`, which need no helper.",
      { cause: error, details: { needs: "NET_ADMIN" } },
    );
  }
  return new RedisClusterError(
    "FAULT_FAILED",
    hasNoShell(message)
      ? `The helper of network faults could not be run: its image ${JSON.stringify(faultImage)} contains no shell (${message}). ` +
          "It must contain sh, nft and, for delays, tc. Name another one with the option `faultImage`."
      : `The helper of network faults could not be run: ${message}`,
    { cause: error },
  );
}
