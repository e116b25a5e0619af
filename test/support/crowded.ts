/**
 * The node timeout, in milliseconds, of clusters that share the processor cores with many other servers. With the default, nodes
 * that wait too long for a core are declared failed by the others.
 */
export const CROWDED_NODE_TIMEOUT_MS = 5_000;
