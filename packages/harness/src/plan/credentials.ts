import { RedisClusterError } from "../errors.ts";
import type { ClusterPlan } from "./cluster-plan.ts";

/** What one user logs in with. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** @throws RedisClusterError INVALID_ARGUMENT if there is no such user, with the names of those that exist. */
export function findCredentials(plan: ClusterPlan, username: string): Credentials {
  const all: readonly Credentials[] = [
    ...(plan.password === undefined ? [] : [{ username: "default", password: plan.password }]),
    ...plan.users.map(({ name, password }) => ({ username: name, password })),
  ];
  const found = all.find((each) => each.username === username);
  if (found !== undefined) return found;
  const names = all.map((each) => each.username);
  throw new RedisClusterError(
    "INVALID_ARGUMENT",
    `Cannot return credentials: expected ${names.length === 0 ? "a user, and this cluster has none with a password" : `one of ${names.map((name) => JSON.stringify(name)).join(", ")}`}, got ${JSON.stringify(username)}. The options \`users\` and \`password\` create users.`,
    { details: { username, names } },
  );
}
