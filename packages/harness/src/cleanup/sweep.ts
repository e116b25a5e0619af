import { pause } from "../clock/real-time.ts";
import { type LabelledResource, type LabelledResources, removeAll } from "./labelled-resources.ts";
import { CLUSTER_LABEL, type Here, judgeOwner, parseOwner, type Verdict } from "./owner.ts";
import { type ProcessState, processState } from "./process-state.ts";

/** A container, network or volume that a cluster made. */
export interface SweptResource {
  readonly kind: LabelledResource["kind"];
  readonly id: string;
  readonly name: string;
  /** Name of the cluster that it belongs to. */
  readonly cluster: string;
  /** Number of the process that made it, and the folder that was started in; undefined where labels do not tell. */
  readonly pid: number | undefined;
  readonly project: string | undefined;
}

/** Why something was left where it is. */
export type LeftReason = Exclude<Verdict, "orphan">;

/** What a sweep did, or with `dryRun` would do. */
export interface SweepReport {
  readonly dryRun: boolean;
  /** Gone now; with `dryRun`, what a sweep would remove. What another sweep removes at the same time counts, too. */
  readonly removed: readonly SweptResource[];
  readonly left: readonly (SweptResource & { readonly reason: LeftReason })[];
  /** Orphans that the engine would not remove, and its own words. */
  readonly failed: readonly (SweptResource & { readonly error: string })[];
}

/** A network is refused for a moment where somebody else is still removing its containers. */
const ATTEMPTS = 5;
const BETWEEN_ATTEMPTS_MS = 200;

/** Removes what the dead processes of this place have left, and nothing else. */
export async function sweep(
  engine: LabelledResources,
  here: Here,
  options: { readonly dryRun: boolean; readonly signal: AbortSignal },
): Promise<SweepReport> {
  const resources = await engine.list([CLUSTER_LABEL]);
  const lookUp = rememberingLookUp();
  const judged = await Promise.all(
    resources.map(async (resource) => ({
      resource,
      verdict: await judgeOwner(parseOwner(resource.labels), here, lookUp),
    })),
  );
  const orphans = judged.filter(({ verdict }) => verdict === "orphan").map(({ resource }) => resource);
  const failed = options.dryRun ? [] : await removePatiently(engine, orphans, options.signal);
  const failedOnes = new Set(failed.map(({ resource }) => resource));
  return {
    dryRun: options.dryRun,
    removed: orphans.filter((orphan) => !failedOnes.has(orphan)).map(describe),
    left: judged.flatMap(({ resource, verdict }) =>
      verdict === "orphan" ? [] : [{ ...describe(resource), reason: verdict }],
    ),
    failed: failed.map(({ resource, error }) => ({
      ...describe(resource),
      error: error instanceof Error ? error.message : String(error),
    })),
  };
}

async function removePatiently(
  engine: LabelledResources,
  orphans: readonly LabelledResource[],
  signal: AbortSignal,
): ReturnType<typeof removeAll> {
  let failed = await removeAll(engine, orphans);
  for (let attempt = 1; attempt < ATTEMPTS && failed.length > 0; attempt += 1) {
    await pause(BETWEEN_ATTEMPTS_MS, signal);
    signal.throwIfAborted();
    const again = failed.map(({ resource }) => resource);
    failed = await removeAll(engine, again);
  }
  return failed;
}

/** All of a cluster's things have one owner: it is looked up once. */
function rememberingLookUp(): (pid: number) => Promise<ProcessState> {
  const known = new Map<number, Promise<ProcessState>>();
  return (pid) => {
    const state = known.get(pid) ?? processState(pid);
    known.set(pid, state);
    return state;
  };
}

function describe({ kind, id, name, labels }: LabelledResource): SweptResource {
  const owner = parseOwner(labels);
  return {
    kind,
    id,
    name,
    cluster: labels[CLUSTER_LABEL] ?? "",
    pid: owner?.pid,
    project: owner?.project,
  };
}
