import { mkdir, writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import type { Reporter, TestCase, TestModule, Vitest } from "vitest/node";
import { type ReportEntry, reportPage } from "../report/report-page.ts";

/** The options of the reporter. */
export interface RedisClusterReporterOptions {
  /** The path of the page, relative to Vitest's root. An existing file is replaced. @default "redis-cluster-report.html" */
  readonly outputFile?: string | undefined;
}

/**
 * Collects every failover that a test of `redisClusterTest` observed, with the outcome of the test, and writes one page at the
 * end of each run. If a test called `reset()`, only the failovers after its last reset are included. The path of the page is
 * printed. Missing folders are created, and the page is never deleted. A run without a failover writes and prints nothing.
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
    if (this.#vitest === undefined) return;
    const { root } = this.#vitest.config;
    const entries = modules.flatMap((module) =>
      [...module.children.allTests()].flatMap((test) => entriesOf(test, root)),
    );
    if (entries.length === 0) return;
    const file = resolve(root, this.#outputFile);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, reportPage(entries, { title: "Redis Cluster failovers" }));
    this.#vitest.logger.log(`Redis Cluster failovers: ${file}`);
  }
}

/** @param root the folder to which the path of the file is relative. */
function entriesOf(test: TestCase, root: string): readonly ReportEntry[] {
  const { state, errors } = test.result();
  const [problem = ""] = errors?.[0]?.message.split("\n") ?? [];
  // Vitest 3 has no `relativeModuleId`.
  const file = relative(root, test.module.moduleId).replaceAll("\\", "/");
  return (test.meta().redisClusterFailovers ?? []).map((report) => ({
    title: test.fullName,
    outcome: state === "failed" ? "failed" : "passed",
    detail: problem === "" ? file : `${file}: ${problem}`,
    report,
  }));
}
