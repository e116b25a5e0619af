import { expect, test } from "vitest";
import { type EngineInfo, isThisMachine, judgePlace, type Standpoint } from "./engine-place.ts";

test.for(["localhost", "127.0.0.1", "127.0.0.9", "::1", "0:0:0:0:0:0:0:1"])(
  "%s is an address of this machine",
  async (host) => {
    expect(await isThisMachine(host)).toBe(true);
  },
);

// TEST-NET-3 (RFC 5737) and 2001:db8 (RFC 3849) are nobody's addresses, and .invalid (RFC 2606) is nobody's name.
test.for(["203.0.113.7", "2001:db8::7", "engine.invalid", "", "not a name"])(
  "%j is not an address of this machine",
  async (host) => {
    expect(await isThisMachine(host)).toBe(false);
  },
);

const LINUX: Standpoint = {
  platform: "linux",
  hostname: "laptop",
  kernel: "6.8.0-45-generic",
  hostIsHere: true,
  bySocket: true,
};
const DOCKER: EngineInfo = {
  Name: "laptop",
  OperatingSystem: "Ubuntu 24.04.1 LTS",
  KernelVersion: "6.8.0-45-generic",
  SecurityOptions: ["name=apparmor", "name=seccomp,profile=builtin"],
};
const HERE = { onThisMachine: true, sharesKernel: true, sharesNetwork: true };
const VIRTUAL = { onThisMachine: true, sharesKernel: false, sharesNetwork: false };
const ELSEWHERE = { onThisMachine: false, sharesKernel: false, sharesNetwork: false };

test("is here with this machine's host name and kernel, by socket and by TCP", () => {
  expect(judgePlace(DOCKER, LINUX)).toEqual(HERE);
  expect(judgePlace(DOCKER, { ...LINUX, bySocket: false })).toEqual(HERE);
});

test("is elsewhere with another host name or kernel, even at an own address", () => {
  for (const bySocket of [true, false]) {
    const tunnel = { ...LINUX, bySocket };
    expect(judgePlace({ ...DOCKER, Name: "build-7" }, tunnel)).toEqual(ELSEWHERE);
    expect(judgePlace({ ...DOCKER, KernelVersion: "6.1.0" }, tunnel)).toEqual(ELSEWHERE);
    expect(judgePlace({}, tunnel)).toEqual(ELSEWHERE);
  }
});

test("is elsewhere if its address is not this machine's, as in a container", () => {
  expect(judgePlace(DOCKER, { ...LINUX, hostIsHere: false })).toEqual(ELSEWHERE);
});

test("rootless Docker shares the kernel, and not the network", () => {
  const rootless = { ...DOCKER, SecurityOptions: ["name=seccomp,profile=builtin", "name=rootless"] };
  expect(judgePlace(rootless, LINUX)).toEqual({ ...HERE, sharesNetwork: false });
  expect(judgePlace({ ...DOCKER, SecurityOptions: null }, LINUX)).toEqual(HERE);
});

test.for(["Docker Desktop", "OrbStack", "Rancher Desktop WSL Distribution"])(
  "%s runs in a virtual machine of this machine",
  (OperatingSystem) => {
    const info = { ...DOCKER, Name: "vm", OperatingSystem };
    for (const platform of ["linux", "darwin", "win32"] as const) {
      expect(judgePlace(info, { ...LINUX, platform, bySocket: false })).toEqual(VIRTUAL);
    }
    expect(judgePlace({ ...info, Name: "laptop" }, LINUX)).toEqual(VIRTUAL);
  },
);

test("is in a virtual machine if reached by a socket outside Linux, elsewhere by TCP", () => {
  const colima = { ...DOCKER, Name: "colima" };
  for (const platform of ["darwin", "win32"] as const) {
    expect(judgePlace(colima, { ...LINUX, platform })).toEqual(VIRTUAL);
    expect(judgePlace(colima, { ...LINUX, platform, bySocket: false })).toEqual(ELSEWHERE);
  }
});
