import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ContainerRuntimeClient, ImageName } from "testcontainers";

type Docker = ContainerRuntimeClient["container"]["dockerode"];

/**
 * Pulls an image with Testcontainers, which finds the credentials (DOCKER_AUTH_CONFIG, DOCKER_CONFIG and credential helpers).
 * Rejects with the message of the engine if the pull fails after the start of the answer. Testcontainers itself treats the end
 * of the answer as success, and never returns if the connection breaks (`DockerImageClient.pull`).
 *
 * @throws Error if the pull fails.
 */
export async function pullImage(
  engine: { readonly client: ContainerRuntimeClient; readonly docker: Docker },
  image: ImageName,
): Promise<void> {
  const { client, docker } = engine;
  const answer = new PullAnswer();
  // These objects override one method of the objects of Testcontainers, so that other users of the engine are not affected.
  const observed = Object.create(docker, {
    pull: {
      value: async (...args: Parameters<Docker["pull"]>): Promise<Readable> =>
        answer.observe((await docker.pull(...args)) as unknown as Readable),
    },
  });
  const images = Object.create(client.image, { dockerode: { value: observed } }) as typeof client.image;
  await Promise.race([images.pull(image), answer.broken]);
  if (answer.error !== undefined) throw new Error(answer.error);
}

/** The length of the end of the answer that is kept. The error is in the last line, after many lines about the progress. */
const MAX_TAIL_LENGTH = 100_000;

/** The answer of the engine to a pull, which has a JSON object in each line. */
class PullAnswer {
  /** Rejects if the connection breaks before the answer is complete. */
  readonly broken: Promise<never>;
  readonly #break: (error: unknown) => void;
  #tail = "";

  constructor() {
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    this.broken = promise;
    this.#break = reject;
  }

  /** Returns a stream with the same content for Testcontainers, and keeps the end of the content. */
  observe(answer: Readable): Readable {
    const copy = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.#tail = (this.#tail + chunk.toString("latin1")).slice(-MAX_TAIL_LENGTH);
        done(undefined, chunk);
      },
    });
    pipeline(answer, copy).catch(this.#break);
    return copy;
  }

  /** The error message of the engine. It is undefined if the pull succeeded. */
  get error(): string | undefined {
    const lines = Buffer.from(this.#tail, "latin1").toString().split("\n");
    const line = lines.find((candidate) => candidate.includes('"error"'));
    return line === undefined ? undefined : parseError(line);
  }
}

function parseError(line: string): string {
  try {
    return (JSON.parse(line) as { readonly error: string }).error;
  } catch {
    return line.trim();
  }
}
