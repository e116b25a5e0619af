import { expect, test } from "vitest";
import { parseIpv6Host } from "./testcontainers-client.ts";

test.for([
  ["tcp://[fd00::1]:2375", "fd00::1"],
  ["tcp://[::1]", "::1"],
  ["https://[2001:db8::7]:2376", "2001:db8::7"],
  ["tcp://192.0.2.7:2375", undefined],
  ["tcp://build.corp:2375", undefined],
  ["unix:///var/run/docker.sock", undefined],
  ["not a URL", undefined],
  ["", undefined],
  [undefined, undefined],
] as const)("the IPv6 host of %s is %s", ([url, address]) => {
  expect(parseIpv6Host(url)).toBe(address);
});
