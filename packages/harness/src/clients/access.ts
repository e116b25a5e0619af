import type { RedisOptions } from "ioredis";

/** What a client needs for a TLS connection, all in PEM: fits `tls.connect` of Node and the `tls` option of ioredis. */
export interface ClientTls {
  /** The certificate of the cluster's own authority: trust it, and every node's certificate can be verified. */
  readonly ca: string;
  /** A certificate to show and its private key; only with `clientAuth`. */
  readonly cert?: string;
  readonly key?: string;
}

/** How this library's own clients get in: as the default user. */
export interface Access {
  readonly password: string | undefined;
  readonly tls: ClientTls | undefined;
}

/**
 * How long ioredis waits for the other side to close a connection before it destroys it. It also waits, and keeps the
 * process alive, where the connection has been closed long ago, as after a kill; its default is two seconds.
 */
export const DISCONNECT_TIMEOUT_MS = 100;

/**
 * The options of an ioredis `Redis` for that. Nothing turns verification off: a node is reached by an address that
 * its certificate names.
 */
export function accessOptions({ password, tls }: Access): Pick<RedisOptions, "password" | "tls"> {
  return {
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls: { ...tls } }),
  };
}
