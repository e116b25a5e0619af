import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { SECRET_DIRECTIVES, secretsOfCommand } from "./command-secrets.ts";
import type { EvidenceBundle } from "./evidence.ts";
import { findCommands } from "./find-commands.ts";

/** Returns every secret of a plan: the password, and the passwords and ACL users in the redis.conf of the nodes. */
export function secretsOfPlan(plan: ClusterPlan): readonly string[] {
  const found = new Set(plan.password === undefined ? [] : [plan.password]);
  for (const { redisConf } of plan.nodes) {
    for (const line of redisConf.split("\n")) {
      const [name = "", ...values] = splitArguments(line);
      if (SECRET_DIRECTIVES.has(name.toLowerCase())) for (const value of values) found.add(value);
      if (name.toLowerCase() === "user") for (const rule of values) addRule(rule, found);
    }
  }
  found.delete("");
  return [...found];
}

/** Returns every known secret of a bundle: the secrets of the plan, and the secrets in commands that an error contains. */
export function secretsOfBundle({ plan, error }: Pick<EvidenceBundle, "plan" | "error">): readonly string[] {
  const fromCommands = findCommands(error).flatMap(secretsOfCommand);
  return [...new Set([...(plan === undefined ? [] : secretsOfPlan(plan)), ...fromCommands])];
}

function addRule(rule: string, found: Set<string>): void {
  const secret = /^[><#!](.+)$/s.exec(rule)?.[1];
  if (secret !== undefined) found.add(secret);
}

/** Splits a line of redis.conf into its arguments, without their quotes and escapes (`sdssplitargs` in sds.c). */
function splitArguments(line: string): readonly string[] {
  return [...line.matchAll(/"((?:\\.|[^"\\])*)"|'((?:\\'|[^'])*)'|[^\s"']+/g)].map(
    ([match, double, single]) =>
      double?.replaceAll(/\\(.)/g, "$1") ?? single?.replaceAll("\\'", "'") ?? match,
  );
}
