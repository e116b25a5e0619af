import { createInterface } from "node:readline";
import { CLUSTER_LABEL } from "../cleanup/owner.ts";
import type { Engine } from "./engine.ts";
import { NODE_LABEL } from "./labels.ts";

/** The start of a node's container, as the engine reports it. */
interface NodeStart {
  readonly kind: "started";
  /** The name of the node, such as `node-0`. */
  readonly node: string;
}

/** The exit of a node's container, as the engine reports it. */
export interface NodeExit {
  readonly kind: "exited";
  /** The name of the node, such as `node-0`. */
  readonly node: string;
  readonly exitCode: number;
}

/** Ends when it is disposed of. */
export interface NodeWatch extends Disposable {
  /** Resolves when the engine reports events, or when the watch has ended before. Never rejects. */
  readonly opened: Promise<void>;
}

/** The functions that a watch calls. */
export interface NodeListener {
  readonly onEvent: (event: NodeStart | NodeExit) => void;
  /** Called when the engine ends the watch. */
  readonly onLost: () => void;
}

/**
 * Watches the containers of a cluster, also when another process or the user starts or kills them, or when a server ends by itself.
 *
 * @param cluster the name of the cluster.
 * @param since `"always"` for past events as well, of which the engine remembers the last 256 of all containers (`eventsLimit` in
 * moby's daemon/events); `"now"` only for later ones.
 */
export function watchNodes(
  engine: Engine,
  cluster: string,
  since: "always" | "now",
  { onEvent, onLost }: NodeListener,
): NodeWatch {
  const controller = new AbortController();
  const events = engine.docker.getEvents({
    // All past events and not those since a time, because the clock of the engine may differ from this clock. The label excludes
    // other clusters.
    ...(since === "always" ? { since: 1 } : {}),
    // Podman answers `die`, but before version 5 its filter knows only the word `died`.
    filters: {
      type: ["container"],
      event: ["die", "died", "start"],
      label: [`${CLUSTER_LABEL}=${cluster}`],
    },
    abortSignal: controller.signal,
  });
  void events
    .then((stream) => readEvents(stream, onEvent))
    // The watch ends when the engine becomes unreachable. Other calls report that.
    .catch(() => {})
    .then(() => {
      if (!controller.signal.aborted) onLost();
    });
  return {
    opened: events.then(
      () => {},
      () => {},
    ),
    [Symbol.dispose]: () => controller.abort(),
  };
}

async function readEvents(stream: NodeJS.ReadableStream, onEvent: NodeListener["onEvent"]): Promise<void> {
  for await (const line of createInterface({ input: stream })) {
    if (line.trim() === "") continue;
    const { Action, Actor } = JSON.parse(line) as {
      readonly Action: string;
      readonly Actor: { readonly Attributes: Readonly<Record<string, string>> };
    };
    const { [NODE_LABEL]: node, exitCode } = Actor.Attributes;
    if (node === undefined) continue;
    onEvent(
      Action === "start" ? { kind: "started", node } : { kind: "exited", node, exitCode: Number(exitCode) },
    );
  }
}
