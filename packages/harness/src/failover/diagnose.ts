import { electionTimes } from "../plan/election-times.ts";

/** What is known of a replica that was not promoted. */
export interface ReplicaEvidence {
  readonly name: string;
  readonly answers: boolean;
  /** It carries the flag `nofailover`. */
  readonly noFailover: boolean;
  /** How long it has been without its primary, and how long it may be, where it said so. */
  readonly dataAgeMs: number | undefined;
  readonly allowedAgeMs: number | undefined;
  /** Primaries with slots that it can reach, and how many are a majority. */
  readonly primariesReached: number;
  readonly primariesNeeded: number;
  /** How often it asked for votes. */
  readonly elections: number;
  /** It says that it is the primary, by a config epoch that others ignore because theirs is newer. */
  readonly ignoredClaim: { readonly epoch: number; readonly newerEpoch: number } | undefined;
  /** The last reason why somebody refused its vote, and the last why it does not stand for election. */
  readonly denied: string | undefined;
  readonly unable: string | undefined;
}

/** What is known of a shard whose primary was in trouble. */
export interface ShardEvidence {
  readonly primary: string;
  /** It answers and says that it is a primary, and nobody flags it. */
  readonly well: boolean;
  readonly answers: boolean;
  readonly suspectedBy: readonly string[];
  /** A majority declared it dead. */
  readonly declaredDead: boolean;
  readonly expectedMaxMs: number;
  /** Those that it had before the fault. */
  readonly replicas: readonly ReplicaEvidence[];
}

/** Everything that a reason can be found in. */
export interface Evidence {
  readonly withinMs: number;
  readonly nodeTimeoutMs: number;
  /** Primaries with slots before the fault, and how many of them still answer. */
  readonly primaries: number;
  readonly primariesLeft: number;
  /** Shards whose primary was silent, suspected or deposed at some time and that have no new one. */
  readonly troubled: readonly ShardEvidence[];
}

/** The likely reason why nobody was promoted, in a sentence for each shard. Pure. */
export function diagnose(evidence: Evidence): string {
  const { troubled } = evidence;
  if (troubled.length === 0) {
    return "No primary was in trouble at any time: all of them answered, and nobody suspected any. Did the action reach a primary?";
  }
  // Several shards may lack the same thing.
  return [...new Set(troubled.map((shard) => reasonFor(shard, evidence)))].join(" ");
}

function reasonFor(shard: ShardEvidence, evidence: Evidence): string {
  const { primary } = shard;
  if (shard.well) {
    return `${primary} was away for a moment and is well again: a failover takes a primary that is away for longer than the node timeout of ${evidence.nodeTimeoutMs} ms.`;
  }
  const candidates = shard.replicas.filter(({ answers }) => answers);
  if (shard.replicas.length === 0) return `${primary} has no replica that could take over.`;
  if (candidates.length === 0) {
    return `${list(shard.replicas)}, which could take over from ${primary}, ${are(shard.replicas)} away too.`;
  }
  if (candidates.every(({ noFailover }) => noFailover)) {
    return `${list(candidates)} may not take over: cluster-replica-no-failover is set.`;
  }
  return (
    majorityProblem(candidates, evidence) ?? ageProblem(candidates) ?? unfinished(shard, candidates, evidence)
  );
}

/** Both declaring a primary dead and electing another need more than half of the primaries, the dead one counted. */
function majorityProblem(
  candidates: readonly ReplicaEvidence[],
  { primaries, primariesLeft }: Evidence,
): string | undefined {
  const needed = Math.floor(primaries / 2) + 1;
  if (primariesLeft < needed) {
    return `Only ${primariesLeft} of ${primaries} primaries ${primariesLeft === 1 ? "answers" : "answer"}, and ${needed} would have to agree that one is dead, and to vote.`;
  }
  const cutOff = candidates.filter(
    ({ primariesReached, primariesNeeded }) => primariesReached < primariesNeeded,
  );
  if (cutOff.length < candidates.length) return undefined;
  return `${list(cutOff)} cannot reach a majority of the primaries, whose votes ${cutOff.length === 1 ? "it" : "they"} would need.`;
}

/** The server logs this only five seconds after the primary's death (`clusterLogCantFailover`), so it is worked out. */
function ageProblem(candidates: readonly ReplicaEvidence[]): string | undefined {
  const tooOld = candidates.filter(
    ({ dataAgeMs, allowedAgeMs, unable }) =>
      unable?.startsWith("Disconnected from") === true ||
      (dataAgeMs !== undefined && allowedAgeMs !== undefined && dataAgeMs > allowedAgeMs),
  );
  const [first] = tooOld;
  if (first === undefined || tooOld.length < candidates.length) return undefined;
  const facts =
    first.dataAgeMs === undefined || first.allowedAgeMs === undefined
      ? ""
      : ` (about ${first.dataAgeMs} ms, and ${first.allowedAgeMs} ms are allowed)`;
  return `${list(tooOld)} had lost the primary too long ago to take over${facts}: see cluster-replica-validity-factor.`;
}

/** Nothing speaks against it, so how far did it come? */
function unfinished(
  shard: ShardEvidence,
  candidates: readonly ReplicaEvidence[],
  evidence: Evidence,
): string {
  const { primary, expectedMaxMs, suspectedBy } = shard;
  const { withinMs } = evidence;
  if (expectedMaxMs > withinMs) {
    return `The time was too short: with a node timeout of ${evidence.nodeTimeoutMs} ms a failover can take ${Math.ceil(expectedMaxMs)} ms, and ${withinMs} ms were given.`;
  }
  if (!shard.declaredDead) {
    if (suspectedBy.length > 0) {
      return `${primary} is suspected by ${suspectedBy.join(", ")}, but a majority of the primaries has not agreed that it is dead.`;
    }
    return `${primary} ${shard.answers ? "answers" : "does not answer"}, but no node suspects it: does the fault keep only this machine from reaching it?`;
  }
  const claimant = candidates.find(({ ignoredClaim }) => ignoredClaim !== undefined);
  if (claimant?.ignoredClaim !== undefined) {
    const { epoch, newerEpoch } = claimant.ignoredClaim;
    return `${claimant.name} promoted itself with config epoch ${epoch}, and the others ignore it because ${primary} had epoch ${newerEpoch}: it had won an election shortly before, and its server counted those votes again. Let ${electionTimes(evidence.nodeTimeoutMs).votesMs} ms pass between two failovers of a shard.`;
  }
  const stood = candidates.filter(({ elections }) => elections > 0);
  const [first = candidates[0]] = stood;
  const denied = first?.denied === undefined ? "" : `; the last refusal: ${first.denied}`;
  if (stood.length > 0) {
    return `${list(stood)} stood for election and did not get a majority of the votes${denied}.`;
  }
  const unable = first?.unable === undefined ? "" : `: ${first.unable}`;
  return `${primary} was declared dead, and ${list(candidates)} did not stand for election${unable || "."}`;
}

function list(replicas: readonly ReplicaEvidence[]): string {
  return replicas.map(({ name }) => name).join(", ");
}

function are({ length }: readonly unknown[]): string {
  return length === 1 ? "is" : "are";
}
