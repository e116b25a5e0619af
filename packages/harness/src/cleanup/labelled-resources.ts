import { limitConcurrency } from "../timing/limit-concurrency.ts";

/** A container, network or volume with labels of this library. */
export interface LabelledResource {
  readonly kind: "container" | "network" | "volume";
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The requests to the engine that the cleanup needs. */
export interface CleanupEngine {
  /**
   * Lists the resources that have all of the given labels, including containers that have ended.
   *
   * @param labels each is `name` or `name=value`.
   */
  list(labels: readonly string[]): Promise<readonly LabelledResource[]>;
  /** Returns how many containers of one network may be removed at the same time. */
  removalsAtOnce(): Promise<number>;
  /**
   * Removes a resource. A container is removed with its anonymous volumes, also if it runs. Resolves if the resource does not
   * exist any more.
   */
  remove(resource: LabelledResource): Promise<void>;
}

/** A resource that could not be removed, and the error of the engine. */
export interface FailedRemoval {
  readonly resource: LabelledResource;
  readonly error: unknown;
}

/**
 * Removes resources, containers first: the engine does not remove a network or volume that a container uses.
 *
 * @returns the resources that could not be removed.
 * @throws the error of the engine if it does not answer what it is.
 */
export async function removeAll(
  engine: CleanupEngine,
  resources: readonly LabelledResource[],
): Promise<readonly FailedRemoval[]> {
  const failed: FailedRemoval[] = [];
  for (const kind of ["container", "network", "volume"] as const) {
    const selected = resources.filter((resource) => resource.kind === kind);
    const isLimited = kind === "container" && selected.length > 1;
    const limit = limitConcurrency(isLimited ? await engine.removalsAtOnce() : Number.POSITIVE_INFINITY);
    await limit.map(selected, async (resource) => {
      try {
        await engine.remove(resource);
      } catch (error) {
        failed.push({ resource, error });
      }
    });
  }
  return failed;
}
