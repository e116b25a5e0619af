import type { StartedRedisCluster } from "testcontainers-redis-cluster";

/** Returns the flags of a node in the view of another node; none if the other node does not answer. */
export async function reportedFlags(
  cluster: StartedRedisCluster,
  name: string,
  by: string,
): Promise<readonly string[]> {
  const view = (await cluster.view()).views.find(({ node }) => node === by);
  const { id } = cluster.node(name);
  return view?.kind === "answered" ? (view.members.find((member) => member.id === id)?.flags ?? []) : [];
}
