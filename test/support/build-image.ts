import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const BUILD = join(import.meta.dirname, "../images/build");

/** Builds an image of test/images/build if it is missing or outdated, and returns its tag. */
export async function buildImage(name: string): Promise<string> {
  const { stdout } = await promisify(execFile)(BUILD, [name]);
  return stdout.trim();
}
