import { hostname, networkInterfaces } from "node:os";
import type { PublishOn } from "../plan/options.generated.ts";
import type { Engine } from "./engine.ts";

/**
 * Returns the names and addresses by which the cluster's published ports can be reached, for the nodes' certificates: the
 * engine's host and, if ports are published for others, what those others may call it.
 */
export function namesOfHost(engine: Engine, publishOn: PublishOn): readonly string[] {
  if (engine.local && publishOn === "loopback") return [engine.host];
  return [engine.host, ...engine.addresses, ...(engine.place.onThisMachine ? ownNames() : [])];
}

/** What other machines and containers may call this machine. */
function ownNames(): readonly string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    // A link-local address needs a zone, which a certificate cannot name.
    .filter(({ internal, address }) => !internal && !/^fe80:/i.test(address))
    .map(({ address }) => address);
  const name = hostname();
  return /^[\w.-]+$/.test(name) ? [name, ...addresses] : addresses;
}
