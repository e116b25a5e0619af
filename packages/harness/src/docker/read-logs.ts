import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Engine } from "./engine.ts";

/** What of a container's output is wanted. */
export interface LogSelection {
  /** The last so many lines only. */
  readonly tail?: number;
  /** What came after this moment only, in seconds since 1970. */
  readonly since?: number;
  /** Put the engine's stamp before each line. */
  readonly timestamps?: boolean;
}

/** What a container has printed so far, both streams in one. */
export async function readLogs(
  engine: Engine,
  container: ReturnType<Engine["docker"]["getContainer"]>,
  { tail, since, timestamps = false }: LogSelection = {},
): Promise<string> {
  const raw = await container.logs({
    stdout: true,
    stderr: true,
    follow: false,
    timestamps,
    ...(tail === undefined ? {} : { tail }),
    ...(since === undefined ? {} : { since }),
  });
  const output = new PassThrough();
  const input = Readable.from([raw]);
  engine.docker.modem.demuxStream(input, output, output);
  input.once("end", () => output.end());
  return await text(output);
}
