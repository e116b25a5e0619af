import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitSlots } from "../../plan/slots.ts";
import { Keyspace } from "../keyspace.ts";
import { type Ledger, WRITE_KINDS, type WriteKind } from "../ledger.ts";
import { OperationLog } from "../operation-log.ts";
import type { ForeignValue, ReadBack } from "../read-back.ts";
import { formatToken } from "../token.ts";
import { checkHistory } from "./check-history.ts";

const KEYS = 6;
const WRITERS = 2;
const EPOCH = 1_000_000;

/** What happens to a write. The last three have an unknown outcome: never applied, applied at once, or applied at the end. */
type Fate = "acknowledged" | "failed" | "never" | "at-once" | "late";
interface Step {
  readonly kind: WriteKind;
  readonly key: number;
  readonly fate: Fate | "read";
}

/** A correct store, and the log of its writers. */
class Store {
  readonly keyspace = new Keyspace("t:", KEYS, WRITERS, splitSlots(3));
  readonly log = new OperationLog();
  readonly tokens = Object.fromEntries(
    WRITE_KINDS.map((kind) => [kind, Array.from({ length: KEYS }, (): number[] => [])]),
  ) as Record<WriteKind, number[][]>;
  readonly counters = Array.from({ length: KEYS }, () => 0);
  readonly foreign: ForeignValue[] = [];
  readonly #sequences = [0, 0];
  #late: (() => void)[] = [];
  #now = 0;

  step({ kind, key, fate }: Step): void {
    const writer = this.keyspace.writerOf(key);
    const sentAt = (this.#now += 1);
    const doneAt = (this.#now += 1);
    if (fate === "read") {
      // Each key of this kind is written once. A test of its own covers these reads.
      if (kind === "set") return;
      this.log.append(
        kind,
        true,
        writer,
        key,
        0,
        this.observe(kind, key),
        sentAt,
        doneAt,
        "acknowledged",
        "",
      );
      return;
    }
    const sequence = (this.#sequences[writer] = (this.#sequences[writer] ?? 0) + 1);
    if (fate === "acknowledged" || fate === "at-once") this.apply(kind, key, sequence);
    if (fate === "late") this.#late.push(() => this.apply(kind, key, sequence));
    const acknowledged = fate === "acknowledged";
    const outcome = acknowledged || fate === "failed" ? fate : "unknown";
    const observed = acknowledged && kind === "counter" ? this.observe(kind, key) : 0;
    const word = acknowledged ? "" : fate === "failed" ? "MOVED" : "timeout";
    this.log.append(kind, false, writer, key, sequence, observed, sentAt, doneAt, outcome, word);
  }

  /** Applies the late writes. */
  applyLate(): void {
    for (const apply of this.#late.splice(0)) apply();
  }

  apply(kind: WriteKind, key: number, sequence: number): void {
    if (kind === "counter") this.counters[key] = (this.counters[key] ?? 0) + 1;
    else if (kind === "register") this.tokens.register[key] = [sequence];
    else this.tokens[kind][key]?.push(sequence);
  }

  observe(kind: WriteKind, key: number): number {
    if (kind === "counter") return this.counters[key] ?? 0;
    const tokens = this.tokens[kind][key] ?? [];
    return kind === "register" ? (tokens[0] ?? 0) : tokens.length;
  }

  read(): ReadBack {
    return { sequences: this.tokens, counters: this.counters, foreign: this.foreign };
  }

  check(): Ledger {
    const { log, keyspace } = this;
    const history = {
      log,
      keyspace,
      toEpoch: (at: number) => at + EPOCH,
      keyPrefix: "t:",
      nodeNameOf: () => "node-0",
      endedWriters: [],
      seed: 7,
      timeScale: 1,
      redirects: new Map(),
      startedAt: 0,
      stoppedAt: this.#now,
    };
    return checkHistory(history, this.read());
  }

  /** Returns the rows of the acknowledged writes of the given kinds. */
  acknowledged(...kinds: readonly WriteKind[]): readonly number[] {
    return Array.from({ length: this.log.length }, (_, row) => row).filter(
      (row) =>
        !this.log.isRead(row) &&
        this.log.outcome(row) === "acknowledged" &&
        kinds.includes(this.log.kind(row)),
    );
  }
}

function run(steps: readonly Step[]): Store {
  const store = new Store();
  for (const step of steps) store.step(step);
  store.applyLate();
  return store;
}

const kind = fc.constantFrom(...WRITE_KINDS);
const key = fc.nat({ max: KEYS - 1 });
const anyFate = fc.constantFrom<Step["fate"]>(
  "acknowledged",
  "acknowledged",
  "acknowledged",
  "failed",
  "never",
  "at-once",
  "late",
  "read",
);
const anySteps = fc.array(fc.record({ kind, key, fate: anyFate }), { maxLength: 80 });
const stepsWithCertainOutcome = fc.array(
  fc.record({
    kind,
    key,
    fate: fc.constantFrom<Step["fate"]>("acknowledged", "acknowledged", "failed", "read"),
  }),
  { minLength: 1, maxLength: 80 },
);
/** Random decisions for {@link pick}. */
const choices = fc.infiniteStream(fc.boolean());

function pick(rows: readonly number[], choice: Iterable<boolean>): readonly number[] {
  const iterator = choice[Symbol.iterator]();
  return rows.filter(() => iterator.next().value === true);
}

function names(findings: readonly { readonly key: string; readonly value: string }[]): readonly string[] {
  return findings.map(({ key: name, value }) => `${name} ${value}`).toSorted();
}

function namesOf(store: Store, rows: readonly number[]): readonly string[] {
  const { log, keyspace } = store;
  return rows
    .map((row) => {
      const token = formatToken(log.writer(row), log.sequence(row));
      const value = log.kind(row) === "counter" ? String(log.observed(row)) : token;
      return `${keyspace.name(log.kind(row), log.key(row), token)} ${value}`;
    })
    .toSorted();
}

describe("with a correct store", () => {
  test("reports nothing, whatever happens to writes of unknown outcome", () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const ledger = run(steps).check();
        expect(ledger).toMatchObject({
          lost: [],
          duplicated: [],
          stale: [],
        });
        expect(ledger.unacknowledgedPresent.filter(({ outcome }) => outcome !== "unknown")).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test("counts every attempt once", () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const ledger = run(steps).check();
        const writes = steps.filter(({ fate }) => fate !== "read");
        const acknowledged = writes.filter(({ fate }) => fate === "acknowledged").length;
        const failed = writes.filter(({ fate }) => fate === "failed").length;
        const unknown = writes.length - acknowledged - failed;
        expect(ledger).toMatchObject({ attempts: writes.length, acknowledged, failed, unknown });
        expect(ledger.reads).toBe(steps.length - writes.length - readsOfSets(steps));
        expect(ledger.errors["MOVED"] ?? 0).toBe(failed);
        expect(ledger.errors["timeout"] ?? 0).toBe(unknown);
        expect(ledger.shards.reduce((sum, shard) => sum + shard.acknowledged, 0)).toBe(acknowledged);
      }),
    );
  });

  test("lists unknown writes that are present", () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const store = run(steps.filter(({ kind: own }) => own !== "counter" && own !== "register"));
        const present = steps.filter(
          ({ kind: own, fate }) =>
            own !== "counter" && own !== "register" && (fate === "at-once" || fate === "late"),
        );
        expect(store.check().unacknowledgedPresent).toHaveLength(present.length);
      }),
    );
  });
});

function readsOfSets(steps: readonly Step[]): number {
  return steps.filter((step) => step.fate === "read" && step.kind === "set").length;
}

describe("with a store that was tampered with", () => {
  test("reports each acknowledged token that was deleted, and nothing else", () => {
    fc.assert(
      fc.property(anySteps, choices, (steps, choice) => {
        const store = run(steps);
        const gone = pick(store.acknowledged("set", "append", "member"), choice);
        for (const row of gone) {
          const list = store.tokens[store.log.kind(row)][store.log.key(row)] as number[];
          list.splice(list.indexOf(store.log.sequence(row)), 1);
        }
        const { lost, duplicated } = store.check();
        expect(names(lost)).toEqual(namesOf(store, gone));
        expect(duplicated).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("reports each duplicated token of a list with the number of extra copies", () => {
    fc.assert(
      fc.property(anySteps, choices, fc.integer({ min: 1, max: 300 }), (steps, choice, surplus) => {
        const store = run(steps);
        const duplicates = pick(store.acknowledged("append"), choice).slice(0, 3);
        for (const row of duplicates) {
          for (let copy = 0; copy < surplus; copy += 1) {
            store.apply("append", store.log.key(row), store.log.sequence(row));
          }
        }
        const { lost, duplicated } = store.check();
        expect(lost).toEqual([]);
        expect(names(duplicated)).toEqual(namesOf(store, duplicates));
        for (const write of duplicated) expect(write.surplus).toBe(Math.min(254, surplus));
      }),
    );
  });

  test("reports the acknowledged increments above the value of a reset counter", () => {
    fc.assert(
      fc.property(anySteps, key, fc.nat({ max: 20 }), (steps, victim, decrease) => {
        const store = run(steps);
        const newCount = Math.max(0, (store.counters[victim] ?? 0) - decrease);
        store.counters[victim] = newCount;
        const gone = store
          .acknowledged("counter")
          .filter((row) => store.log.key(row) === victim && store.log.observed(row) > newCount);
        const { lost, duplicated } = store.check();
        expect(names(lost)).toEqual(namesOf(store, gone));
        expect(duplicated).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("reports a counter that was reset during the run and then incremented", () => {
    fc.assert(
      fc.property(stepsWithCertainOutcome, stepsWithCertainOutcome, key, (first, then, victim) => {
        const store = run(first);
        const before = store.counters[victim] ?? 0;
        const gone = store.acknowledged("counter").filter((row) => store.log.key(row) === victim);
        store.counters[victim] = 0;
        for (const step of [...then, { kind: "counter", key: victim, fate: "acknowledged" } as const]) {
          store.step(step);
        }
        const { lost } = store.check();
        expect(names(lost)).toEqual(namesOf(store, gone));
        expect(gone).toHaveLength(before);
      }),
    );
  });

  test("reports a counter that was incremented more often than attempted", () => {
    fc.assert(
      fc.property(stepsWithCertainOutcome, key, fc.integer({ min: 1, max: 9 }), (steps, victim, surplus) => {
        const store = run([{ kind: "counter", key: victim, fate: "never" }, ...steps]);
        store.counters[victim] = (store.counters[victim] ?? 0) + 1 + surplus;
        const { lost, duplicated } = store.check();
        expect(lost).toEqual([]);
        // The write of unknown outcome explains one of the increments.
        expect(duplicated).toMatchObject([{ kind: "counter", surplus, shard: victim % 3 }]);
      }),
    );
  });

  test("reports a register with an older acknowledged value as stale and lost", () => {
    fc.assert(
      fc.property(stepsWithCertainOutcome, key, fc.nat(), (steps, victim, which) => {
        const write: Step = { kind: "register", key: victim, fate: "acknowledged" };
        const store = run([write, ...steps, write]);
        const own = store.acknowledged("register").filter((row) => store.log.key(row) === victim);
        const newest = own.at(-1) as number;
        const older = own[which % (own.length - 1)] as number;
        store.tokens.register[victim] = [store.log.sequence(older)];
        const { lost, stale } = store.check();
        expect(names(lost)).toEqual(namesOf(store, [newest]));
        expect(names(stale)).toEqual(namesOf(store, [newest]));
        expect(stale[0]).toMatchObject({
          seen: "read-back",
          found: formatToken(store.log.writer(older), store.log.sequence(older)),
        });
      }),
    );
  });

  test("reports the newest acknowledged value of each missing register as lost", () => {
    fc.assert(
      fc.property(stepsWithCertainOutcome, choices, (steps, choice) => {
        const store = run(steps);
        const newest = new Map(store.acknowledged("register").map((row) => [store.log.key(row), row]));
        const gone = pick([...newest.values()], choice);
        for (const row of gone) store.tokens.register[store.log.key(row)] = [];
        const { lost, stale } = store.check();
        expect(names(lost)).toEqual(namesOf(store, gone));
        expect(stale).toEqual([]);
      }),
    );
  });

  test("reports a stale read once, and compares the next reads with it", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<WriteKind>("append", "counter", "member", "register"),
        fc.integer({ min: 2, max: 9 }),
        (own, writes) => {
          const store = new Store();
          const acknowledged: Step = { kind: own, key: 1, fate: "acknowledged" };
          const read: Step = { kind: own, key: 1, fate: "read" };
          for (let write = 0; write < writes; write += 1) store.step(acknowledged);
          store.step(read);
          if (own === "register") store.tokens.register[1] = [1];
          else if (own === "counter") store.counters[1] = 1;
          else store.tokens[own][1]?.splice(1);
          store.step(read);
          store.step(read);
          store.step(acknowledged);
          store.step(read);
          const staleReads = store.check().stale.filter(({ seen }) => seen === "read");
          expect(staleReads).toMatchObject([
            { kind: own, found: own === "register" ? formatToken(store.keyspace.writerOf(1), 1) : "1" },
          ]);
        },
      ),
    );
  });
});

test("reports the read of a written key that finds nothing as stale", () => {
  const store = new Store();
  store.step({ kind: "set", key: 0, fate: "acknowledged" });
  store.log.append("set", true, 0, 0, 1, 0, 10, 11, "acknowledged", "");
  expect(store.check().stale).toMatchObject([
    { kind: "set", value: "w0-1", found: "absent", seenAt: EPOCH + 11 },
  ]);
});

test("lists refused writes that are present, and values that were never sent", () => {
  const store = new Store();
  store.step({ kind: "append", key: 0, fate: "failed" });
  store.step({ kind: "register", key: 0, fate: "acknowledged" });
  store.tokens.append[0]?.push(1, 99);
  store.tokens.register[0] = [98];
  store.foreign.push({ kind: "member", key: 2, name: "t:member:x", value: "a foreign value" });
  const { unacknowledgedPresent, lost } = store.check();
  expect(unacknowledgedPresent).toMatchObject([
    { kind: "member", key: "t:member:x", value: "a foreign value", shard: 2, outcome: "never-sent" },
    { kind: "append", value: "w0-99", outcome: "never-sent" },
    { kind: "append", value: "w0-1", outcome: "failed" },
    { kind: "register", value: "w0-98", outcome: "never-sent" },
  ]);
  expect(lost).toMatchObject([{ kind: "register", value: "w0-2" }]);
});

test("checks counters that were set above 32 bits or below zero", () => {
  const store = new Store();
  for (let write = 0; write < 3; write += 1) store.step({ kind: "counter", key: 0, fate: "acknowledged" });
  store.counters[0] = 2 ** 33;
  store.step({ kind: "counter", key: 0, fate: "acknowledged" });
  store.step({ kind: "counter", key: 0, fate: "acknowledged" });
  expect(store.check()).toMatchObject({
    lost: [],
    duplicated: [{ kind: "counter", surplus: 2 ** 33 - 3 }],
  });
  store.counters[0] = -5;
  store.step({ kind: "counter", key: 0, fate: "acknowledged" });
  expect(store.check().lost).toHaveLength(5);
});

test("reports times in milliseconds since the epoch", () => {
  const store = new Store();
  store.step({ kind: "set", key: 0, fate: "acknowledged" });
  store.tokens.set[0] = [];
  expect(store.check()).toMatchObject({
    lost: [{ shard: 0, sentAt: EPOCH + 1, acknowledgedAt: EPOCH + 2 }],
    startedAt: EPOCH,
    stoppedAt: EPOCH + 2,
    seed: 7,
  });
});
