import type { HostAndPort } from "../../plan/cluster-plan.ts";

/** Parses an address such as `10.192.0.2:6379`, in which nothing encloses an IPv6 address. */
export function parseAddress(address: string): HostAndPort {
  const end = address.lastIndexOf(":");
  return { host: address.slice(0, end), port: Number(address.slice(end + 1)) };
}
