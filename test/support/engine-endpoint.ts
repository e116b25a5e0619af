import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { docker, findSshHost, isRemote, publishingHost } from "./engine.ts";

/** How dockerode connects to the engine. Its types do not declare it. */
interface Modem {
  readonly socketPath?: string;
  readonly protocol?: "http" | "https";
  readonly host?: string;
  readonly port?: number | string;
  readonly username?: string;
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** The engine as a relay reaches it. */
export interface EngineEndpoint extends AsyncDisposable {
  /** Opens a connection, on which HTTP is spoken. */
  connect(): Socket;
  /** What a program needs besides the address of the relay: it would look for published ports next to the relay. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Finds the engine of the tests, also if it is reached with TLS or SSH. */
export async function findEngineEndpoint(): Promise<EngineEndpoint> {
  const modem = (await docker()).modem as Modem;
  const environment = {
    // The relay itself is reached without TLS.
    DOCKER_TLS_VERIFY: undefined,
    DOCKER_CERT_PATH: undefined,
    ...((await isRemote()) ? { TESTCONTAINERS_HOST_OVERRIDE: await publishingHost() } : {}),
  };
  if (findSshHost() !== undefined) return { ...(await forwardWithSsh(modem)), environment };
  return { connect: () => open(modem), environment, [Symbol.asyncDispose]: () => Promise.resolve() };
}

function open({ socketPath, protocol, host = "localhost", port, ca, cert, key }: Modem): Socket {
  if (socketPath !== undefined) return connect(socketPath);
  const address = { host, port: Number(port) };
  return protocol === "https" ? connectTls({ ...address, ca, cert, key }) : connect(address);
}

/** Forwards a local socket to that of the engine. */
async function forwardWithSsh({ username, host }: Modem): Promise<Omit<EngineEndpoint, "environment">> {
  const folder = await mkdtemp(join(tmpdir(), "trc-ssh-"));
  const socket = join(folder, "engine.sock");
  const tunnel = spawn("ssh", ["-N", "-L", `${socket}:/var/run/docker.sock`, `${username}@${host}`], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = once(tunnel, "exit");
  const exists = async (): Promise<boolean> =>
    await access(socket).then(
      () => true,
      () => false,
    );
  while (!(await exists())) {
    if (tunnel.exitCode === null) await sleep(20);
    else {
      await rm(folder, { recursive: true, force: true });
      throw new Error(`ssh to ${host} ended with status ${tunnel.exitCode} before it forwarded anything.`);
    }
  }
  return {
    connect: () => connect(socket),
    [Symbol.asyncDispose]: async () => {
      tunnel.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
