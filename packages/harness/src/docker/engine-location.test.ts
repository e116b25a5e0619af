import { expect, test } from "vitest";
import { type EngineInfo, isThisMachine, deriveLocation, type LocalProcess } from "./engine-location.ts";

test.for(["localhost", "127.0.0.1", "127.0.0.9", "::1", "0:0:0:0:0:0:0:1"])(
  "%s is an address of this machine",
  async (host) => {
    expect(await isThisMachine(host)).toBe(true);
  },
);

// TEST-NET-3 (RFC 5737), 2001:db8 (RFC 3849) and .invalid (RFC 2606) are reserved, so that no machine has them.
test.for(["203.0.113.7", "2001:db8::7", "engine.invalid", "", "not a name"])(
  "%j is not an address of this machine",
  async (host) => {
    expect(await isThisMachine(host)).toBe(false);
  },
);

const LINUX: LocalProcess = {
  platform: "linux",
  hostname: "laptop",
  kernel: "6.8.0-45-generic",
  isEngineHostLocal: true,
  usesSocket: true,
};
const DOCKER: EngineInfo = {
  Name: "laptop",
  OperatingSystem: "Ubuntu 24.04.1 LTS",
  KernelVersion: "6.8.0-45-generic",
  SecurityOptions: ["name=apparmor", "name=seccomp,profile=builtin"],
};
const SAME_KERNEL = { isOnThisMachine: true, sharesKernel: true, sharesNetwork: true };
const VIRTUAL_MACHINE = { isOnThisMachine: true, sharesKernel: false, sharesNetwork: false };
const REMOTE = { isOnThisMachine: false, sharesKernel: false, sharesNetwork: false };

test("an engine is local if it has the same host name and kernel", () => {
  expect(deriveLocation(DOCKER, LINUX)).toEqual(SAME_KERNEL);
  expect(deriveLocation(DOCKER, { ...LINUX, usesSocket: false })).toEqual(SAME_KERNEL);
});

test("an engine is remote if its host name or kernel differs", () => {
  for (const usesSocket of [true, false]) {
    const tunnel = { ...LINUX, usesSocket };
    expect(deriveLocation({ ...DOCKER, Name: "build-7" }, tunnel)).toEqual(REMOTE);
    expect(deriveLocation({ ...DOCKER, KernelVersion: "6.1.0" }, tunnel)).toEqual(REMOTE);
    expect(deriveLocation({}, tunnel)).toEqual(REMOTE);
  }
});

test("an engine is remote if its address does not belong to this machine", () => {
  expect(deriveLocation(DOCKER, { ...LINUX, isEngineHostLocal: false })).toEqual(REMOTE);
});

test("an engine without root shares the kernel but not the network", () => {
  const rootless = { ...DOCKER, SecurityOptions: ["name=seccomp,profile=builtin", "name=rootless"] };
  expect(deriveLocation(rootless, LINUX)).toEqual({ ...SAME_KERNEL, sharesNetwork: false });
  const podman = { ...DOCKER, SecurityOptions: ["name=seccomp,profile=default"], Rootless: true };
  expect(deriveLocation(podman, LINUX)).toEqual({ ...SAME_KERNEL, sharesNetwork: false });
  expect(deriveLocation({ ...podman, Rootless: false }, LINUX)).toEqual(SAME_KERNEL);
  expect(deriveLocation({ ...DOCKER, SecurityOptions: null }, LINUX)).toEqual(SAME_KERNEL);
});

test.for(["Docker Desktop", "OrbStack", "Rancher Desktop WSL Distribution"])(
  "%s runs in a virtual machine of this machine",
  (OperatingSystem) => {
    const info = { ...DOCKER, Name: "vm", OperatingSystem };
    for (const platform of ["linux", "darwin", "win32"] as const) {
      expect(deriveLocation(info, { ...LINUX, platform, usesSocket: false })).toEqual(VIRTUAL_MACHINE);
    }
    expect(deriveLocation({ ...info, Name: "laptop" }, LINUX)).toEqual(VIRTUAL_MACHINE);
  },
);

test("an engine outside Linux is local if it has a socket, and remote with TCP", () => {
  const colima = { ...DOCKER, Name: "colima" };
  for (const platform of ["darwin", "win32"] as const) {
    expect(deriveLocation(colima, { ...LINUX, platform })).toEqual(VIRTUAL_MACHINE);
    expect(deriveLocation(colima, { ...LINUX, platform, usesSocket: false })).toEqual(REMOTE);
  }
});
