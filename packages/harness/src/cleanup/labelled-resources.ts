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
 */
export async function removeAll(
  engine: CleanupEngine,
  resources: readonly LabelledResource[],
): Promise<readonly FailedRemoval[]> {
  const failed: FailedRemoval[] = [];
  for (const kind of ["container", "network", "volume"] as const) {
    await Promise.all(
      resources
        .filter((resource) => resource.kind === kind)
        .map((resource) =>
          engine.remove(resource).catch((error: unknown) => {
            failed.push({ resource, error });
          }),
        ),
    );
  }
  return failed;
}
