import { CLUSTER_OPTIONS } from "./cluster-options.ts";
import type { ClusterShape, DefaultedOption } from "./options.generated.ts";

/** The options that are validated in combination with others, or of which the plan contains more than the value. */
const PLANNED_OPTIONS = [
  "nodes",
  "replicas",
  "subnet",
  "gateway",
  "firstAddress",
  "port",
  "busPort",
  "access",
  "firstHostPort",
  "firstHostBusPort",
  "config",
  "persistence",
  "password",
  "users",
  "defaultUser",
  "replicationUser",
  "tls",
  "labels",
  "startupTimeoutMs",
  "evidenceDir",
] as const;

/** The values of all options, with the defaults of the table. */
type OptionValues = {
  readonly [Name in keyof ClusterShape]-?: Name extends DefaultedOption
    ? NonNullable<ClusterShape[Name]>
    : NonNullable<ClusterShape[Name]> | undefined;
};

/** The options that the plan contains as they are: all that {@link PLANNED_OPTIONS} does not name. */
export type PassedOptions = Omit<OptionValues, (typeof PLANNED_OPTIONS)[number]>;

/** Returns only the options that the plan contains as they are. */
export function passedOptions(options: PassedOptions): PassedOptions {
  const planned: readonly string[] = PLANNED_OPTIONS;
  const names = Object.keys(CLUSTER_OPTIONS).filter((name) => !planned.includes(name));
  const values: Readonly<Record<string, unknown>> = { ...options };
  return Object.fromEntries(names.map((name) => [name, values[name]])) as PassedOptions;
}
