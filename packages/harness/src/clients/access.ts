import type { RedisOptions } from "ioredis";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import { findCredentials } from "../plan/credentials.ts";

/** What a client needs for a TLS connection, in PEM. It fits `tls.connect` of Node and the `tls` option of ioredis. */
export interface ClientTls {
  /** The certificate of the authority of the cluster, which signed the certificates of all nodes. */
  readonly ca: string;
  /** A client certificate; only with `clientAuth`. */
  readonly cert?: string;
  /** The private key of `cert`; only with `clientAuth`. */
  readonly key?: string;
  /** The name to verify if the certificates do not contain the addresses of the nodes; only with `tls.names`. */
  readonly servername?: string;
}

/** The credentials with which the clients of this library connect to the nodes. */
export interface Access {
  /** The name of the user. @default the default user of the servers */
  readonly username?: string | undefined;
  readonly password: string | undefined;
  readonly tls: ClientTls | undefined;
  /** The new names of renamed commands, by their original names in upper case. @default no command is renamed */
  readonly commandNames?: Readonly<Record<string, string>> | undefined;
}

/** Returns the credentials with which the clients of this library connect to the cluster of a plan. */
export function accessOf(plan: ClusterPlan, tls: ClientTls | undefined): Access {
  const { harnessUser, commandNames } = plan;
  if (harnessUser === undefined) return { password: plan.password, tls, commandNames };
  return { ...findCredentials(plan, harnessUser), tls, commandNames };
}

/** Returns the name of a command on the servers, which differs if the command was renamed. */
export function commandName({ commandNames }: Access, command: string): string {
  return commandNames?.[command.toUpperCase()] ?? command;
}

/**
 * How long ioredis waits until the server closes a connection, before ioredis destroys the connection. ioredis also waits, and
 * keeps the process alive, if the connection was closed long before, for example by a kill. The default of ioredis is two seconds.
 */
export const DISCONNECT_TIMEOUT_MS = 100;

/**
 * Returns the options of an ioredis `Redis` that contain the credentials. Verification is never disabled: the certificate of a node
 * contains the address of the node on this host, or the name `servername`.
 */
export function accessOptions(access: Access): Pick<RedisOptions, "username" | "password" | "tls"> {
  const { tls } = access;
  return { ...loginOptions(access), ...(tls === undefined ? {} : { tls: { ...tls } }) };
}

/** Returns the name and the password of the user, without properties that are undefined. */
export function loginOptions({ username, password }: Access): {
  readonly username?: string;
  readonly password?: string;
} {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}
