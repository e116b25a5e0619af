import { electionTimes } from "../plan/election-times.ts";

/** The state of a replica that was not promoted. */
export interface ReplicaState {
  readonly name: string;
  readonly isAnswering: boolean;
  /** Whether the replica has the flag `nofailover`. */
  readonly hasNoFailoverFlag: boolean;
  /** How long the replica has been without its primary, in milliseconds. Undefined if the replica did not report it. */
  readonly dataAgeMs: number | undefined;
  /** Maximum `dataAgeMs` with which the replica may take over. Undefined if unknown or unlimited. */
  readonly maxDataAgeMs: number | undefined;
  /** The number of primaries with slots that the replica can reach. */
  readonly reachablePrimaries: number;
  /** The number of primaries that is a majority. */
  readonly majority: number;
  /** How often the replica requested votes. */
  readonly electionCount: number;
  /** The replica claims to be the primary, but with a config epoch that other nodes ignore because they know a newer one. */
  readonly ignoredClaim: { readonly epoch: number; readonly newerEpoch: number } | undefined;
  /** The reason of the last vote that a node denied, and the node that logged it. */
  readonly lastDenial: string | undefined;
  /** The last reason that the replica logged for not starting an election. */
  readonly lastObstacle: string | undefined;
}

/** The state of a shard whose primary was unhealthy and was not replaced. */
export interface FailedShardState {
  /** The name of the primary before the fault. */
  readonly primary: string;
  /** Whether the old primary answers and reports that it is a primary, and no node flags it. */
  readonly hasRecovered: boolean;
  readonly isAnswering: boolean;
  /** The names of the nodes that suspect the primary. */
  readonly suspectedBy: readonly string[];
  /** Whether a majority of the primaries declared the primary failed. */
  readonly isDeclaredFailed: boolean;
  /** Maximum duration of a failover of this shard, by the rules of the server. */
  readonly expectedMaxMs: number;
  /** The replicas that the shard had before the fault. */
  readonly replicas: readonly ReplicaState[];
}

/** Everything that {@link diagnose} takes into account. */
export interface FailureState {
  readonly withinMs: number;
  readonly nodeTimeoutMs: number;
  /** The number of primaries that had slots before the fault. */
  readonly primaries: number;
  /** The number of these primaries that still answer. */
  readonly answeringPrimaries: number;
  /** The shards without a new primary whose old primary was silent, suspected or replaced at some time. */
  readonly failedShards: readonly FailedShardState[];
}

/** Returns the likely reason why no node was promoted: one sentence or more for each failed shard. */
export function diagnose(state: FailureState): string {
  const { failedShards } = state;
  if (failedShards.length === 0) {
    return "No primary failed: all primaries answered, and no node suspected one of them. Check whether the action reached a primary.";
  }
  // Several shards may have the same reason.
  return [...new Set(failedShards.map((shard) => findReason(shard, state)))].join(" ");
}

function findReason(shard: FailedShardState, state: FailureState): string {
  const { primary, replicas } = shard;
  if (shard.hasRecovered) {
    return `${primary} was unhealthy only for a moment and has recovered. A failover starts only if a primary is unreachable for longer than the node timeout of ${state.nodeTimeoutMs} ms.`;
  }
  const candidates = replicas.filter(({ isAnswering }) => isAnswering);
  if (replicas.length === 0) return `${primary} has no replica that could take over.`;
  if (candidates.length === 0) return `No replica of ${primary} answers (${listNames(replicas)}).`;
  if (candidates.every(({ hasNoFailoverFlag }) => hasNoFailoverFlag)) {
    return `${listNames(candidates)} cannot take over because cluster-replica-no-failover is set.`;
  }
  return (
    findMajorityProblem(candidates, state) ??
    findDataAgeProblem(candidates) ??
    describeProgress(shard, candidates, state)
  );
}

/**
 * Finds a missing majority. A primary is declared failed, and a replica is elected, only with the votes of more than half of the
 * primaries. The failed primary is counted.
 */
function findMajorityProblem(
  candidates: readonly ReplicaState[],
  { primaries, answeringPrimaries }: FailureState,
): string | undefined {
  const majority = Math.floor(primaries / 2) + 1;
  if (answeringPrimaries < majority) {
    const verb = answeringPrimaries === 1 ? "answers" : "answer";
    return `Only ${answeringPrimaries} of ${primaries} primaries ${verb}, but ${majority} must agree that a primary has failed and vote for a replica.`;
  }
  const cutOff = candidates.filter((replica) => replica.reachablePrimaries < replica.majority);
  if (cutOff.length < candidates.length) return undefined;
  return `${listNames(cutOff)} cannot reach a majority of the primaries, whose votes are needed for a promotion.`;
}

/**
 * Finds replicas whose data is too old. The server logs this only five seconds after the failure of the primary
 * (`clusterLogCantFailover`), so it is also computed.
 */
function findDataAgeProblem(candidates: readonly ReplicaState[]): string | undefined {
  const tooOld = candidates.filter(
    ({ dataAgeMs, maxDataAgeMs, lastObstacle }) =>
      lastObstacle?.startsWith("Disconnected from") === true ||
      (dataAgeMs !== undefined && maxDataAgeMs !== undefined && dataAgeMs > maxDataAgeMs),
  );
  const [first] = tooOld;
  if (first === undefined || tooOld.length < candidates.length) return undefined;
  const facts =
    first.dataAgeMs === undefined || first.maxDataAgeMs === undefined
      ? ""
      : ` (about ${first.dataAgeMs} ms ago; at most ${first.maxDataAgeMs} ms are allowed)`;
  return `${listNames(tooOld)} lost the connection to the primary too long ago to take over${facts}. The limit depends on cluster-replica-validity-factor; 0 disables it.`;
}

/** Describes the last step that the failover reached, if nothing is known that prevented it. */
function describeProgress(
  shard: FailedShardState,
  candidates: readonly ReplicaState[],
  { withinMs, nodeTimeoutMs }: FailureState,
): string {
  const { primary, expectedMaxMs, suspectedBy } = shard;
  if (expectedMaxMs > withinMs) {
    return `The timeout was too short: with a node timeout of ${nodeTimeoutMs} ms a failover can take ${Math.ceil(expectedMaxMs)} ms, but the timeout was ${withinMs} ms.`;
  }
  if (!shard.isDeclaredFailed) {
    return suspectedBy.length > 0
      ? `${primary} is suspected by ${suspectedBy.join(", ")}, but no majority of the primaries has declared it failed.`
      : `${primary} ${shard.isAnswering ? "answers" : "does not answer"}, but no node suspects it. Check whether the fault disconnects only this host from the node.`;
  }
  const claimant = candidates.find(({ ignoredClaim }) => ignoredClaim !== undefined);
  if (claimant?.ignoredClaim !== undefined) {
    const { epoch, newerEpoch } = claimant.ignoredClaim;
    return (
      `${claimant.name} promoted itself with config epoch ${epoch}, but the other nodes ignore this because ${primary} has the newer epoch ${newerEpoch}. ` +
      `${claimant.name} had won an election shortly before, and its server counted those votes again. ` +
      `Wait ${electionTimes(nodeTimeoutMs).authTimeoutMs} ms between two failovers of a shard.`
    );
  }
  const started = candidates.filter(({ electionCount }) => electionCount > 0);
  const [first = candidates[0]] = started;
  if (started.length > 0) {
    const denial = first?.lastDenial === undefined ? "" : ` Last denied vote: ${first.lastDenial}.`;
    return `${listNames(started)} started an election but did not get a majority of the votes.${denial}`;
  }
  const obstacle = first?.lastObstacle === undefined ? "." : `: ${first.lastObstacle}`;
  return `${primary} was declared failed, but ${listNames(candidates)} did not start an election${obstacle}`;
}

function listNames(replicas: readonly ReplicaState[]): string {
  return replicas.map(({ name }) => name).join(", ");
}
