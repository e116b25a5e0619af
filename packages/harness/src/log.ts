import debug from "debug";

/**
 * What happens to clusters, for whoever looks for a reason: `DEBUG=testcontainers:redis-cluster`, or
 * `DEBUG=testcontainers*` together with what Testcontainers says. Without it nothing is printed. Never a secret.
 */
export const log: debug.Debugger = debug("testcontainers:redis-cluster");
