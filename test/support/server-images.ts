import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { serverImage } from "./engine.ts";

const run = promisify(execFile);

/** Official images of the other servers that the tests cover. */
const OFFICIAL = { "redis-7.0": "redis:7.0", "valkey-8.1": "valkey/valkey:8.1" } as const;

export type OtherServer = keyof typeof OFFICIAL;

/** Image references of the other servers: official ones, or built from Debian's packages where the main one is. */
export async function ensureServerImages(): Promise<Readonly<Record<OtherServer, string>>> {
  if (!serverImage().endsWith(":local")) return OFFICIAL;
  const build = fileURLToPath(new URL("../images/build", import.meta.url));
  const images: Record<string, string> = {};
  for (const name of Object.keys(OFFICIAL)) images[name] = (await run(build, [name])).stdout.trim();
  return images as Record<OtherServer, string>;
}
