import type { Report } from "./option-problems.ts";
import type { ClusterShape, PublishOn } from "./options.ts";

/** What the nodes' containers may use, and where they are published. */
export interface ContainerLimits {
  readonly memoryMb: number | undefined;
  readonly cpus: number | undefined;
  readonly pidsLimit: number;
  readonly readOnlyRoot: boolean;
  readonly publishOn: PublishOn;
}

/** A server with its modules has some dozen threads and forks a child to save; a fork bomb stops here. */
const DEFAULT_PIDS_LIMIT = 512;

export function validateContainer(
  options: ClusterShape,
  whole: (name: keyof ClusterShape, least: number, most: number) => number | undefined,
  report: Report,
): ContainerLimits {
  const cpus: unknown = options.cpus;
  if (cpus !== undefined && !(typeof cpus === "number" && cpus >= 0.01 && cpus <= 1_024)) {
    report("cpus", cpus, "a number from 0.01 to 1024");
  }
  const publishOn: unknown = options.publishOn;
  if (publishOn !== undefined && publishOn !== "loopback" && publishOn !== "all") {
    report("publishOn", publishOn, 'one of "loopback", "all"');
  }
  const readOnlyRoot: unknown = options.readOnlyRoot;
  if (readOnlyRoot !== undefined && typeof readOnlyRoot !== "boolean") {
    report("readOnlyRoot", readOnlyRoot, "true or false");
  }
  return {
    // With less memory a server is killed while it boots.
    memoryMb: whole("memoryMb", 32, 1_048_576),
    cpus: options.cpus,
    pidsLimit: whole("pidsLimit", 32, 1_000_000) ?? DEFAULT_PIDS_LIMIT,
    readOnlyRoot: options.readOnlyRoot ?? false,
    publishOn: options.publishOn ?? "loopback",
  };
}
