import { RedisClusterError } from "../errors.ts";
import type { ClusterPlan } from "./cluster-plan.ts";

/** What one user logs in with. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** @throws RedisClusterError INVALID_ARGUMENT where there is no such user, naming those that there are. */
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
    `No user ${JSON.stringify(username)} has a password here: ${names.length === 0 ? "nobody has" : `there is ${names.join(", ")}`}.`,
    { details: { username, names } },
  );
}
