import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type ExtractorMessage,
} from "@microsoft/api-extractor";

// Compares the public types of each entry point with the committed report in packages/harness/api, so that the diff of a commit
// shows a change of the public types. `--update` updates the reports.

const ENTRY_POINTS = ["index", "report", "vitest", "vitest-global-setup", "vitest-reporter"];

const { values } = parseArgs({ options: { update: { type: "boolean", default: false } } });
const root = fileURLToPath(new URL("../../", import.meta.url));
const harness = `${root}packages/harness`;
const scratch = `${root}node_modules/.cache/api`;
mkdirSync(scratch, { recursive: true });
mkdirSync(`${harness}/api`, { recursive: true });

const outdated = ENTRY_POINTS.filter((entry) => createReport(entry).apiReportChanged);
if (outdated.length > 0 && !values.update) {
  console.log(
    `The public types have changed: ${outdated.join(", ")}. If that is intended, run ` +
      "`./dev node test/api/check.ts --update` and commit packages/harness/api.",
  );
  process.exitCode = 1;
}

function createReport(entry: string): ReturnType<typeof Extractor.invoke> {
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: harness,
      mainEntryPointFilePath: `${harness}/dist/${entry}.d.ts`,
      apiReport: {
        enabled: true,
        reportFileName: `${entry}.api.md`,
        reportFolder: `${harness}/api`,
        reportTempFolder: scratch,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      compiler: { tsconfigFilePath: `${harness}/tsconfig.build.json` },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: `${harness}/package.json`,
  });
  return Extractor.invoke(config, { localBuild: values.update, messageCallback: muteWarnings });
}

/** Suppresses all messages except errors. Warnings about missing release tags do not matter here. */
function muteWarnings(message: ExtractorMessage): void {
  message.handled = message.logLevel !== ExtractorLogLevel.Error;
}
