import { expect, test } from "vitest";
import { addressOf, type FoundHost } from "./published-address.ts";

const HERE = { onThisMachine: true, sharesKernel: true, sharesNetwork: true };
const ELSEWHERE = { onThisMachine: false, sharesKernel: false, sharesNetwork: false };

function found(host: string, addresses: readonly string[], override?: string): FoundHost {
  const hostIps = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  return { host, hostIps, override };
}

test("reaches a local engine by loopback, whatever Testcontainers calls its host", () => {
  for (const host of [
    found("localhost", ["::1", "127.0.0.1"]),
    found("localhost", []),
    found("172.17.0.1", ["172.17.0.1"]),
  ]) {
    expect(addressOf(host, HERE)).toMatchObject({ host: "127.0.0.1", local: true, everywhere: "0.0.0.0" });
  }
});

test("reaches a local engine by IPv6 if its host has no IPv4 address", () => {
  expect(addressOf(found("ip6-localhost", ["::1"]), HERE)).toMatchObject({
    host: "::1",
    local: true,
    everywhere: "::",
  });
});

test("reaches a remote engine by its name, and by IPv4 if the name has it", () => {
  const both = ["fd00::7", "198.51.100.7"];
  expect(addressOf(found("build.corp", both), ELSEWHERE)).toEqual({
    host: "build.corp",
    local: false,
    everywhere: "0.0.0.0",
    addresses: both,
  });
  expect(addressOf(found("build.corp", ["fd00::7"]), ELSEWHERE)).toMatchObject({ everywhere: "::" });
  expect(addressOf(found("fd00::7", ["fd00::7"]), ELSEWHERE)).toMatchObject({
    host: "fd00::7",
    everywhere: "::",
  });
});

test("publishes on all addresses of an engine behind a tunnel at localhost", () => {
  expect(addressOf(found("localhost", ["::1", "127.0.0.1"]), ELSEWHERE)).toMatchObject({
    host: "127.0.0.1",
    local: false,
    everywhere: "0.0.0.0",
  });
});

test("takes TESTCONTAINERS_HOST_OVERRIDE literally unless it is loopback", () => {
  const lan = "192.168.1.5";
  expect(addressOf(found(lan, [lan], lan), HERE)).toMatchObject({ host: lan, local: false });
  expect(addressOf(found("localhost", ["127.0.0.1"], "localhost"), HERE)).toMatchObject({
    host: "127.0.0.1",
    local: true,
  });
  expect(addressOf(found("localhost", ["127.0.0.1"], ""), HERE)).toMatchObject({ local: true });
  // Testcontainers ignores the variable if the property `tc.host` is set.
  expect(addressOf(found("127.0.0.1", ["127.0.0.1"], lan), HERE)).toMatchObject({ local: true });
});
