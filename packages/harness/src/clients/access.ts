import type { RedisOptions } from "ioredis";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { findCredentials } from "../plan/credentials.ts";

/** What a client needs for a TLS connection, all in PEM: fits `tls.connect` of Node and the `tls` option of ioredis. */
export interface ClientTls {
  /** The certificate of the cluster's own authority: trust it, and every node's certificate can be verified. */
  readonly ca: string;
  /** A certificate to present and its private key; only with `clientAuth`. */
  readonly cert?: string;
  readonly key?: string;
  /** The name to verify if the certificates do not contain the addresses of the nodes; only with `tls.names`. */
  readonly servername?: string;
}

/** How this library's own clients get in. */
export interface Access {
  /** Undefined: the default user. */
  readonly username?: string | undefined;
  readonly password: string | undefined;
  readonly tls: ClientTls | undefined;
  /** New names of commands, by their own names in upper case. Undefined: none has another name. */
  readonly commandNames?: Readonly<Record<string, string>> | undefined;
}

/** How this library's own clients get into the cluster of a plan. */
export function accessOf(plan: ClusterPlan, tls: ClientTls | undefined): Access {
  const { harnessUser, commandNames } = plan;
  if (harnessUser === undefined) return { password: plan.password, tls, commandNames };
  return { ...findCredentials(plan, harnessUser), tls, commandNames };
}

/** The name by which the servers know a command. */
export function commandName({ commandNames }: Access, command: string): string {
  return commandNames?.[command.toUpperCase()] ?? command;
}

/**
 * How long ioredis waits for the other side to close a connection before it destroys it. It also waits, and keeps the
 * process alive, where the connection has been closed long ago, as after a kill; its default is two seconds.
 */
export const DISCONNECT_TIMEOUT_MS = 100;

/**
 * The options of an ioredis `Redis` for that. Nothing turns verification off: the certificate of a node contains the
 * address by which it is reached, or else `servername`.
 */
export function accessOptions({
  username,
  password,
  tls,
}: Access): Pick<RedisOptions, "username" | "password" | "tls"> {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls: { ...tls } }),
  };
}
