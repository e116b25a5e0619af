import { execFile } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { serverImage } from "./engine.ts";

const run = promisify(execFile);
const SOURCE = join(import.meta.dirname, "..", "images", "stand-ins");

/** The kinds of images: the stages of test/images/stand-ins/Dockerfile, in the same order. */
const KINDS = [
  "plain",
  "no-volume",
  "modules",
  "stack",
  "rootless",
  "stranger",
  "no-shell",
  "no-cluster",
  "no-server",
  "no-nftables",
] as const;

export type StandIn = (typeof KINDS)[number];

/** Builds an image of each kind from the server image of the tests and returns their names by kind. The engine caches the steps. */
export async function standInImages(): Promise<ReadonlyMap<StandIn, string>> {
  const context = await mkdtemp(join(tmpdir(), "trc-image-"));
  try {
    await cp(SOURCE, context, { recursive: true });
    await compile(join(context, "note.c"), join(context, "note.so"));
    const user = await findServerUser();
    const names = new Map<StandIn, string>();
    for (const kind of KINDS) {
      const tag = `testcontainers-redis-cluster/${kind}:stand-in`;
      names.set(kind, tag);
      await run(
        "docker",
        [
          ...["build", "--quiet", "--target", kind, "--tag", tag],
          ...["--build-arg", `BASE=${serverImage()}`, "--build-arg", `SERVER_USER=${user}`, context],
        ],
        // The classic builder is part of every engine. For the newer builder, some clients need a plugin.
        { env: { ...process.env, DOCKER_BUILDKIT: "0" } },
      );
    }
    return names;
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** Returns the user of the server, who owns the data folder: `redis` or `valkey`. */
export async function findServerUser(): Promise<string> {
  const { stdout } = await run("docker", [
    ...["run", "--rm", "--entrypoint", "stat", serverImage(), "--format=%U", "/data"],
  ]);
  return stdout.trim();
}

/** Compiles the module. It uses no C library, so every image can load the result of any compiler for Linux. */
async function compile(source: string, target: string): Promise<void> {
  await run("cc", ["-shared", "-fPIC", "-nostdlib", "-O1", "-o", target, source]);
}
