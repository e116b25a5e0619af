import type { IncomingMessage } from "node:http";
import { finished, PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pause } from "../clock/real-time.ts";
import { abortable } from "../timing/deadline.ts";
import type { Container, Engine } from "./engine.ts";

/** The part of a log to read. */
export interface LogSelection {
  /** The number of lines at the end of the log. @default all lines */
  readonly tail?: number;
  /** The start of the log, in seconds since 1970. @default the start of the container */
  readonly since?: number;
  /** True if each line starts with the timestamp of the engine. @default false */
  readonly timestamps?: boolean;
}

/**
 * Opens a stream of the log of a container, stdout and stderr together, as text. It ends with the container. When it is
 * destroyed, the request ends. The stream does not keep the process alive. Does not use `container.logs` of Testcontainers,
 * because its stream ends without an error if the engine rejects the request.
 *
 * @param since the start of the log, in seconds since 1970.
 * @param signal ends the request, until the engine has answered.
 */
export async function followLogs(
  engine: Engine,
  container: Container,
  since: number,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  const output = new PassThrough();
  output.setEncoding("utf8");
  const closed = new AbortController();
  const request = container.logs({
    stdout: true,
    stderr: true,
    follow: true,
    since,
    abortSignal: closed.signal,
  });
  const connected = request.then((raw) => {
    connect(engine, raw as IncomingMessage, output);
  });
  connected.catch(() => undefined);
  output.once("close", () => closed.abort());
  try {
    // The answer to another request shows as well that the container exists.
    const answer: Promise<unknown> = engine.traits.answersLogsLate ? container.inspect() : connected;
    await (signal === undefined ? answer : abortable(answer, signal));
  } catch (error) {
    output.destroy();
    throw error;
  }
  connected.catch((error: Error) => output.destroy(error));
  return output;
}

function connect(engine: Engine, raw: IncomingMessage, output: PassThrough): void {
  raw.socket.unref();
  engine.docker.modem.demuxStream(raw, output, output);
  finished(raw, (error) => {
    if (error === undefined || error === null) output.end();
    else output.destroy(error);
  });
  output.once("close", () => raw.destroy());
}

/** How long the log of an ended container may remain empty, on an engine that writes logs late. */
const MAX_LATE_READS = 20;
const LATE_READ_MS = 50;

/** Reads the log of a container: stdout and stderr together, or the selected part. */
export async function readLogs(
  engine: Engine,
  container: Container,
  selection: LogSelection = {},
): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    const output = await readOnce(engine, container, selection);
    const isComplete = output !== "" || selection.since !== undefined || !engine.traits.writesLogsLate;
    if (isComplete || attempt === MAX_LATE_READS || (await container.inspect()).State.Running) return output;
    await pause(LATE_READ_MS);
  }
}

async function readOnce(
  engine: Engine,
  container: Container,
  { tail, since, timestamps = false }: LogSelection,
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
