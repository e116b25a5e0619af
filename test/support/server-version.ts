import { GenericContainer } from "testcontainers";
import { serverImage } from "./engine.ts";

/** Images of Valkey need not have a program of the other name. */
const VERSION_COMMAND = "redis-server --version || valkey-server --version";

let answer: Promise<boolean> | undefined;

/** Returns whether the server of the tests is older than Redis 7.0. Asks its program, once for each worker. */
export async function isBefore7(): Promise<boolean> {
  answer ??= readVersion().then((major) => major < 7);
  return await answer;
}

/** Why a test does not concern a server before 7.0. */
export const NO_SUBCOMMANDS = "servers before 7.0 neither count nor forbid single subcommands";

async function readVersion(): Promise<number> {
  await using container = await new GenericContainer(serverImage())
    .withEntrypoint(["sleep"])
    .withCommand(["60"])
    .start();
  const { output } = await container.exec(["sh", "-c", VERSION_COMMAND]);
  const [, major] = /\bv=(\d+)\./.exec(output) ?? [];
  if (major === undefined) throw new Error(`no version in ${JSON.stringify(output)}`);
  return Number(major);
}
