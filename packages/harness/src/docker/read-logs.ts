import type { IncomingMessage } from "node:http";
import { finished, PassThrough, Readable } from "node:stream";
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

/**
 * What a container has printed since a moment (seconds since 1970) and goes on printing, both streams in one, as text.
 * Ends with the container; destroyed, it ends the request. It keeps no process alive. Not by Testcontainers' own
 * `container.logs`, which returns a stream that just ends if the engine refuses.
 *
 * @param signal ends the request as long as the engine has not answered.
 */
export async function followLogs(
  engine: Engine,
  container: ReturnType<Engine["docker"]["getContainer"]>,
  since: number,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  const raw = (await container.logs({
    stdout: true,
    stderr: true,
    follow: true,
    since,
    ...(signal === undefined ? {} : { abortSignal: signal }),
  })) as IncomingMessage;
  raw.socket.unref();
  const output = new PassThrough();
  output.setEncoding("utf8");
  engine.docker.modem.demuxStream(raw, output, output);
  finished(raw, (error) => {
    if (error === undefined || error === null) output.end();
    else output.destroy(error);
  });
  output.once("close", () => raw.destroy());
  return output;
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
