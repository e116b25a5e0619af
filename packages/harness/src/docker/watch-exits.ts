import { createInterface } from "node:readline";
import { CLUSTER_LABEL } from "../cleanup/owner.ts";
import type { Engine } from "./engine.ts";
import { NODE_LABEL } from "./labels.ts";

/** The exit of a container, as the engine reports it. */
export interface ContainerExit {
  /** The name of the node, such as `node-0`. */
  readonly node: string;
  readonly exitCode: number;
}

/**
 * Watches for exits of containers of a cluster. If a server rejects its configuration, the start can fail at once instead of
 * after its timeout.
 *
 * @param cluster the name of the cluster.
 * @returns an object that ends the watch when it is disposed of.
 */
export function watchExits(
  engine: Engine,
  cluster: string,
  onExit: (exit: ContainerExit) => void,
): Disposable {
  const controller = new AbortController();
  engine.docker
    .getEvents({
      // The engine also reports past events, so that a container that exits before the watch starts is reported. The watch
      // includes all past events, because the clock of the engine may differ from this clock. The label excludes other starts.
      since: 1,
      filters: { type: ["container"], event: ["die"], label: [`${CLUSTER_LABEL}=${cluster}`] },
      abortSignal: controller.signal,
    })
    .then((stream) => readExits(stream, onExit))
    // The watch ends when the engine becomes unreachable. The start detects that itself.
    .catch(() => {});
  return { [Symbol.dispose]: () => controller.abort() };
}

async function readExits(
  stream: NodeJS.ReadableStream,
  onExit: (exit: ContainerExit) => void,
): Promise<void> {
  for await (const line of createInterface({ input: stream })) {
    if (line.trim() === "") continue;
    const event = JSON.parse(line) as { Actor: { Attributes: Record<string, string> } };
    const { [NODE_LABEL]: node, exitCode } = event.Actor.Attributes;
    if (node !== undefined) onExit({ node, exitCode: Number(exitCode) });
  }
}
