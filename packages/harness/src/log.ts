import debug, { type Debugger } from "debug";

/**
 * Logs events of clusters for debugging. Set `DEBUG=testcontainers:redis-cluster`, or `DEBUG=testcontainers*` to include the logs
 * of Testcontainers. Without it, nothing is printed. The log never contains secrets.
 */
export const log: Debugger = debug("testcontainers:redis-cluster");
