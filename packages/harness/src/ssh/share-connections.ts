import { SshAgent } from "./ssh-agent.ts";

const DEFAULT_PORT = 22;

/** The properties of dockerode's connection that are used here. Its types do not declare them. */
interface Connection {
  protocol: string;
  agent: unknown;
  readonly host: string;
  readonly port: number | string | undefined;
  readonly username?: string;
  readonly password?: string;
  readonly sshOptions: object;
}

/**
 * Lets all requests of a client to an engine behind SSH share a few connections. By default dockerode logs in for each request
 * (`lib/ssh.js` of docker-modem). A client of another engine stays as it is.
 *
 * @param client a client of dockerode.
 */
export function shareConnections({ modem }: { readonly modem: unknown }): void {
  const connection = modem as Connection;
  if (connection.protocol !== "ssh") return;
  const { host, port, username, password, sshOptions } = connection;
  connection.agent = new SshAgent({
    // The URL of an IPv6 address has brackets.
    host: host.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port) || DEFAULT_PORT,
    config: {
      ...sshOptions,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    },
  });
  // For "ssh" dockerode would use an agent of its own.
  connection.protocol = "http";
}

/** Returns the protocol of a client, also if its connections are shared. */
export function protocolOf({
  protocol,
  agent,
}: {
  readonly protocol?: unknown;
  readonly agent?: unknown;
}): unknown {
  return agent instanceof SshAgent ? "ssh" : protocol;
}
