import { expect, test } from "vitest";
import { deriveTraits } from "./engine-traits.ts";

const DOCKER = { CgroupDriver: "systemd", CgroupVersion: "2" };
const PODMAN = { ...DOCKER, BuildahVersion: "1.28.2", ServerVersion: "4.3.1", Rootless: false };

test("Podman differs from Docker, and its versions from each other", () => {
  const docker = {
    createsBridgesLate: false,
    bindsExposedPorts: false,
    takesWildcardLiterally: false,
    forgetsIsolation: false,
    answersLogsLate: false,
    writesLogsLate: false,
    hidesTmp: false,
    removalsAtOnce: Number.POSITIVE_INFINITY,
    cgroupObstacle: undefined,
    limits: { memoryMb: true, cpus: true, pidsLimit: true },
  };
  expect(deriveTraits(DOCKER)).toEqual(docker);
  expect(deriveTraits({})).toEqual(docker);
  expect(deriveTraits(PODMAN)).toEqual({
    ...docker,
    createsBridgesLate: true,
    bindsExposedPorts: true,
    takesWildcardLiterally: true,
    forgetsIsolation: true,
    answersLogsLate: true,
    writesLogsLate: true,
    hidesTmp: true,
  });
  expect(deriveTraits({ ...PODMAN, ServerVersion: "5.4.2" })).toEqual({
    ...docker,
    createsBridgesLate: true,
    answersLogsLate: true,
    writesLogsLate: true,
    hidesTmp: true,
  });
});

test.for([
  ["3.4.4", false],
  ["4.3.1", true],
  ["5.0.1", true],
  ["5.0.2", false],
  ["5.4.2", false],
] as const)("Podman %s may forget that networks are separated: %s", ([ServerVersion, forgets]) => {
  expect(deriveTraits({ ...PODMAN, ServerVersion }).forgetsIsolation).toBe(forgets);
  expect(deriveTraits({ ...DOCKER, ServerVersion }).forgetsIsolation).toBe(false);
});

test.for([
  ["Docker without root, cgroups v1", { CgroupDriver: "none", CgroupVersion: "1" }, true],
  ["Docker without root, cgroups v2", DOCKER, false],
  ["Docker with cgroups v1", { CgroupDriver: "cgroupfs", CgroupVersion: "1" }, false],
  ["Podman without root, cgroups v1", { ...PODMAN, Rootless: true, CgroupVersion: "1" }, true],
  ["Podman without root, cgroups v2", { ...PODMAN, Rootless: true }, false],
  ["Podman with cgroups v1", { ...PODMAN, CgroupVersion: "1" }, false],
] as const)("%s: pauses and limits are rejected: %o", ([, info, isRejected]) => {
  const { cgroupObstacle, limits } = deriveTraits(info);
  expect(limits).toEqual({ memoryMb: !isRejected, cpus: !isRejected, pidsLimit: !isRejected });
  if (isRejected) expect(cgroupObstacle).toMatch(/without cgroups v2/);
  else expect(cgroupObstacle).toBeUndefined();
});

test.for([
  ["20.10.24+dfsg1", 1],
  ["20.10.26", 1],
  ["20.10.27", Number.POSITIVE_INFINITY],
  ["26.1.5+dfsg1", Number.POSITIVE_INFINITY],
  ["unknown", Number.POSITIVE_INFINITY],
] as const)("Docker %s may remove %d containers of a network at the same time", ([ServerVersion, atOnce]) => {
  expect(deriveTraits({ ...DOCKER, ServerVersion }).removalsAtOnce).toBe(atOnce);
  expect(deriveTraits({ ...PODMAN, ServerVersion }).removalsAtOnce).toBe(Number.POSITIVE_INFINITY);
});

test("an engine may lack single limits", () => {
  const { cgroupObstacle, limits } = deriveTraits({ ...DOCKER, CpuCfsQuota: false, PidsLimit: true });
  expect(cgroupObstacle).toBeUndefined();
  expect(limits).toEqual({ memoryMb: true, cpus: false, pidsLimit: true });
});
