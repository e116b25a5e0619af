import { appendFile, readFile, writeFile } from "node:fs/promises";

/** Returns the day, such as "2026-11-27". */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

/** A stored result, and the day on which it was obtained. */
interface Finished {
  readonly day: string;
  readonly result: unknown;
}

/** The results of finished scenarios. With a file, an interrupted run continues after the last finished scenario. */
export class Progress {
  readonly #file: string | undefined;
  readonly #finished: Map<string, Finished>;

  private constructor(file: string | undefined, finished: Map<string, Finished>) {
    this.#file = file;
    this.#finished = finished;
  }

  /** Reads the results that an earlier run wrote to the file. Without a file, no results are stored. */
  static async open(file: string | undefined): Promise<Progress> {
    const finished = new Map<string, Finished>();
    for (const line of file === undefined ? [] : await readLines(file)) {
      const { name, ...rest } = JSON.parse(line) as Finished & { readonly name: string };
      finished.set(name, rest);
    }
    return new Progress(file, finished);
  }

  /** The number of stored results. */
  get count(): number {
    return this.#finished.size;
  }

  /** The days on which the stored results were obtained, such as "2026-11-27", in order. */
  get days(): readonly string[] {
    return [...new Set([...this.#finished.values()].map(({ day }) => day))].toSorted();
  }

  /**
   * Returns the stored result of the scenario, or runs the scenario and stores its result.
   *
   * @param name contains everything that determines the result except the seed, which the file contains as well.
   * @param run returns a result that can be stored as JSON. If it rejects, nothing is stored.
   * @param isFinal whether to store a result. Without it, the next run would not try the scenario again. @default always
   */
  async once<T>(
    name: string,
    run: () => Promise<T>,
    isFinal: (result: T) => boolean = () => true,
  ): Promise<T> {
    const finished = this.#finished.get(name);
    if (finished !== undefined) return finished.result as T;
    const result = await run();
    if (!isFinal(result)) return result;
    const day = today();
    if (this.#file !== undefined) await appendFile(this.#file, `${JSON.stringify({ name, day, result })}\n`);
    this.#finished.set(name, { day, result });
    return result;
  }
}

/** Returns the complete lines of the file. Removes an incomplete last line, which an interrupted run has left. */
async function readLines(file: string): Promise<readonly string[]> {
  try {
    const content = await readFile(file, "utf8");
    const complete = content.slice(0, content.lastIndexOf("\n") + 1);
    if (complete !== content) await writeFile(file, complete);
    return complete.split("\n").slice(0, -1);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
