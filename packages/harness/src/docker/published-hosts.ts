import { hostname, networkInterfaces } from "node:os";
import type { PublishOn } from "../plan/options.generated.ts";
import type { Engine } from "./engine.ts";

/**
 * Returns the host names and addresses at which the published ports of the cluster can be reached, for the certificates of the
 * nodes. These are the host of the engine and, if ports are published for other machines, the names and addresses that those
 * may use.
 */
export function publishedHosts(engine: Engine, publishOn: PublishOn): readonly string[] {
  if (engine.isLocal && publishOn === "loopback") return [engine.host];
  return [engine.host, ...engine.addresses, ...(engine.location.isOnThisMachine ? localHosts() : [])];
}

/** Returns the host name and the addresses at which other machines and containers can reach this machine. */
function localHosts(): readonly string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    // A link-local address needs a zone, which a certificate cannot contain.
    .filter(({ internal, address }) => !internal && !/^fe80:/i.test(address))
    .map(({ address }) => address);
  const name = hostname();
  return /^[\w.-]+$/.test(name) ? [name, ...addresses] : addresses;
}
