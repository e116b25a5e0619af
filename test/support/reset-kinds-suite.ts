import { type ResetReport, type StartedRedisCluster, startRedisCluster } from "testcontainers-redis-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stopAfterManyRestarts } from "./engine.ts";
import { disableAutomaticFailover } from "./failure-detection.ts";
import { RawConnections, STATE_KINDS, type StateContext, type StateKind } from "./reset-kinds.ts";

/** The values that were read for a kind of state. */
interface Observation {
  readonly before: unknown;
  readonly left: unknown;
  readonly after: unknown;
  readonly report: ResetReport;
}

/** Kinds of state that share a reset, each with the index of its node. */
type Round = ReadonlyMap<StateKind, number>;

/**
 * Declares tests that leave every kind of state on a cluster and check that a reset removes it. Kinds share a reset if they do
 * not hide each other.
 */
export function describeStateKinds(name: string, image: string | undefined): void {
  describe(`a reset of ${name}`, () => {
    const kinds = STATE_KINDS.filter(({ missingOn }) => missingOn?.(name) !== true);
    const observations = new Map<StateKind, Observation>();
    const keysAfterKill: number[] = [];
    let cluster: StartedRedisCluster | undefined;

    beforeAll(async () => {
      const started = await startRedisCluster({
        image,
        nodeTimeoutMs: 2_000,
        config: { "enable-debug-command": "yes" },
      });
      cluster = started;
      for (const [index, round] of planRounds(kinds).entries()) {
        await runRound(started, round, observations);
        // The second round leaves snapshots, from which a new process must not load keys.
        if (index === 1) keysAfterKill.push(...(await keysAfterKills(started)));
      }
    });
    afterAll(async () => {
      // The start rejects a server without one of the directives.
      if (cluster !== undefined) await stopAfterManyRestarts(cluster);
    });

    test.for(kinds)("removes $name ($outcome)", (kind) => {
      const { before, left, after, report } = observations.get(kind) as Observation;
      expect(report.because ?? "").not.toContain("not enough");
      if (kind.outcome === "replaced") {
        expect(left, "the run id after the state was left").toEqual(before);
        expect(after, "the run id after the reset").not.toEqual(before);
      } else {
        expect(left, "the value after the state was left").not.toEqual(before);
        expect(after, "the value after the reset").toEqual(before);
        expect(report).toMatchObject({ strategy: "cleaned", restarted: [] });
      }
    });

    test("leaves no file from which a killed node loads keys", () => {
      expect(keysAfterKill).toEqual([0, 0, 0]);
    });
  });
}

/** Returns one round for all kinds that commands remove, and further rounds for the other kinds, which need separate nodes. */
function planRounds(kinds: readonly StateKind[]): readonly Round[] {
  const restored = kinds.filter(({ outcome }) => outcome === "restored");
  const rounds: Map<StateKind, number>[] = [new Map(restored.map((kind) => [kind, nodeIndexOf(kind)]))];
  for (const kind of kinds.filter(({ outcome }) => outcome === "replaced")) {
    const nodes = kind.on === "replica" ? [3, 4, 5] : [0, 1, 2];
    const findFreeNode = (round: Round): number | undefined =>
      nodes.find((index) => ![...round.values()].includes(index));
    let round = rounds.slice(1).find((candidate) => findFreeNode(candidate) !== undefined);
    if (round === undefined) rounds.push((round = new Map()));
    round.set(kind, findFreeNode(round) as number);
  }
  return rounds;
}

/** Returns the index of the node for a kind. A sync after a CONFIG SET looks like a snapshot, so it needs another node. */
function nodeIndexOf({ name, on }: StateKind): number {
  if (on === "replica") return 3;
  return name === "connections that replicate" ? 1 : 0;
}

async function runRound(
  cluster: StartedRedisCluster,
  round: Round,
  observations: Map<StateKind, Observation>,
): Promise<void> {
  using connections = new RawConnections();
  const contextOf = (index: number): StateContext => {
    const node = cluster.node(`node-${index}`);
    return { cluster, node, send: connections.to(node) };
  };
  const readAll = async (): Promise<ReadonlyMap<StateKind, unknown>> => {
    const values = new Map<StateKind, unknown>();
    for (const [kind, index] of round) values.set(kind, await kind.read(contextOf(index)));
    return values;
  };
  const before = await readAll();
  for (const [kind, index] of round) await kind.leave(contextOf(index));
  const left = await readAll();
  const report = await cluster.reset();
  const after = await readAll();
  for (const kind of round.keys()) {
    observations.set(kind, {
      before: before.get(kind),
      left: left.get(kind),
      after: after.get(kind),
      report,
    });
  }
}

/** Kills all primaries, restarts them, and returns how many keys each of them has loaded. */
async function keysAfterKills(cluster: StartedRedisCluster): Promise<readonly number[]> {
  const primaries = await cluster.primaries();
  // Without failovers, the keys that a primary loads are the keys of the cluster.
  await disableAutomaticFailover(cluster);
  await (await cluster.kill(primaries.map(String))).heal();
  const sizes = await Promise.all(primaries.map(({ client }) => client.dbsize()));
  await cluster.reset();
  return sizes;
}
