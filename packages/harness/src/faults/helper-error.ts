import { RedisClusterError } from "../errors.ts";

/** The task of a helper in the network of a node. */
export type HelperTask = "filter" | "loss" | "delay" | "heal";

/** The result of a helper that failed. */
export interface HelperFailure {
  readonly node: string;
  readonly task: HelperTask;
  readonly exitCode: number;
  readonly output: string;
  readonly faultImage: string;
}

const REQUIREMENTS: Readonly<Record<HelperTask, string>> = {
  filter: "packet filters (nftables: nf_tables, nft_reject and the inet family)",
  loss: "nftables with random numbers (nft_numgen, CONFIG_NFT_NUMGEN)",
  delay: "the netem queue (sch_netem, CONFIG_NET_SCH_NETEM)",
  heal: "packet filters (nftables: nf_tables)",
};

const REMEDIES: Readonly<Record<HelperTask, string>> = {
  filter:
    "Load the modules on the engine's host (`modprobe nf_tables`), use an engine with another kernel, or use `pause`, `kill` and `slowCommands`, which need no kernel modules.",
  loss: "Load the module on the engine's host (`modprobe nft_numgen`), use an engine with another kernel, or use `isolate` and `partition`, which need no random numbers.",
  delay:
    "Load the module on the engine's host (`modprobe sch_netem`), use an engine with another kernel, or use `dropPackets`, `pause` and `slowCommands`.",
  heal: "Use an engine with another kernel.",
};

/**
 * The kernel's answers to netlink requests for a feature that it lacks, as nft (`mnl.c`, `libnftables.c`) and tc print them:
 * `ENOENT` for an expression or a queue whose module is missing; `EOPNOTSUPP`, `EAFNOSUPPORT`, `EPROTONOSUPPORT` and `ENOSYS` for
 * a whole subsystem.
 */
const KERNEL_LACKS =
  /(?:could not process rule|cache initialization failed|unable to initialize netlink socket|netlink error|RTNETLINK answers|qdisc kind)[^\n]*(?:operation not supported|no such file or directory|protocol not supported|address family not supported|function not implemented|is unknown)/i;
const NOT_PERMITTED = /operation not permitted|permission denied \(you must be root\)|you must be root/i;

/** Returns the error for a network fault that this engine does not support, or that failed for another reason. */
export function helperError(failure: HelperFailure): RedisClusterError {
  const { node, task, exitCode, output, faultImage } = failure;
  const details = { node, exitCode, output };
  const printed = output || "no output";
  if (KERNEL_LACKS.test(output) || (task === "delay" && /netem/.test(output))) {
    return new RedisClusterError(
      "FAULT_UNSUPPORTED",
      `The network of ${node} cannot be changed: the kernel of the engine's host lacks ${REQUIREMENTS[task]} (${printed}). ${REMEDIES[task]}`,
      { details: { ...details, needs: REQUIREMENTS[task] } },
    );
  }
  if (NOT_PERMITTED.test(output)) {
    return new RedisClusterError(
      "FAULT_UNSUPPORTED",
      `The network of ${node} cannot be changed: the engine denies it to the helper, although the helper has the capability NET_ADMIN (${printed}). ` +
        "Use an engine without that restriction, or `pause`, `kill` and `slowCommands`, which need no capability.",
      { details: { ...details, needs: "NET_ADMIN" } },
    );
  }
  return new RedisClusterError(
    "FAULT_FAILED",
    `Changing the network of ${node} failed with exit code ${exitCode}: ${printed}. ` +
      `The helper's image ${JSON.stringify(faultImage)} must contain sh, nft and, for delays, tc. ` +
      "Set another image with the option `faultImage`.",
    { details },
  );
}
