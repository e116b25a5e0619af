/** A container, network or volume that carries labels of this library. */
export interface LabelledResource {
  readonly kind: "container" | "network" | "volume";
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** An engine, as far as cleaning up needs it. */
export interface LabelledResources {
  /** Everything that has all of these labels, each `name` or `name=value`; containers also when they have ended. */
  list(labels: readonly string[]): Promise<readonly LabelledResource[]>;
  /** Removes it, a container with its anonymous volumes and running or not. One that is gone already is fine. */
  remove(resource: LabelledResource): Promise<void>;
}

/** What could not be removed, and the engine's reason. */
export interface NotRemoved {
  readonly resource: LabelledResource;
  readonly error: unknown;
}

/** Removes containers first: networks and volumes are refused while one uses them. Gives what is left. */
export async function removeAll(
  engine: LabelledResources,
  resources: readonly LabelledResource[],
): Promise<readonly NotRemoved[]> {
  const failed: NotRemoved[] = [];
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
