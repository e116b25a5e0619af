import type { NodeConnection } from "../clients/node-connection.ts";
import { messageOf, RedisClusterError, summarize } from "../errors.ts";
import type { Members } from "../faults/member.ts";
import { formCluster } from "../formation/form-cluster.ts";
import type { Baseline } from "./baseline.ts";
import { bringBack } from "./bring-back.ts";
import { cleanNode, markStatistics } from "./clean-node.ts";
import { type Fingerprint, readFingerprint } from "./fingerprint.ts";
import { inspect } from "./inspect.ts";
import { mend } from "./mend.ts";
import { prove } from "./prove.ts";
import { restartAsNew } from "./restart-as-new.ts";
import { wallClockMs } from "../clock/real-time.ts";

/** What a reset did. */
export interface ResetReport {
  /**
   * `cleaned`: nothing was broken, and commands took everything back. `mended`: roles and slots were given anew, and
   * the nodes in `restarted` started anew. `rebuilt`: every node was started anew, and the cluster formed as at its
   * start.
   */
  readonly way: "cleaned" | "mended" | "rebuilt";
  /**
   * What was found that cleaning alone could not take back, the first five things, in words; also why a lesser way was
   * not enough. Undefined where the way is `cleaned`.
   */
  readonly because: string | undefined;
  /** Names of the nodes whose process was replaced. */
  readonly restarted: readonly string[];
  /** From the call to the new client, in milliseconds. */
  readonly tookMs: number;
}

/** What of a report this room knows, and the state to compare with next time. */
export interface ResetOutcome extends Omit<ResetReport, "tookMs"> {
  readonly baseline: Baseline;
}

/** Cleaning takes milliseconds, mending about a container's start: after so long the next way is taken. */
const CLEAN_LIMIT_MS = 2_000;
const REJOIN_LIMIT_MS = 3_000;
const MEND_LIMIT_MS = 8_000;
const MOST_REASONS = 5;

/** Asks every node for its fingerprint, and starts the count of what is called from now on. */
export async function takeBaseline(connections: readonly NodeConnection[]): Promise<Baseline> {
  await Promise.all(connections.map(markStatistics));
  return { fingerprints: await Promise.all(connections.map(readFingerprint)), at: wallClockMs() };
}

/**
 * Puts a cluster back to its baseline and proves it, by the least that is enough: commands, else new roles with the
 * processes that can be kept, else new processes everywhere.
 *
 * @param doomed nodes whose process cannot be kept, and why.
 * @throws RedisClusterError RESET_FAILED; ENGINE_FAILED before anything was done; or the signal's reason.
 */
export async function resetCluster(
  members: Members,
  before: Baseline,
  doomed: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<ResetOutcome> {
  const found = await inspect(members, before, doomed, signal);
  const because: string[] = [];
  if (found.reasons.length === 0) {
    try {
      const limited = within(CLEAN_LIMIT_MS, members, signal);
      const baseline = await cleanAndProve(members, before, found.now, limited);
      return { way: "cleaned", because: undefined, restarted: [], baseline };
    } catch (error) {
      if (signal.aborted) throw error;
      because.push(`cleaning was not enough: ${messageOf(error)}`);
    }
  }
  because.push(...found.reasons);
  if (found.calm) {
    try {
      const limited = within(REJOIN_LIMIT_MS, members, signal);
      const restarted = await bringBack(members, before, found, limited);
      const baseline = await cleanAndProve(members, before, [], limited);
      return { way: "mended", because: summarize(because, MOST_REASONS), restarted, baseline };
    } catch (error) {
      if (signal.aborted) throw error;
      because.unshift(`bringing back was not enough: ${messageOf(error)}`);
    }
  }
  // Mending builds on the nodes that stay; where none does, the way of a start is shorter.
  if (found.lost.size < members.all.length) {
    try {
      const limited = within(MEND_LIMIT_MS, members, signal);
      const restarted = await mend(members, before, found, limited);
      const baseline = await cleanAndProve(members, before, [], limited);
      return { way: "mended", because: summarize(because, MOST_REASONS), restarted, baseline };
    } catch (error) {
      if (signal.aborted) throw error;
      because.unshift(`mending was not enough: ${messageOf(error)}`);
    }
  }
  try {
    await rebuild(members, signal);
    const baseline = await cleanAndProve(members, before, [], signal);
    const restarted = members.all.map(({ plan }) => plan.name);
    return { way: "rebuilt", because: summarize(because, MOST_REASONS), restarted, baseline };
  } catch (error) {
    if (signal.aborted) throw error;
    const engineFailed = error instanceof RedisClusterError && error.code === "ENGINE_FAILED";
    const advice = engineFailed ? "See whether the engine runs" : "Stop it and start another one";
    throw new RedisClusterError(
      "RESET_FAILED",
      `The cluster could not be put back to what it was at its start: ${messageOf(error)} ` +
        `Before that: ${summarize(because, MOST_REASONS)}. ${advice}.`,
      { cause: error, details: { because } },
    );
  }
}

function within(limitMs: number, { plan }: Members, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(Math.round(limitMs * plan.timeScale))]);
}

async function rebuild({ plan, all, addresses }: Members, signal: AbortSignal): Promise<void> {
  const booting = all.map((member) => restartAsNew(member, addresses, signal));
  await Promise.all(booting);
  await formCluster(plan, booting, signal);
}

/** @param known fingerprints that were just read, by node index; of the others they are read here. */
async function cleanAndProve(
  { plan, all }: Members,
  before: Baseline,
  known: readonly (Fingerprint | undefined)[],
  signal: AbortSignal,
): Promise<Baseline> {
  const connections = all.map(({ connection }) => connection);
  await Promise.all(
    connections.map(async (connection) => {
      const { index } = connection.node;
      const then = before.fingerprints[index] as Fingerprint;
      await cleanNode(connection, then, known[index] ?? (await readFingerprint(connection)));
    }),
  );
  const fingerprints = await prove(plan, connections, before.fingerprints, signal);
  return { fingerprints, at: wallClockMs() };
}
