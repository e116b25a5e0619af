import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitSlots } from "../../plan/slots.ts";
import { checkHistory } from "./check-history.ts";
import { Keyspace } from "../keyspace.ts";
import { type Ledger, WRITE_KINDS, type WriteKind } from "../ledger.ts";
import { OperationLog } from "../operation-log.ts";
import type { ForeignValue, ReadBack } from "../read-back.ts";
import { formatToken } from "../token.ts";

const KEYS = 6;
const WRITERS = 2;
const EPOCH = 1_000_000;

/** What becomes of a write of unknown outcome: never applied, applied at once, or by the end of the run. */
type Fate = "acknowledged" | "failed" | "never" | "at-once" | "late";
interface Step {
  readonly kind: WriteKind;
  readonly key: number;
  readonly fate: Fate | "read";
}

/** A store that keeps its promises, and the log of those who used it. */
class World {
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
      // Of a key that is written once there is nothing to choose from here.
      if (kind === "set") return;
      this.log.append(kind, true, writer, key, 0, this.level(kind, key), sentAt, doneAt, "acknowledged", "");
      return;
    }
    const sequence = (this.#sequences[writer] = (this.#sequences[writer] ?? 0) + 1);
    if (fate === "acknowledged" || fate === "at-once") this.apply(kind, key, sequence);
    if (fate === "late") this.#late.push(() => this.apply(kind, key, sequence));
    const acknowledged = fate === "acknowledged";
    const outcome = acknowledged || fate === "failed" ? fate : "unknown";
    const observed = acknowledged && kind === "counter" ? this.level(kind, key) : 0;
    const word = acknowledged ? "" : fate === "failed" ? "MOVED" : "timeout";
    this.log.append(kind, false, writer, key, sequence, observed, sentAt, doneAt, outcome, word);
  }

  /** What was given up is applied now. */
  settle(): void {
    for (const apply of this.#late.splice(0)) apply();
  }

  apply(kind: WriteKind, key: number, sequence: number): void {
    if (kind === "counter") this.counters[key] = (this.counters[key] ?? 0) + 1;
    else if (kind === "register") this.tokens.register[key] = [sequence];
    else this.tokens[kind][key]?.push(sequence);
  }

  level(kind: WriteKind, key: number): number {
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

  /** All rows of writes of a kind, or of some, that were acknowledged. */
  acknowledged(...kinds: readonly WriteKind[]): readonly number[] {
    return Array.from({ length: this.log.length }, (_, row) => row).filter(
      (row) =>
        !this.log.isRead(row) &&
        this.log.outcome(row) === "acknowledged" &&
        kinds.includes(this.log.kind(row)),
    );
  }
}

function run(steps: readonly Step[]): World {
  const world = new World();
  for (const step of steps) world.step(step);
  world.settle();
  return world;
}

const kind = fc.constantFrom(...WRITE_KINDS);
const key = fc.nat({ max: KEYS - 1 });
const fates = fc.constantFrom<Step["fate"]>(
  "acknowledged",
  "acknowledged",
  "acknowledged",
  "failed",
  "never",
  "at-once",
  "late",
  "read",
);
const history = fc.array(fc.record({ kind, key, fate: fates }), { maxLength: 80 });
const certain = fc.array(
  fc.record({
    kind,
    key,
    fate: fc.constantFrom<Step["fate"]>("acknowledged", "acknowledged", "failed", "read"),
  }),
  { minLength: 1, maxLength: 80 },
);
/** Which of many, by chance. */
const picks = fc.infiniteStream(fc.boolean());

function chosen(rows: readonly number[], chance: Iterable<boolean>): readonly number[] {
  const next = chance[Symbol.iterator]();
  return rows.filter(() => next.next().value === true);
}

function names(findings: readonly { readonly key: string; readonly value: string }[]): readonly string[] {
  return findings.map(({ key: name, value }) => `${name} ${value}`).toSorted();
}

function namesOf(world: World, rows: readonly number[]): readonly string[] {
  const { log, keyspace } = world;
  return rows
    .map((row) => {
      const token = formatToken(log.writer(row), log.sequence(row));
      const value = log.kind(row) === "counter" ? String(log.observed(row)) : token;
      return `${keyspace.name(log.kind(row), log.key(row), token)} ${value}`;
    })
    .toSorted();
}

describe("a store that keeps its promises", () => {
  test("is blamed for nothing, whatever became of the unknown writes", () => {
    fc.assert(
      fc.property(history, (steps) => {
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

  test("every attempt is counted once", () => {
    fc.assert(
      fc.property(history, (steps) => {
        const ledger = run(steps).check();
        const writes = steps.filter(({ fate }) => fate !== "read");
        const acknowledged = writes.filter(({ fate }) => fate === "acknowledged").length;
        const failed = writes.filter(({ fate }) => fate === "failed").length;
        const unknown = writes.length - acknowledged - failed;
        expect(ledger).toMatchObject({ attempts: writes.length, acknowledged, failed, unknown });
        expect(ledger.reads).toBe(steps.length - writes.length - readsOfSets(steps));
        expect(ledger.errors["MOVED"] ?? 0).toBe(failed);
        expect(ledger.errors["timeout"] ?? 0).toBe(unknown);
        expect(ledger.shards.reduce((sum, each) => sum + each.acknowledged, 0)).toBe(acknowledged);
      }),
    );
  });

  test("unknown writes that are there are listed, and are no fault", () => {
    fc.assert(
      fc.property(history, (steps) => {
        const world = run(steps.filter(({ kind: each }) => each !== "counter" && each !== "register"));
        const present = steps.filter(
          ({ kind: each, fate }) =>
            each !== "counter" && each !== "register" && (fate === "at-once" || fate === "late"),
        );
        expect(world.check().unacknowledgedPresent).toHaveLength(present.length);
      }),
    );
  });
});

function readsOfSets(steps: readonly Step[]): number {
  return steps.filter((step) => step.fate === "read" && step.kind === "set").length;
}

describe("behind its back", () => {
  test("each acknowledged token that is deleted is reported, and nothing else", () => {
    fc.assert(
      fc.property(history, picks, (steps, chance) => {
        const world = run(steps);
        const gone = chosen(world.acknowledged("set", "append", "member"), chance);
        for (const row of gone) {
          const list = world.tokens[world.log.kind(row)][world.log.key(row)] as number[];
          list.splice(list.indexOf(world.log.sequence(row)), 1);
        }
        const { lost, duplicated } = world.check();
        expect(names(lost)).toEqual(namesOf(world, gone));
        expect(duplicated).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("each token that is twice in a list is reported, with how often it is there too much", () => {
    fc.assert(
      fc.property(history, picks, fc.integer({ min: 1, max: 300 }), (steps, chance, surplus) => {
        const world = run(steps);
        const twice = chosen(world.acknowledged("append"), chance).slice(0, 3);
        for (const row of twice) {
          for (let copy = 0; copy < surplus; copy += 1) {
            world.apply("append", world.log.key(row), world.log.sequence(row));
          }
        }
        const { lost, duplicated } = world.check();
        expect(lost).toEqual([]);
        expect(names(duplicated)).toEqual(namesOf(world, twice));
        for (const each of duplicated) expect(each.surplus).toBe(Math.min(254, surplus));
      }),
    );
  });

  test("a counter that was set back names each acknowledged increment above, even where unknown ones hide it", () => {
    fc.assert(
      fc.property(history, key, fc.nat({ max: 20 }), (steps, victim, back) => {
        const world = run(steps);
        const to = Math.max(0, (world.counters[victim] ?? 0) - back);
        world.counters[victim] = to;
        const gone = world
          .acknowledged("counter")
          .filter((row) => world.log.key(row) === victim && world.log.observed(row) > to);
        const { lost, duplicated } = world.check();
        expect(names(lost)).toEqual(namesOf(world, gone));
        expect(duplicated).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("a counter that was set back during the run and went on is reported all the same", () => {
    fc.assert(
      fc.property(certain, certain, key, (first, then, victim) => {
        const world = run(first);
        const before = world.counters[victim] ?? 0;
        const gone = world.acknowledged("counter").filter((row) => world.log.key(row) === victim);
        world.counters[victim] = 0;
        for (const step of [...then, { kind: "counter", key: victim, fate: "acknowledged" } as const]) {
          world.step(step);
        }
        const { lost } = world.check();
        expect(names(lost)).toEqual(namesOf(world, gone));
        expect(gone).toHaveLength(before);
      }),
    );
  });

  test("a counter that was incremented more often than the attempts explain is reported", () => {
    fc.assert(
      fc.property(certain, key, fc.integer({ min: 1, max: 9 }), (steps, victim, surplus) => {
        const world = run([{ kind: "counter", key: victim, fate: "never" }, ...steps]);
        world.counters[victim] = (world.counters[victim] ?? 0) + 1 + surplus;
        const { lost, duplicated } = world.check();
        expect(lost).toEqual([]);
        // The write of unknown outcome explains one of them.
        expect(duplicated).toMatchObject([{ kind: "counter", surplus, shard: victim % 3 }]);
      }),
    );
  });

  test("a register that went back to an older acknowledged value is both stale and its newest value lost", () => {
    fc.assert(
      fc.property(certain, key, fc.nat(), (steps, victim, which) => {
        const write: Step = { kind: "register", key: victim, fate: "acknowledged" };
        const world = run([write, ...steps, write]);
        const own = world.acknowledged("register").filter((row) => world.log.key(row) === victim);
        const newest = own.at(-1) as number;
        const older = own[which % (own.length - 1)] as number;
        world.tokens.register[victim] = [world.log.sequence(older)];
        const { lost, stale } = world.check();
        expect(names(lost)).toEqual(namesOf(world, [newest]));
        expect(names(stale)).toEqual(namesOf(world, [newest]));
        expect(stale[0]).toMatchObject({
          seen: "read-back",
          found: formatToken(world.log.writer(older), world.log.sequence(older)),
        });
      }),
    );
  });

  test("each register that is gone has lost its newest acknowledged value", () => {
    fc.assert(
      fc.property(certain, picks, (steps, chance) => {
        const world = run(steps);
        const newest = new Map(world.acknowledged("register").map((row) => [world.log.key(row), row]));
        const gone = chosen([...newest.values()], chance);
        for (const row of gone) world.tokens.register[world.log.key(row)] = [];
        const { lost, stale } = world.check();
        expect(names(lost)).toEqual(namesOf(world, gone));
        expect(stale).toEqual([]);
      }),
    );
  });

  test("a read that goes back is told once, and the next ones are measured by it", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<WriteKind>("append", "counter", "member", "register"),
        fc.integer({ min: 2, max: 9 }),
        (each, writes) => {
          const world = new World();
          const acknowledged: Step = { kind: each, key: 1, fate: "acknowledged" };
          const read: Step = { kind: each, key: 1, fate: "read" };
          for (let write = 0; write < writes; write += 1) world.step(acknowledged);
          world.step(read);
          if (each === "register") world.tokens.register[1] = [1];
          else if (each === "counter") world.counters[1] = 1;
          else world.tokens[each][1]?.splice(1);
          world.step(read);
          world.step(read);
          world.step(acknowledged);
          world.step(read);
          const told = world.check().stale.filter(({ seen }) => seen === "read");
          expect(told).toMatchObject([
            { kind: each, found: each === "register" ? formatToken(world.keyspace.writerOf(1), 1) : "1" },
          ]);
        },
      ),
    );
  });
});

test("a key that was written once and is not there for its writer is a read that went back", () => {
  const world = new World();
  world.step({ kind: "set", key: 0, fate: "acknowledged" });
  world.log.append("set", true, 0, 0, 1, 0, 10, 11, "acknowledged", "");
  expect(world.check().stale).toMatchObject([
    { kind: "set", value: "w0-1", found: "absent", seenAt: EPOCH + 11 },
  ]);
});

test("a refused write that is there, and values that nobody sent, are told as such", () => {
  const world = new World();
  world.step({ kind: "append", key: 0, fate: "failed" });
  world.step({ kind: "register", key: 0, fate: "acknowledged" });
  world.tokens.append[0]?.push(1, 99);
  world.tokens.register[0] = [98];
  world.foreign.push({ kind: "member", key: 2, name: "t:member:x", value: "somebody else's" });
  const { unacknowledgedPresent, lost } = world.check();
  expect(unacknowledgedPresent).toMatchObject([
    { kind: "member", key: "t:member:x", value: "somebody else's", shard: 2, outcome: "never-sent" },
    { kind: "append", value: "w0-99", outcome: "never-sent" },
    { kind: "append", value: "w0-1", outcome: "failed" },
    { kind: "register", value: "w0-98", outcome: "never-sent" },
  ]);
  expect(lost).toMatchObject([{ kind: "register", value: "w0-2" }]);
});

test("a counter that somebody has set beyond 32 bits, or below zero, is judged by its true counts", () => {
  const world = new World();
  for (let write = 0; write < 3; write += 1) world.step({ kind: "counter", key: 0, fate: "acknowledged" });
  world.counters[0] = 2 ** 33;
  world.step({ kind: "counter", key: 0, fate: "acknowledged" });
  world.step({ kind: "counter", key: 0, fate: "acknowledged" });
  expect(world.check()).toMatchObject({
    lost: [],
    duplicated: [{ kind: "counter", surplus: 2 ** 33 - 3 }],
  });
  world.counters[0] = -5;
  world.step({ kind: "counter", key: 0, fate: "acknowledged" });
  expect(world.check().lost).toHaveLength(5);
});

test("times of findings are milliseconds since the epoch", () => {
  const world = new World();
  world.step({ kind: "set", key: 0, fate: "acknowledged" });
  world.tokens.set[0] = [];
  expect(world.check()).toMatchObject({
    lost: [{ shard: 0, sentAt: EPOCH + 1, acknowledgedAt: EPOCH + 2 }],
    startedAt: EPOCH,
    stoppedAt: EPOCH + 2,
    seed: 7,
  });
});
