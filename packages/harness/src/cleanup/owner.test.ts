import { expect, test } from "vitest";
import {
  classifyOwner,
  type LocalHost,
  type Owner,
  ownerFilter,
  ownerLabels,
  parseOwner,
  UNKNOWN,
} from "./owner.ts";
import type { ProcessState } from "./process-state.ts";

const OWNER: Owner = {
  machine: "5f0c2a9b1d3e4f60",
  boot: "0a1b2c3d-0000-4000-8000-00000000000a",
  pidNamespace: "4026531836",
  user: "1000",
  pid: 4242,
  startedAt: "987654",
  project: "/home/ana/shop",
  version: "1.2.3",
};
const HERE: LocalHost = { ...OWNER, hasEngine: true };
const RUNNING: ProcessState = { kind: "running", startedAt: OWNER.startedAt };

/** Classifies an owner on a host that differs from the host of OWNER in the given properties. */
function classifyOn(
  host: Partial<LocalHost>,
  state: ProcessState,
  owner: Owner | undefined = OWNER,
): Promise<string> {
  return classifyOwner(owner, { ...HERE, ...host }, () => Promise.resolve(state));
}

test("parseOwner returns the owner whose labels ownerLabels has created", () => {
  expect(parseOwner(ownerLabels(OWNER))).toEqual(OWNER);
});

test("the filter of an owner does not depend on its project and version", () => {
  const other = { ...OWNER, project: "/elsewhere", version: "2.0.0" };
  expect(ownerFilter(other)).toEqual(ownerFilter(OWNER));
  for (const field of ["machine", "boot", "pidNamespace", "user", "startedAt"] as const) {
    expect(ownerFilter({ ...OWNER, [field]: "other" })).not.toEqual(ownerFilter(OWNER));
  }
  expect(ownerFilter({ ...OWNER, pid: 1 })).not.toEqual(ownerFilter(OWNER));
});

test("an owner is alive if its process runs", async () => {
  expect(await classifyOn({}, RUNNING)).toBe("owner-alive");
});

test("a resource is an orphan if the process of its owner has ended", async () => {
  expect(await classifyOn({}, { kind: "gone" })).toBe("orphan");
});

test("a resource is an orphan if another process has the process id of its owner", async () => {
  expect(await classifyOn({}, { kind: "running", startedAt: "1000000" })).toBe("orphan");
});

test("an owner with an unknown start is alive if a process has its process id", async () => {
  expect(await classifyOn({}, { kind: "running", startedAt: undefined })).toBe("owner-alive");
  expect(await classifyOn({}, RUNNING, { ...OWNER, startedAt: UNKNOWN })).toBe("owner-alive");
});

test("a resource is an orphan after a reboot, even if the process seems to run", async () => {
  expect(await classifyOn({ boot: "ffffffff-0000-4000-8000-00000000000f" }, RUNNING)).toBe("orphan");
});

test("an owner is alive if only the time of the boot differs", async () => {
  const owner = { ...OWNER, boot: "since 2026-01-01T08:00" };
  expect(await classifyOn({ boot: "since 2026-01-01T09:30" }, RUNNING, owner)).toBe("owner-alive");
});

test("a resource of another machine is never an orphan", async () => {
  expect(await classifyOn({ machine: "0000000000000000" }, { kind: "gone" })).toBe("other-machine");
  const elsewhere = { machine: "0000000000000000", boot: "ffffffff-0000-4000-8000-00000000000f" };
  expect(await classifyOn(elsewhere, { kind: "gone" })).toBe("other-machine");
});

test("a resource on a remote engine is an orphan only within the same boot", async () => {
  const remote = { hasEngine: false };
  const rebooted = { ...remote, boot: "ffffffff-0000-4000-8000-00000000000f" };
  expect(await classifyOn(rebooted, { kind: "gone" })).toBe("other-machine");
  expect(await classifyOn(rebooted, RUNNING)).toBe("other-machine");
  expect(await classifyOn(remote, { kind: "gone" })).toBe("orphan");
  expect(await classifyOn(remote, RUNNING)).toBe("owner-alive");
});

test("a resource on a remote engine is never an orphan if the boot has no id", async () => {
  const owner = { ...OWNER, boot: "since 2026-01-01T08:00" };
  const remote = { boot: owner.boot, hasEngine: false };
  expect(await classifyOn(remote, { kind: "gone" }, owner)).toBe("other-machine");
  expect(await classifyOn({ ...remote, hasEngine: true }, { kind: "gone" }, owner)).toBe("orphan");
});

test("an owner is on another machine if only one boot has an id", async () => {
  const owner = { ...OWNER, boot: "since 2026-01-01T08:00" };
  expect(await classifyOn({}, { kind: "gone" }, owner)).toBe("other-machine");
});

test("an owner is another user if both users are unknown", async () => {
  const owner = { ...OWNER, user: UNKNOWN };
  expect(await classifyOn({ user: UNKNOWN }, { kind: "gone" }, owner)).toBe("other-user");
});

test("an owner is on another machine if both machines are unknown", async () => {
  const owner = { ...OWNER, machine: UNKNOWN };
  expect(await classifyOn({ machine: UNKNOWN }, { kind: "gone" }, owner)).toBe("other-machine");
});

test("a resource of another user is never an orphan", async () => {
  expect(await classifyOn({ user: "1001" }, { kind: "gone" })).toBe("other-user");
  const rebooted = { user: "1001", boot: "ffffffff-0000-4000-8000-00000000000f" };
  expect(await classifyOn(rebooted, { kind: "gone" })).toBe("other-user");
});

test("a resource of another PID namespace is out of sight", async () => {
  expect(await classifyOn({ pidNamespace: "4026532999" }, { kind: "gone" })).toBe("out-of-sight");
});

test.for(Object.keys(ownerLabels(OWNER)))("an owner without the label %s is unreadable", async (label) => {
  const { [label]: _, ...rest } = ownerLabels(OWNER);
  expect(parseOwner(rest)).toBeUndefined();
  expect(
    await classifyOwner(parseOwner(rest), HERE, () => Promise.reject(new Error("must not be called"))),
  ).toBe("unreadable");
});

test.for(["0", "-1", "1e3", "12 ", "x", "99999999999"])(
  "an owner with the process id %o is unreadable",
  (pid) => {
    const labels = ownerLabels(OWNER);
    const name = Object.keys(labels).find((label) => label.endsWith("owner.pid")) ?? "";
    expect(parseOwner({ ...labels, [name]: pid })).toBeUndefined();
  },
);
