import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Reporter, TestCase, TestModule, Vitest } from "vitest/node";
import { type ReportEntry, reportPage } from "../report/report-page.ts";

/** What the reporter takes. */
export interface RedisClusterReporterOptions {
  /** The page's path, from Vitest's root; a file that is there is replaced. Default `"redis-cluster-report.html"`. */
  readonly outputFile?: string | undefined;
}

/**
 * Collects every failover that a test of `redisClusterTest` observed (since its last `reset()`, where it made one), with
 * the test's outcome, and writes one page at the end of a run, in watch mode at the end of each; its path is printed.
 * Without any failover it writes nothing and says nothing. Folders are made where they are missing; nobody removes the
 * page.
 */
export class RedisClusterReporter implements Reporter {
  readonly #outputFile: string;
  #vitest: Vitest | undefined;

  constructor({ outputFile = "redis-cluster-report.html" }: RedisClusterReporterOptions = {}) {
    this.#outputFile = outputFile;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    const entries = modules.flatMap((module) => [...module.children.allTests()].flatMap(entriesOf));
    if (entries.length === 0 || this.#vitest === undefined) return;
    const file = resolve(this.#vitest.config.root, this.#outputFile);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, reportPage(entries, { title: "Redis Cluster failovers" }));
    this.#vitest.logger.log(`Redis Cluster failovers: ${file}`);
  }
}

function entriesOf(test: TestCase): readonly ReportEntry[] {
  const { state, errors } = test.result();
  const [problem = ""] = errors?.[0]?.message.split("\n") ?? [];
  const where = test.module.relativeModuleId;
  return (test.meta().redisClusterFailovers ?? []).map((report) => ({
    title: test.fullName,
    outcome: state === "failed" ? "failed" : "passed",
    detail: problem === "" ? where : `${where}: ${problem}`,
    report,
  }));
}
