import type { Access } from "../clients/access.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { Baseline } from "../reset/baseline.ts";

/** Where the process that started a cluster hands out its lease; on this machine's loopback. */
export interface LeaseAddress {
  readonly port: number;
  /** Whoever has it may ask. */
  readonly token: string;
}

/**
 * A cluster as plain data, for another process on this machine; `connectRedisCluster` makes a handle of it. A secret:
 * whoever has it gets in, and may ask for the lease.
 */
export interface SharedCluster {
  /** The cluster's name. */
  readonly redisCluster: string;
  /** The plan it was made by, with the passwords of all users. */
  readonly plan: ClusterPlan;
  /** Ids of the nodes' containers, in the order of the plan. */
  readonly containerIds: readonly string[];
  /** How clients get in: the password and, with TLS, what to trust and to show. */
  readonly access: Access;
  readonly networkId: string;
  /** Where failures write their evidence, as the option of that name; undefined: where the environment says. */
  readonly evidenceDir?: string | undefined;
  readonly lease: LeaseAddress;
}

/** Whether a value is what `share()` gave, and not options. */
export function isSharedCluster(value: object): value is SharedCluster {
  return "redisCluster" in value;
}

const MAP = "$map";

/** A baseline as text, without its seed, which never changes and may be large. JSON knows no maps. */
export function encodeBaseline({ fingerprints }: Baseline): string {
  return JSON.stringify({ fingerprints }, (_, value: unknown) =>
    value instanceof Map ? { [MAP]: [...value] } : value,
  );
}

export function decodeBaseline(text: string): Baseline {
  return JSON.parse(text, (_, value: unknown) =>
    isEncodedMap(value) ? new Map(value[MAP]) : value,
  ) as Baseline;
}

function isEncodedMap(value: unknown): value is { readonly [MAP]: readonly (readonly [unknown, unknown])[] } {
  return typeof value === "object" && value !== null && Object.hasOwn(value, MAP);
}
