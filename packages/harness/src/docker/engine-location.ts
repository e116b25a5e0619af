import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { SocketAddress } from "node:net";
import { hostname, release } from "node:os";
import type { ContainerRuntimeClient } from "testcontainers";

/** Where an engine runs, relative to this process. In case of doubt, each property is false. */
export interface EngineLocation {
  /** True if the engine runs on this machine, or in a virtual machine of this machine, such as the one of Docker Desktop. */
  readonly isOnThisMachine: boolean;
  /** True if the engine uses the same kernel, so that the limits of this kernel also apply to the containers. */
  readonly sharesKernel: boolean;
  /** True if the networks of the engine and the routes of this process are in the same network namespace. */
  readonly sharesNetwork: boolean;
}

/** The properties of the engine's answer to `GET /info` that are used here. */
export interface EngineInfo {
  /** The host name of the machine of the engine. */
  readonly Name?: string;
  readonly OperatingSystem?: string;
  readonly KernelVersion?: string;
  readonly SecurityOptions?: readonly string[] | null;
  /** Whether Podman runs without root, which Podman 4 does not report among the security options. */
  readonly Rootless?: boolean;
}

/** The properties of this process that are compared with the engine. */
export interface LocalProcess {
  readonly platform: NodeJS.Platform;
  readonly hostname: string;
  /** The release of the kernel, as `uname -r` prints it. */
  readonly kernel: string;
  /** True if the address of the engine's host is an address of this machine. */
  readonly isEngineHostLocal: boolean;
  /** True if the engine is reached through a Unix socket or a Windows pipe. */
  readonly usesSocket: boolean;
}

/** Products that run the engine in a virtual machine of the user's machine, and forward published ports to loopback. */
const DESKTOP = /Docker Desktop|OrbStack|Rancher Desktop/;

/** Reads the properties of this process that are compared with those of an engine. */
export async function readLocalProcess(client: ContainerRuntimeClient): Promise<LocalProcess> {
  const { socketPath } = client.container.dockerode.modem as { readonly socketPath?: unknown };
  return {
    platform: process.platform,
    hostname: hostname(),
    kernel: release(),
    isEngineHostLocal: await isThisMachine(client.info.containerRuntime.host),
    usesSocket: socketPath !== undefined,
  };
}

/**
 * Derives where an engine runs from its answer to `GET /info`. The address alone is not sufficient: behind 127.0.0.1 or a socket
 * there may be an SSH tunnel or the agent of Testcontainers Cloud.
 */
export function deriveLocation(info: EngineInfo, local: LocalProcess): EngineLocation {
  const isDesktop = DESKTOP.test(info.OperatingSystem ?? "");
  // Docker reads the host name and the kernel for each answer (`hostName` and `kernelVersion` in moby's daemon/info.go). Only
  // Linux runs containers without a virtual machine.
  const sharesKernel =
    local.platform === "linux" &&
    local.isEngineHostLocal &&
    !isDesktop &&
    info.Name === local.hostname &&
    info.KernelVersion === local.kernel;
  const isRootless = info.Rootless === true || info.SecurityOptions?.includes("name=rootless") === true;
  const hasVirtualMachine = isDesktop || (local.platform !== "linux" && local.usesSocket);
  return {
    isOnThisMachine: sharesKernel || (local.isEngineHostLocal && hasVirtualMachine),
    sharesKernel,
    sharesNetwork: sharesKernel && !isRootless,
  };
}

/**
 * Returns true if a host name or an address belongs to this machine. If `/.dockerenv` exists, Testcontainers returns the
 * gateway of the bridge as the host of the engine. In a container the gateway is another machine; but the file also exists on
 * virtual machines that were created from an image.
 *
 * The test is the source address that the kernel chooses for a connection. To an address of this machine it is the same address
 * or a loopback address. No packet is sent. Other tests are wrong in some cases: the list of interfaces does not contain a
 * bridge without connections, and with `net.ipv4.ip_nonlocal_bind` a process can listen on every address.
 */
export async function isThisMachine(host: string): Promise<boolean> {
  if (host === "localhost") return true;
  if (host === "") return false;
  const { address, family } = await lookup(host).catch(() => ({ address: undefined, family: 4 }));
  if (address === undefined) return false;
  const source = await findSourceAddress(address, family);
  return source === normalizeAddress(address, family) || source?.startsWith("127.") === true;
}

/**
 * Returns the address that the kernel chooses as the source of packets to an address; undefined if it has no route. No packet is
 * sent.
 *
 * @param family 4 or 6. @default 4
 */
export async function findSourceAddress(address: string, family = 4): Promise<string | undefined> {
  const socket = createSocket(family === 6 ? "udp6" : "udp4");
  try {
    socket.connect(1, address);
    await once(socket, "connect");
    return socket.address().address;
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}

function normalizeAddress(address: string, family: number): string {
  return new SocketAddress({ address, family: family === 6 ? "ipv6" : "ipv4" }).address;
}
