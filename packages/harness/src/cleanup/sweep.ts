import {
  type CleanupEngine,
  type FailedRemoval,
  type LabelledResource,
  removeAll,
} from "./labelled-resources.ts";
import { classifyOwner, CLUSTER_LABEL, type LocalHost, type OwnerState, parseOwner } from "./owner.ts";
import { type ProcessState, readProcessState } from "./process-state.ts";
import { AttemptError, retry } from "../timing/retry.ts";

/** A container, network or volume of a cluster. */
export interface SweptResource {
  /** `container` or `network`. */
  readonly kind: LabelledResource["kind"];
  /** The id in the engine. */
  readonly id: string;
  /** The name in the engine. */
  readonly name: string;
  /** The name of the cluster. */
  readonly cluster: string;
  /** The id of the process that created the resource. It is undefined if the labels are unreadable. */
  readonly pid: number | undefined;
  /** The folder in which that process was started. It is undefined if the labels are unreadable. */
  readonly project: string | undefined;
}

/** The reason why a sweep did not remove a resource. */
export type LeftReason = Exclude<OwnerState, "orphan">;

/** The result of a sweep. With `dryRun`, what a sweep would do. */
export interface SweepReport {
  /** True if nothing was removed, because the sweep was called with `dryRun`. */
  readonly dryRun: boolean;
  /** The orphans that were removed, also by another sweep at the same time. With `dryRun`, the orphans that would be removed. */
  readonly removed: readonly SweptResource[];
  /** The resources that are not orphans, or possibly not, each with the reason. */
  readonly left: readonly (SweptResource & { readonly reason: LeftReason })[];
  /** The orphans that the engine did not remove, each with the error of the engine. */
  readonly failed: readonly (SweptResource & { readonly error: string })[];
}

/** The maximum number of attempts. The engine does not remove a network while another process removes its containers. */
const MAX_ATTEMPTS = 5;
const RETRY_PAUSE_MS = 200;

/**
 * Removes the orphans: the resources of clusters whose process has ended, if the process belonged to this host and user.
 *
 * @param options.signal aborts the pauses between attempts, and thereby the sweep.
 */
export async function sweep(
  engine: CleanupEngine,
  here: LocalHost,
  options: { readonly dryRun: boolean; readonly signal: AbortSignal },
): Promise<SweepReport> {
  const resources = await engine.list([CLUSTER_LABEL]);
  const readState = cachedStateReader();
  const classified = await Promise.all(
    resources.map(async (resource) => ({
      resource,
      state: await classifyOwner(parseOwner(resource.labels), here, readState),
    })),
  );
  const orphans = classified.filter(({ state }) => state === "orphan").map(({ resource }) => resource);
  const failed = options.dryRun ? [] : await removeWithRetries(engine, orphans, options.signal);
  const notRemoved = new Set(failed.map(({ resource }) => resource));
  return {
    dryRun: options.dryRun,
    removed: orphans.filter((orphan) => !notRemoved.has(orphan)).map(describe),
    left: classified.flatMap(({ resource, state }) =>
      state === "orphan" ? [] : [{ ...describe(resource), reason: state }],
    ),
    failed: failed.map(({ resource, error }) => ({
      ...describe(resource),
      error: error instanceof Error ? error.message : String(error),
    })),
  };
}

async function removeWithRetries(
  engine: CleanupEngine,
  orphans: readonly LabelledResource[],
  signal: AbortSignal,
): Promise<readonly FailedRemoval[]> {
  let failed: readonly FailedRemoval[] = [];
  let remaining = orphans;
  const attempt = async (): Promise<void> => {
    failed = await removeAll(engine, remaining);
    remaining = failed.map(({ resource }) => resource);
    if (failed.length > 0) throw new AttemptError("Some orphans could not be removed.");
  };
  try {
    const isTemporary = (error: unknown): boolean => error instanceof AttemptError;
    await retry(attempt, { attempts: MAX_ATTEMPTS, everyMs: RETRY_PAUSE_MS, isTemporary, signal });
  } catch (error) {
    if (!(error instanceof AttemptError)) throw error;
  }
  return failed;
}

/** Returns a function that reads the state of each process once, because all resources of a cluster have the same owner. */
function cachedStateReader(): (pid: number) => Promise<ProcessState> {
  const states = new Map<number, Promise<ProcessState>>();
  return (pid) => {
    const state = states.get(pid) ?? readProcessState(pid);
    states.set(pid, state);
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
