import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { SocketAddress } from "node:net";
import { hostname, release } from "node:os";
import type { ContainerRuntimeClient } from "testcontainers";

/** Where an engine runs, as seen from this process. Each flag is false if in doubt. */
export interface EnginePlace {
  /** On this machine, or in a virtual machine of this machine's own, such as the one of Docker Desktop. */
  readonly onThisMachine: boolean;
  /** Under the same kernel, so that limits of this machine's kernel are those of the engine's containers. */
  readonly sharesKernel: boolean;
  /** Its networks and the routes that this process sees are in the same network namespace. */
  readonly sharesNetwork: boolean;
}

/** The fields of an engine's answer to `GET /info` that are used here. */
export interface EngineInfo {
  /** Host name of the engine's machine. */
  readonly Name?: string;
  readonly OperatingSystem?: string;
  readonly KernelVersion?: string;
  readonly SecurityOptions?: readonly string[] | null;
}

/** This process's side of the comparison. */
export interface Standpoint {
  readonly platform: NodeJS.Platform;
  readonly hostname: string;
  /** Release of the kernel: `uname -r`. */
  readonly kernel: string;
  /** Whether the address of the engine's host is an address of this machine. */
  readonly hostIsHere: boolean;
  /** Whether the engine is reached through a Unix socket or a Windows pipe. */
  readonly bySocket: boolean;
}

/** Products that run the engine in a virtual machine of the user's own machine and forward published ports to loopback. */
const DESKTOP = /Docker Desktop|OrbStack|Rancher Desktop/;

/** Finds out where an engine runs. */
export async function findPlace(client: ContainerRuntimeClient, host: string): Promise<EnginePlace> {
  const docker = client.container.dockerode;
  const { socketPath } = docker.modem as { readonly socketPath?: unknown };
  const [info, hostIsHere] = await Promise.all([docker.info() as Promise<EngineInfo>, isThisMachine(host)]);
  return judgePlace(info, {
    platform: process.platform,
    hostname: hostname(),
    kernel: release(),
    hostIsHere,
    bySocket: socketPath !== undefined,
  });
}

/**
 * Judges the engine by what it reports of itself, and not only its address: behind 127.0.0.1 or a socket there may be an
 * SSH tunnel or the agent of Testcontainers Cloud.
 */
export function judgePlace(info: EngineInfo, here: Standpoint): EnginePlace {
  const isDesktop = DESKTOP.test(info.OperatingSystem ?? "");
  // Docker reads both anew for each answer (`hostName` and `kernelVersion` in moby's daemon/info.go). Only Linux runs
  // containers without a virtual machine.
  const sharesKernel =
    here.platform === "linux" &&
    here.hostIsHere &&
    !isDesktop &&
    info.Name === here.hostname &&
    info.KernelVersion === here.kernel;
  const hasVirtualMachine = isDesktop || (here.platform !== "linux" && here.bySocket);
  return {
    onThisMachine: sharesKernel || (here.hostIsHere && hasVirtualMachine),
    sharesKernel,
    sharesNetwork: sharesKernel && info.SecurityOptions?.includes("name=rootless") !== true,
  };
}

/**
 * Returns whether an address or name belongs to the machine that this process sees. Testcontainers names the bridge's
 * gateway wherever `/.dockerenv` exists, also on a virtual machine that was made from an image; in a container that
 * gateway is another machine.
 *
 * The kernel is asked which source address it would use: to one of its own addresses, that address or one of loopback.
 * Nothing is sent. The list of interfaces would leave out a bridge that nothing is connected to, and with
 * `net.ipv4.ip_nonlocal_bind` any address can be listened on.
 */
export async function isThisMachine(host: string): Promise<boolean> {
  if (host === "localhost") return true;
  if (host === "") return false;
  const { address, family } = await lookup(host).catch(() => ({ address: undefined, family: 4 }));
  if (address === undefined) return false;
  const socket = createSocket(family === 6 ? "udp6" : "udp4");
  try {
    socket.connect(1, address);
    await once(socket, "connect");
    const source = socket.address().address;
    return source === canonical(address, family) || source.startsWith("127.");
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

function canonical(address: string, family: number): string {
  return new SocketAddress({ address, family: family === 6 ? "ipv6" : "ipv4" }).address;
}
