import { expect, test } from "vitest";
import { deriveTraits } from "./engine-traits.ts";

const DOCKER = { CgroupDriver: "systemd", CgroupVersion: "2" };
const PODMAN = { ...DOCKER, BuildahVersion: "1.28.2", ServerVersion: "4.3.1", Rootless: false };

test("Podman differs from Docker, and its versions from each other", () => {
  const docker = {
    createsBridgesLate: false,
    bindsExposedPorts: false,
    takesWildcardLiterally: false,
    pauseObstacle: undefined,
  };
  expect(deriveTraits(DOCKER)).toEqual(docker);
  expect(deriveTraits({})).toEqual(docker);
  expect(deriveTraits(PODMAN)).toEqual({
    ...docker,
    createsBridgesLate: true,
    bindsExposedPorts: true,
    takesWildcardLiterally: true,
  });
  expect(deriveTraits({ ...PODMAN, ServerVersion: "5.4.2" })).toEqual({
    ...docker,
    createsBridgesLate: true,
  });
});

test.for([
  ["Docker without root, cgroups v1", { CgroupDriver: "none", CgroupVersion: "1" }, true],
  ["Docker without root, cgroups v2", DOCKER, false],
  ["Docker with cgroups v1", { CgroupDriver: "cgroupfs", CgroupVersion: "1" }, false],
  ["Podman without root, cgroups v1", { ...PODMAN, Rootless: true, CgroupVersion: "1" }, true],
  ["Podman without root, cgroups v2", { ...PODMAN, Rootless: true }, false],
  ["Podman with cgroups v1", { ...PODMAN, CgroupVersion: "1" }, false],
] as const)("%s: pauses are rejected: %o", ([, info, isRejected]) => {
  const { pauseObstacle } = deriveTraits(info);
  if (isRejected) expect(pauseObstacle).toMatch(/without cgroups v2/);
  else expect(pauseObstacle).toBeUndefined();
});
