import { createInterface } from "node:readline";
import { CLUSTER_LABEL } from "../cleanup/owner.ts";
import type { Engine } from "./engine.ts";
import { NODE_LABEL } from "./labels.ts";

/** A container's end, as the engine reports it. */
export interface ContainerExit {
  /** `node-0`, … */
  readonly node: string;
  readonly exitCode: number;
}

/**
 * Calls back when a container of the cluster ends, so that a start need not wait for its time limit to learn that
 * a server refused its configuration. Dispose of the watch when it is over.
 */
export function watchExits(
  engine: Engine,
  cluster: string,
  onExit: (exit: ContainerExit) => void,
): Disposable {
  const controller = new AbortController();
  engine.docker
    .getEvents({
      // The engine also reports what it remembers, so a container that exits before the watch begins is not missed. All of
      // it, because the engine's clock may differ from this machine's; the label is of this start alone.
      since: 1,
      filters: { type: ["container"], event: ["die"], label: [`${CLUSTER_LABEL}=${cluster}`] },
      abortSignal: controller.signal,
    })
    .then((stream) => readExits(stream, onExit))
    // The engine going away ends the watch; the start that it serves finds that out by itself.
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
