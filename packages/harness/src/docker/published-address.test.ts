import { expect, test } from "vitest";
import { choosePublishedAddress, type EngineHost } from "./published-address.ts";

const LOCAL = { isOnThisMachine: true, sharesKernel: true, sharesNetwork: true };
const REMOTE = { isOnThisMachine: false, sharesKernel: false, sharesNetwork: false };

function engineHost(host: string, addresses: readonly string[], override?: string): EngineHost {
  const hostIps = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  return { host, hostIps, override };
}

test("reaches a local engine by loopback, whatever its host name is", () => {
  for (const host of [
    engineHost("localhost", ["::1", "127.0.0.1"]),
    engineHost("localhost", []),
    engineHost("172.17.0.1", ["172.17.0.1"]),
  ]) {
    expect(choosePublishedAddress(host, LOCAL)).toMatchObject({
      host: "127.0.0.1",
      isLocal: true,
      wildcardAddress: "0.0.0.0",
    });
  }
});

test("reaches a local engine by IPv6 if it has no IPv4 address", () => {
  expect(choosePublishedAddress(engineHost("ip6-localhost", ["::1"]), LOCAL)).toMatchObject({
    host: "::1",
    isLocal: true,
    wildcardAddress: "::",
  });
});

test("reaches a remote engine by its name, with IPv4 if possible", () => {
  const both = ["fd00::7", "198.51.100.7"];
  expect(choosePublishedAddress(engineHost("build.corp", both), REMOTE)).toEqual({
    host: "build.corp",
    isLocal: false,
    wildcardAddress: "0.0.0.0",
    addresses: both,
  });
  expect(choosePublishedAddress(engineHost("build.corp", ["fd00::7"]), REMOTE)).toMatchObject({
    wildcardAddress: "::",
  });
  expect(choosePublishedAddress(engineHost("fd00::7", ["fd00::7"]), REMOTE)).toMatchObject({
    host: "fd00::7",
    wildcardAddress: "::",
  });
});

test("publishes on all interfaces if the engine is behind a tunnel at localhost", () => {
  expect(choosePublishedAddress(engineHost("localhost", ["::1", "127.0.0.1"]), REMOTE)).toMatchObject({
    host: "127.0.0.1",
    isLocal: false,
    wildcardAddress: "0.0.0.0",
  });
});

test("uses TESTCONTAINERS_HOST_OVERRIDE unless it is a loopback address", () => {
  const lan = "192.168.1.5";
  expect(choosePublishedAddress(engineHost(lan, [lan], lan), LOCAL)).toMatchObject({
    host: lan,
    isLocal: false,
  });
  expect(choosePublishedAddress(engineHost("localhost", ["127.0.0.1"], "localhost"), LOCAL)).toMatchObject({
    host: "127.0.0.1",
    isLocal: true,
  });
  expect(choosePublishedAddress(engineHost("localhost", ["127.0.0.1"], ""), LOCAL)).toMatchObject({
    isLocal: true,
  });
  // Testcontainers ignores the variable if the property `tc.host` is set.
  expect(choosePublishedAddress(engineHost("127.0.0.1", ["127.0.0.1"], lan), LOCAL)).toMatchObject({
    isLocal: true,
  });
});
