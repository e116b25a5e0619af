/**
 * Records which nodes may have a fault in their network, for the other handles of the same cluster: a reset through any of them
 * restarts these nodes.
 */
export interface NetworkFaultLog {
  /**
   * Records a fault before it is applied.
   *
   * @param nodes the names of the nodes whose networks are changed.
   * @returns a function that removes the record. It never rejects: a remaining record only causes a restart of its nodes.
   */
  record(nodes: readonly string[]): Promise<() => Promise<void>>;
}
