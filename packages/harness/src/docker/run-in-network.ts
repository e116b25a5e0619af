import { randomBytes } from "node:crypto";
import { messageOf, RedisClusterError } from "../errors.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { Engine } from "./engine.ts";
import { imageName } from "./image-name.ts";
import { clusterLabels } from "./labels.ts";
import { removeAfter } from "./node-container.ts";
import { readLogs } from "./read-logs.ts";
import { isForbidden } from "./forbidden-request.ts";
import { hasNoShell } from "./start-error.ts";

/** The exit code of a helper container, and its output if the code is not 0. */
export interface HelperResult {
  readonly exitCode: number;
  readonly output: string;
}

/**
 * Runs a shell script in the network namespace of a container. The script runs in a helper container that exists only for it,
 * so that the container of the node needs neither the tools nor the capability NET_ADMIN. The engine must have the image of the
 * helper.
 *
 * @param args the arguments of the script. The shell does not evaluate them.
 * @throws RedisClusterError FAULT_UNSUPPORTED if the engine forbids the helper or its capability.
 * @throws RedisClusterError FAULT_FAILED if the helper cannot be run for another reason.
 */
export async function runInNetwork(
  engine: Engine,
  plan: ClusterPlan,
  containerId: string,
  script: string,
  ...args: readonly string[]
): Promise<HelperResult> {
  // Chosen before the request, so that the container can be removed if the engine creates it but its answer is lost.
  const name = `${plan.name}-helper-${randomBytes(4).toString("hex")}`;
  try {
    return await removeAfter(engine, name, () => run(engine, plan, containerId, name, script, args));
  } catch (error) {
    throw helperError(plan.faultImage, error);
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
  // The condition "next-exit", with a request before the start, could wait forever: the requests use separate connections, and
  // on a busy engine the helper may end before the wait starts.
  const result: { readonly StatusCode: number } = await helper.wait({ condition: "not-running" });
  const exitCode = result.StatusCode;
  return { exitCode, output: exitCode === 0 ? "" : (await readLogs(engine, helper)).trim() };
}

/** The message of runc, crun and Podman if the engine itself lacks the capability. */
const NOT_PERMITTED = /operation not permitted/i;

/** Converts the error of a helper that did not run its script. */
function helperError(faultImage: string, error: unknown): RedisClusterError {
  const message = messageOf(error);
  if (isForbidden(error) || NOT_PERMITTED.test(message)) {
    return new RedisClusterError(
      "FAULT_UNSUPPORTED",
      `The engine forbids the helper container of network faults, which needs the capability NET_ADMIN and the network of a node: ${message}. ` +
        "Use an engine without that restriction, or `pause`, `kill` and `slowCommands`, which need no helper.",
      { cause: error, details: { needs: "NET_ADMIN" } },
    );
  }
  return new RedisClusterError(
    "FAULT_FAILED",
    hasNoShell(message)
      ? `The helper container of network faults could not be run: its image ${JSON.stringify(faultImage)} contains no shell (${message}). ` +
          "The image must contain sh, nft and, for delays, tc. Set another image with the option `faultImage`."
      : `The helper container of network faults could not be run: ${message}`,
    { cause: error },
  );
}
