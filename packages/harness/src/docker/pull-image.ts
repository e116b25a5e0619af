import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ContainerRuntimeClient, ImageName } from "testcontainers";

type Docker = ContainerRuntimeClient["container"]["dockerode"];

/**
 * Pulls an image with Testcontainers, which brings its credentials (DOCKER_AUTH_CONFIG, DOCKER_CONFIG and credential
 * helpers), and rejects with what the engine reports of a pull that fails after its answer has begun. Testcontainers
 * itself takes the end of the answer for success, and never returns if the connection breaks (`DockerImageClient.pull`).
 */
export async function pullImage(
  engine: { readonly client: ContainerRuntimeClient; readonly docker: Docker },
  image: ImageName,
): Promise<void> {
  const { client, docker } = engine;
  const answer = new PullAnswer();
  // Objects that differ from Testcontainers' own in one method each: others that use the same engine are not affected.
  const listening = Object.create(docker, {
    pull: {
      value: async (...given: Parameters<Docker["pull"]>): Promise<Readable> =>
        answer.copyOf((await docker.pull(...given)) as unknown as Readable),
    },
  });
  const images = Object.create(client.image, { dockerode: { value: listening } }) as typeof client.image;
  await Promise.race([images.pull(image), answer.broken]);
  if (answer.error !== undefined) throw new Error(answer.error);
}

/** The error is the last line of an answer, which progress lines make long. */
const TAIL_CHARACTERS = 100_000;

/** What the engine answers to a pull: one JSON object a line. */
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

  /** The same answer, for another reader. */
  copyOf(answer: Readable): Readable {
    const copy = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.#tail = (this.#tail + chunk.toString("latin1")).slice(-TAIL_CHARACTERS);
        done(undefined, chunk);
      },
    });
    pipeline(answer, copy).catch(this.#break);
    return copy;
  }

  /** What the engine says went wrong; undefined if the pull succeeded. */
  get error(): string | undefined {
    const lines = Buffer.from(this.#tail, "latin1").toString().split("\n");
    const line = lines.find((each) => each.includes('"error"'));
    return line === undefined ? undefined : errorOf(line);
  }
}

function errorOf(line: string): string {
  try {
    return (JSON.parse(line) as { readonly error: string }).error;
  } catch {
    return line.trim();
  }
}
