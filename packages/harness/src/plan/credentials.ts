import { RedisClusterError } from "../errors.ts";
import type { ClusterPlan } from "./cluster-plan.ts";

/** The name and password with which a client logs in. */
export interface Credentials {
  /** The name of the user. */
  readonly username: string;
  /** The password of the user. */
  readonly password: string;
}

/**
 * Returns the credentials of a user of the cluster.
 *
 * @throws RedisClusterError INVALID_ARGUMENT with the names of all users if the user does not exist or has no password.
 */
export function findCredentials(plan: ClusterPlan, username: string): Credentials {
  const all: readonly Credentials[] = [
    ...(plan.password === undefined ? [] : [{ username: "default", password: plan.password }]),
    ...plan.users.map(({ name, password }) => ({ username: name, password })),
  ];
  const found = all.find((credentials) => credentials.username === username);
  if (found !== undefined) return found;
  const names = all.map((credentials) => credentials.username);
  throw new RedisClusterError(
    "INVALID_ARGUMENT",
    `Cannot return credentials: expected ${names.length === 0 ? "a user with a password, but this cluster has none" : `one of ${names.map((name) => JSON.stringify(name)).join(", ")}`}, got ${JSON.stringify(username)}. The options \`users\` and \`password\` create users.`,
    { details: { username, names } },
  );
}
