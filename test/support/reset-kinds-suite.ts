import { type ResetReport, type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stopAfterManyRestarts } from "./engine.ts";
import { type Kind, KINDS, type Scene, Wires } from "./reset-kinds.ts";
import { nobodyTakesOver } from "./unnoticed.ts";

/** What was seen of a kind of state. */
interface Seen {
  readonly before: unknown;
  readonly left: unknown;
  readonly after: unknown;
  readonly report: ResetReport;
}

/** Several kinds that are left together, by the index of the node. */
type Round = ReadonlyMap<Kind, number>;

/**
 * Declares the tests that leave every kind of state on a cluster and look for it after a reset. Kinds share a reset if
 * they do not hide each other.
 */
export function describeKinds(name: string, image: string | undefined): void {
  describe(`a reset of ${name}`, () => {
    const kinds = KINDS.filter(({ missingOn }) => missingOn?.(name) !== true);
    const seen = new Map<Kind, Seen>();
    const keysAfterKill: number[] = [];
    let cluster: StartedRedisCluster;

    beforeAll(async () => {
      cluster = await startRedisCluster({
        image,
        nodeTimeoutMs: 2_000,
        config: { "enable-debug-command": "yes" },
      });
      for (const [index, round] of roundsOf(kinds).entries()) {
        await play(cluster, round, seen);
        // The second round has left snapshots: no key may come back with a process.
        if (index === 1) keysAfterKill.push(...(await keysAfterKills(cluster)));
      }
    });
    afterAll(async () => {
      await stopAfterManyRestarts(cluster);
    });

    test.for(kinds)("leaves no trace of $name ($outcome)", (kind) => {
      const { before, left, after, report } = seen.get(kind) as Seen;
      expect(report.because ?? "").not.toContain("not enough");
      if (kind.outcome === "replaced") {
        expect(left, "the process while the state was left").toEqual(before);
        expect(after, "the process after the reset").not.toEqual(before);
      } else {
        expect(left, "the state that was left").not.toEqual(before);
        expect(after, "the state after the reset").toEqual(before);
        expect(report).toMatchObject({ way: "cleaned", restarted: [] });
      }
    });

    test("leaves no file from which keys come back after a kill", () => {
      expect(keysAfterKill).toEqual([0, 0, 0]);
    });
  });
}

/** One round for what commands restore; others for what costs processes, each kind on a node of its own. */
function roundsOf(kinds: readonly Kind[]): readonly Round[] {
  const restored = kinds.filter(({ outcome }) => outcome === "restored");
  const rounds: Map<Kind, number>[] = [new Map(restored.map((kind) => [kind, homeOf(kind)]))];
  for (const kind of kinds.filter(({ outcome }) => outcome === "replaced")) {
    const nodes = kind.on === "replica" ? [3, 4, 5] : [0, 1, 2];
    const free = (round: Round): number | undefined =>
      nodes.find((index) => ![...round.values()].includes(index));
    let round = rounds.slice(1).find((each) => free(each) !== undefined);
    if (round === undefined) rounds.push((round = new Map()));
    round.set(kind, free(round) as number);
  }
  return rounds;
}

/** A sync after a CONFIG SET looks like a snapshot: it has a node without changed settings. */
function homeOf({ name, on }: Kind): number {
  if (on === "replica") return 3;
  return name === "connections that replicate" ? 1 : 0;
}

async function play(cluster: StartedRedisCluster, round: Round, seen: Map<Kind, Seen>): Promise<void> {
  using wires = new Wires();
  const scene = (index: number): Scene => {
    const node = cluster.node(`node-${index}`);
    return { cluster, node, wire: wires.to(node) };
  };
  const see = async (): Promise<ReadonlyMap<Kind, unknown>> => {
    const found = new Map<Kind, unknown>();
    for (const [kind, index] of round) found.set(kind, await kind.see(scene(index)));
    return found;
  };
  const before = await see();
  for (const [kind, index] of round) await kind.leave(scene(index));
  const left = await see();
  const report = await cluster.reset();
  const after = await see();
  for (const kind of round.keys()) {
    seen.set(kind, { before: before.get(kind), left: left.get(kind), after: after.get(kind), report });
  }
}

async function keysAfterKills(cluster: StartedRedisCluster): Promise<readonly number[]> {
  const primaries = await cluster.primaries();
  await nobodyTakesOver(cluster);
  // No replica takes over, so that what a primary loads is what the cluster has.
  await (await cluster.kill(primaries.map(String))).heal();
  const sizes = await Promise.all(primaries.map(({ client }) => client.dbsize()));
  await cluster.reset();
  return sizes;
}
