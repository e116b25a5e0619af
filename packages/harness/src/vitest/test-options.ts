import { CLUSTER_OPTIONS } from "../plan/cluster-options.ts";
import { choice, type OptionTable } from "../schema/option.ts";
import type { RedisClusterTestOptions } from "./options.generated.ts";

/** The options of `redisClusterTest` besides those of a cluster. */
export const TEST_OPTIONS: OptionTable<Pick<RedisClusterTestOptions, "scope" | "evidenceDir">> = {
  scope: {
    schema: choice<"test" | "file" | "worker">(["test", "file", "worker"]),
    description:
      'How long a cluster is kept. `"worker"`: for all tests that a worker runs, with a reset between them. With Vitest\'s isolation, a worker runs one file. `"file"`: for the tests of a file. `"test"`: each test gets a new cluster.',
    default: "worker",
  },
  evidenceDir: {
    ...CLUSTER_OPTIONS.evidenceDir,
    description:
      "The folder for the evidence of failed tests, of failed starts, and of failed calls of the cluster. It is created if it does not exist, and is never cleaned up. Failed calls write evidence only if this option or the environment variable is set.",
    defaultText: "`node_modules/.cache/testcontainers-redis-cluster/evidence`",
  },
};
