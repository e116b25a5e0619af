import type { HostAndPort } from "../plan/cluster-plan.ts";

// Options of ioredis and iovalkey that concern addresses.

/** An address map by announced addresses, or a function that looks them up. */
type NatMap = Readonly<Record<string, HostAndPort>> | ((announced: string) => HostAndPort | null);

/** Returns a `natMap`, which may be a function or an object, as a function. */
export function lookUpFunction(natMap: NatMap | undefined): (announced: string) => HostAndPort | undefined {
  if (typeof natMap === "function") return (announced) => natMap(announced) ?? undefined;
  return (announced) => natMap?.[announced];
}

/** Returns a `natMap` that looks up each address at the time of its use. Before ioredis 5.5 it must be an object. */
export function liveNatMap(
  lookUp: (announced: string) => HostAndPort | undefined,
): Record<string, HostAndPort> {
  return new Proxy<Record<string, HostAndPort>>(
    {},
    { get: (_, announced) => (typeof announced === "string" ? lookUp(announced) : undefined) },
  );
}

/** A `dnsLookup` that keeps the name. By default the clients replace a name with one of its addresses. */
export function keepName(name: string, done: (error: null, address: string) => void): void {
  done(null, name);
}
