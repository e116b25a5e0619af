import type { Access } from "../clients/access.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { Baseline } from "../reset/baseline.ts";

/** The address of the lease server, in the process that started the cluster, on the loopback interface of this host. */
export interface LeaseAddress {
  readonly port: number;
  /** The secret that every request must contain. */
  readonly token: string;
}

/**
 * A cluster as plain data, for another process on this host: `connectRedisCluster` returns a handle of it. It is secret, because
 * it contains all passwords and the token for the lease.
 */
export interface SharedCluster {
  /** The name of the cluster. */
  readonly redisCluster: string;
  /** The plan of the cluster, with the passwords of all users. */
  readonly plan: ClusterPlan;
  /** The ids of the nodes' containers, in the order of the plan. */
  readonly containerIds: readonly string[];
  /** What clients need to connect: the password and, with TLS, the trusted authority and the client certificate. */
  readonly access: Access;
  /** The id of the cluster's container network. */
  readonly networkId: string;
  /**
   * The absolute path of the directory to which failures write their evidence.
   * @default the directory that the environment sets
   */
  readonly evidenceDir?: string | undefined;
  /** Where the process that started the cluster manages the lease. */
  readonly lease: LeaseAddress;
}

/** Returns whether a value is the result of `share()`, and not options. */
export function isSharedCluster(value: object): value is SharedCluster {
  return "redisCluster" in value;
}

const MAP = "$map";

/**
 * Encodes a baseline as JSON, with its maps as objects, because JSON has no maps. The seed is left out: it never changes and may
 * be large.
 */
export function encodeBaseline({ fingerprints }: Baseline): string {
  return JSON.stringify({ fingerprints }, (_, value: unknown) =>
    value instanceof Map ? { [MAP]: [...value] } : value,
  );
}

/** Decodes a baseline that {@link encodeBaseline} encoded. */
export function decodeBaseline(text: string): Baseline {
  return JSON.parse(text, (_, value: unknown) =>
    isEncodedMap(value) ? new Map(value[MAP]) : value,
  ) as Baseline;
}

function isEncodedMap(value: unknown): value is { readonly [MAP]: readonly (readonly [unknown, unknown])[] } {
  return typeof value === "object" && value !== null && Object.hasOwn(value, MAP);
}
