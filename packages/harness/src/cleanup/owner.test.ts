import { expect, test } from "vitest";
import { type Here, judgeOwner, type Owner, ownerFilter, ownerLabels, parseOwner, UNKNOWN } from "./owner.ts";
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
const HERE: Here = { ...OWNER, hasEngine: true };
const SAME: ProcessState = { kind: "running", startedAt: OWNER.startedAt };

/** The verdict over OWNER's things from a place that differs from OWNER's in what is given. */
function seenFrom(
  place: Partial<Here>,
  state: ProcessState,
  owner: Owner | undefined = OWNER,
): Promise<string> {
  return judgeOwner(owner, { ...HERE, ...place }, () => Promise.resolve(state));
}

test("an owner that is written to labels is read back whole", () => {
  expect(parseOwner(ownerLabels(OWNER))).toEqual(OWNER);
});

test("the filter names what tells owners apart, and not what several have", () => {
  const other = { ...OWNER, project: "/elsewhere", version: "2.0.0" };
  expect(ownerFilter(other)).toEqual(ownerFilter(OWNER));
  for (const field of ["machine", "boot", "pidNamespace", "user", "startedAt"] as const) {
    expect(ownerFilter({ ...OWNER, [field]: "other" })).not.toEqual(ownerFilter(OWNER));
  }
  expect(ownerFilter({ ...OWNER, pid: 1 })).not.toEqual(ownerFilter(OWNER));
});

test("a process that runs is alive", async () => {
  expect(await seenFrom({}, SAME)).toBe("owner-alive");
});

test("a process that is gone leaves orphans", async () => {
  expect(await seenFrom({}, { kind: "gone" })).toBe("orphan");
});

test("the same number with another start is another process, and the owner is gone", async () => {
  expect(await seenFrom({}, { kind: "running", startedAt: "1000000" })).toBe("orphan");
});

test("where a start is not known, the number alone says that the owner lives", async () => {
  expect(await seenFrom({}, { kind: "running", startedAt: undefined })).toBe("owner-alive");
  expect(await seenFrom({}, SAME, { ...OWNER, startedAt: UNKNOWN })).toBe("owner-alive");
});

test("nothing survives a boot, whatever process has the number and the start now", async () => {
  expect(await seenFrom({ boot: "ffffffff-0000-4000-8000-00000000000f" }, SAME)).toBe("orphan");
});

test("a boot that is only a time decides nothing: clocks are set", async () => {
  const owner = { ...OWNER, boot: "since 2026-01-01T08:00" };
  expect(await seenFrom({ boot: "since 2026-01-01T09:30" }, SAME, owner)).toBe("owner-alive");
});

test("what another machine owns is never ours, not after a boot and not where the process seems gone", async () => {
  expect(await seenFrom({ machine: "0000000000000000" }, { kind: "gone" })).toBe("other-machine");
  const elsewhere = { machine: "0000000000000000", boot: "ffffffff-0000-4000-8000-00000000000f" };
  expect(await seenFrom(elsewhere, { kind: "gone" })).toBe("other-machine");
});

test("on a remote engine only the same boot proves that the machine is no clone", async () => {
  const away = { hasEngine: false };
  const rebooted = { ...away, boot: "ffffffff-0000-4000-8000-00000000000f" };
  expect(await seenFrom(rebooted, { kind: "gone" })).toBe("other-machine");
  expect(await seenFrom(rebooted, SAME)).toBe("other-machine");
  expect(await seenFrom(away, { kind: "gone" })).toBe("orphan");
  expect(await seenFrom(away, SAME)).toBe("owner-alive");
});

test("without boot ids, clones cannot be told apart on a remote engine", async () => {
  const owner = { ...OWNER, boot: "since 2026-01-01T08:00" };
  const place = { boot: owner.boot, hasEngine: false };
  expect(await seenFrom(place, { kind: "gone" }, owner)).toBe("other-machine");
  expect(await seenFrom({ ...place, hasEngine: true }, { kind: "gone" }, owner)).toBe("orphan");
});

test("a boot with an id and one without are not compared", async () => {
  const owner = { ...OWNER, boot: "since 2026-01-01T08:00" };
  expect(await seenFrom({}, { kind: "gone" }, owner)).toBe("other-machine");
});

test("two users without a name are two users", async () => {
  const owner = { ...OWNER, user: UNKNOWN };
  expect(await seenFrom({ user: UNKNOWN }, { kind: "gone" }, owner)).toBe("other-user");
});

test("two machines without a name are two machines", async () => {
  const owner = { ...OWNER, machine: UNKNOWN };
  expect(await seenFrom({ machine: UNKNOWN }, { kind: "gone" }, owner)).toBe("other-machine");
});

test("another user's is not touched, not even after a boot", async () => {
  expect(await seenFrom({ user: "1001" }, { kind: "gone" })).toBe("other-user");
  const rebooted = { user: "1001", boot: "ffffffff-0000-4000-8000-00000000000f" };
  expect(await seenFrom(rebooted, { kind: "gone" })).toBe("other-user");
});

test("what a container's process owns is not judged by the numbers outside", async () => {
  expect(await seenFrom({ pidNamespace: "4026532999" }, { kind: "gone" })).toBe("out-of-sight");
});

test.for(Object.keys(ownerLabels(OWNER)))("without the label %s nothing is touched", async (label) => {
  const { [label]: _, ...rest } = ownerLabels(OWNER);
  expect(parseOwner(rest)).toBeUndefined();
  expect(
    await judgeOwner(parseOwner(rest), HERE, () => Promise.reject(new Error("nobody was to be looked up"))),
  ).toBe("unreadable");
});

test.for(["0", "-1", "1e3", "12 ", "x", "99999999999"])("the process number %o is unreadable", (pid) => {
  const labels = ownerLabels(OWNER);
  const name = Object.keys(labels).find((each) => each.endsWith("owner.pid")) ?? "";
  expect(parseOwner({ ...labels, [name]: pid })).toBeUndefined();
});
