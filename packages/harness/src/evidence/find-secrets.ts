import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { SECRET_DIRECTIVES, secretsOfCommand } from "./command-secrets.ts";
import type { EvidenceBundle } from "./evidence.ts";
import { findCommands } from "./find-commands.ts";

/** Every secret that a plan holds: the password, and what the nodes' redis.conf says of passwords and ACL users. */
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

/** Every secret that a bundle is known to hold: those of the plan, and those in commands that an error carries. */
export function secretsOfBundle({ plan, error }: Pick<EvidenceBundle, "plan" | "error">): readonly string[] {
  const given = findCommands(error).flatMap(secretsOfCommand);
  return [...new Set([...(plan === undefined ? [] : secretsOfPlan(plan)), ...given])];
}

function addRule(rule: string, found: Set<string>): void {
  const secret = /^[><#!](.+)$/s.exec(rule)?.[1];
  if (secret !== undefined) found.add(secret);
}

/** The arguments of a line of redis.conf, without their quotes and escapes (`sdssplitargs` in sds.c). */
function splitArguments(line: string): readonly string[] {
  return [...line.matchAll(/"((?:\\.|[^"\\])*)"|'((?:\\'|[^'])*)'|[^\s"']+/g)].map(
    ([whole, double, single]) =>
      double?.replaceAll(/\\(.)/g, "$1") ?? single?.replaceAll("\\'", "'") ?? whole,
  );
}
