import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type ExtractorMessage,
} from "@microsoft/api-extractor";
import { ApiModel, type ApiPackage } from "@microsoft/api-extractor-model";

export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));
const HARNESS = `${ROOT}packages/harness`;
const SCRATCH = `${ROOT}node_modules/.cache/api`;

export const ENTRY_POINTS = ["index", "report", "vitest", "vitest-global-setup", "vitest-reporter"] as const;

export type EntryPoint = (typeof ENTRY_POINTS)[number];

/** The public types of an entry point, as its built declarations have them. */
export interface PublicTypes {
  readonly entry: EntryPoint;
  /** Whether the committed report in packages/harness/api differed. */
  readonly hasChanged: boolean;
  readonly model: ApiPackage;
}

/**
 * Reads the built declarations of an entry point, and compares them with the committed report.
 *
 * @param options.update whether the report is written if it differs.
 */
export function extract(entry: EntryPoint, options: { readonly update: boolean }): PublicTypes {
  mkdirSync(SCRATCH, { recursive: true });
  mkdirSync(`${HARNESS}/api`, { recursive: true });
  const modelFile = `${SCRATCH}/${entry}.api.json`;
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: HARNESS,
      mainEntryPointFilePath: `${HARNESS}/dist/${entry}.d.ts`,
      apiReport: {
        enabled: true,
        reportFileName: `${entry}.api.md`,
        reportFolder: `${HARNESS}/api`,
        reportTempFolder: SCRATCH,
      },
      docModel: { enabled: true, apiJsonFilePath: modelFile },
      dtsRollup: { enabled: false },
      compiler: { tsconfigFilePath: `${HARNESS}/tsconfig.build.json` },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: `${HARNESS}/package.json`,
  });
  const { apiReportChanged: hasChanged } = Extractor.invoke(config, {
    localBuild: options.update,
    messageCallback: muteWarnings,
  });
  return { entry, hasChanged, model: new ApiModel().loadPackage(modelFile) };
}

/** Prints nothing but errors: what the report says of missing release tags is not meant for users of the command. */
function muteWarnings(message: ExtractorMessage): void {
  message.handled = message.logLevel !== ExtractorLogLevel.Error;
}
