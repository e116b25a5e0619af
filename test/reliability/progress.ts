import { appendFile, readFile, writeFile } from "node:fs/promises";

/** Results of finished scenarios. With a file, an interrupted run continues after the last scenario that finished. */
export class Progress {
  readonly #file: string | undefined;
  readonly #finished: Map<string, unknown>;

  private constructor(file: string | undefined, finished: Map<string, unknown>) {
    this.#file = file;
    this.#finished = finished;
  }

  /** Reads the results that an earlier run wrote to the file, if there are any. Without a file nothing is kept. */
  static async open(file: string | undefined): Promise<Progress> {
    const finished = new Map<string, unknown>();
    for (const line of file === undefined ? [] : await readLines(file)) {
      const { name, result } = JSON.parse(line) as { readonly name: string; readonly result: unknown };
      finished.set(name, result);
    }
    return new Progress(file, finished);
  }

  /** How many scenarios earlier runs have finished. */
  get count(): number {
    return this.#finished.size;
  }

  /**
   * Returns the result of an earlier run of the scenario, or runs it and keeps its result.
   *
   * @param name must contain everything that decides the result, except the seed, which the file keeps as well.
   * @param run its result must survive JSON. If it rejects, nothing is kept.
   */
  async once<T>(name: string, run: () => Promise<T>): Promise<T> {
    if (this.#finished.has(name)) return this.#finished.get(name) as T;
    const result = await run();
    if (this.#file !== undefined) await appendFile(this.#file, `${JSON.stringify({ name, result })}\n`);
    this.#finished.set(name, result);
    return result;
  }
}

/** Removes a line that was being written when the run was interrupted, so that the next line starts on its own. */
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
