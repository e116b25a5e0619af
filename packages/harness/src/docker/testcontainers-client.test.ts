import { expect, test } from "vitest";
import { parseUnreadableHost } from "./testcontainers-client.ts";

test.for([
  ["tcp://[fd00::1]:2375", "fd00::1"],
  ["tcp://[::1]", "::1"],
  ["https://[2001:db8::7]:2376", "2001:db8::7"],
  ["ssh://deploy@build.corp", "build.corp"],
  ["ssh://deploy@192.0.2.7:2222", "192.0.2.7"],
  ["ssh://deploy@[fd00::1]", "fd00::1"],
  ["ssh://", undefined],
  ["tcp://192.0.2.7:2375", undefined],
  ["tcp://build.corp:2375", undefined],
  ["unix:///var/run/docker.sock", undefined],
  ["not a URL", undefined],
  ["", undefined],
  [undefined, undefined],
] as const)("the host of %s that Testcontainers cannot read is %s", ([url, address]) => {
  expect(parseUnreadableHost(url)).toBe(address);
});
