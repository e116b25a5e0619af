import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

// How `./dev` gets the images of servers, with a `docker` command that only knows names.

const ENSURE = join(import.meta.dirname, "../images/ensure");
const BUILT = ["redis-8.0", "nftables"].map((name) => `testcontainers-redis-cluster/${name}:local`);
const STAND_INS = [
  "TESTCONTAINERS_REDIS_CLUSTER_IMAGE=testcontainers-redis-cluster/redis-8.0:local",
  "TESTCONTAINERS_RYUK_DISABLED=true",
  "TESTCONTAINERS_REDIS_CLUSTER_FAULT_IMAGE=testcontainers-redis-cluster/nftables:local",
];
const HOUR_MS = 3_600_000;

/** Lists images in a file; `docker pull` fails with the content of `refusal`, or hangs if that is "hang". */
const DOCKER = `#!/bin/sh
here=$(dirname "$0")
case "$1 $2" in
  "image inspect")
    if [ "$3" = --format ]; then image=$5; else image=$3; fi
    grep -qx "$image" "$here/images" || exit 1
    [ "$3" != --format ] || cat "$here/recipe" ;;
  "pull --quiet")
    echo "$3" >>"$here/pulls"
    if [ -s "$here/refusal" ]; then
      [ "$(cat "$here/refusal")" != hang ] || exec sleep 600
      cat "$here/refusal" >&2
      exit 1
    fi
    echo "$3" >>"$here/images" ;;
  *) exit 1 ;;
esac
`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trc-images-"));
  await writeFile(join(folder, "docker"), DOCKER, { mode: 0o755 });
  await writeFile(join(folder, "mmdebstrap"), '#!/bin/sh\necho "E: the mirror is away"\nexit 1\n', {
    mode: 0o755,
  });
  const { stdout } = await sh("cat build Dockerfile docker-entrypoint.sh | cksum | tr ' ' '-'");
  await writeFile(join(folder, "recipe"), stdout);
  await Promise.all(["images", "refusal", "pulls"].map((name) => writeFile(join(folder, name), "")));
});
afterEach(() => rm(folder, { recursive: true }));

async function sh(command: string): Promise<Result> {
  const { promise, resolve } = Promise.withResolvers<Result>();
  const {
    TESTCONTAINERS_REDIS_CLUSTER_IMAGE: _image,
    TESTCONTAINERS_REDIS_CLUSTER_FAULT_IMAGE: _helper,
    ...rest
  } = process.env;
  execFile(
    "bash",
    ["-c", command],
    {
      cwd: join(ENSURE, ".."),
      env: {
        ...rest,
        HOME: folder,
        XDG_CACHE_HOME: folder,
        PATH: `${folder}${delimiter}${process.env["PATH"]}`,
      },
    },
    (error, stdout, stderr) => resolve({ failed: error !== null, stdout, stderr }),
  );
  return await promise;
}

interface Result {
  readonly failed: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

const ensure = (): Promise<Result> => sh("./ensure");
const has = (...images: readonly string[]): Promise<void> =>
  writeFile(join(folder, "images"), images.map((image) => `${image}\n`).join(""));
const refuses = (text: string): Promise<void> => writeFile(join(folder, "refusal"), text);

async function pulls(): Promise<readonly string[]> {
  return (await readFile(join(folder, "pulls"), "utf8")).trim().split("\n").filter(Boolean);
}

async function triedBefore(ms: number): Promise<void> {
  const stamp = join(folder, "testcontainers-redis-cluster", "registry-tried");
  const then = (Date.now() - ms) / 1_000;
  await mkdir(join(stamp, ".."), { recursive: true });
  await writeFile(stamp, "");
  await utimes(stamp, then, then);
}

test("uses the official image that is there, and asks no registry", async () => {
  await has("redis:8.0");
  expect(await ensure()).toEqual({ failed: false, stdout: "", stderr: "" });
  expect(await pulls()).toEqual([]);
});

test("pulls the official image", async () => {
  expect(await ensure()).toMatchObject({ failed: false, stdout: "" });
  expect(await pulls()).toEqual(["redis:8.0"]);
});

test("uses the stand-in when no registry answers, and asks again only after some hours", async () => {
  await has(...BUILT);
  await refuses(
    "Error response from daemon: Get https://registry-1.docker.io/v2/: dial tcp: lookup: no such host",
  );
  const first = await ensure();
  expect(first.stdout.trim().split("\n")).toEqual(STAND_INS);
  expect(first.stderr).toContain("no registry answers");
  expect((await ensure()).stdout).toBe(first.stdout);
  expect(await pulls()).toEqual(["redis:8.0"]);
  await triedBefore(7 * HOUR_MS);
  expect((await ensure()).stdout).toBe(first.stdout);
  expect(await pulls()).toEqual(["redis:8.0", "redis:8.0"]);
});

test("takes the official image instead of the stand-in when a registry answers again", async () => {
  await has(...BUILT);
  await triedBefore(7 * HOUR_MS);
  expect(await ensure()).toMatchObject({ failed: false, stdout: "" });
  expect(await pulls()).toEqual(["redis:8.0"]);
});

test.for([
  "toomanyrequests: You have reached your pull rate limit.",
  "pull access denied for redis, repository does not exist or may require 'docker login'",
  "write /var/lib/docker/tmp/GetImageBlob1: no space left on device",
])("prints why a registry refuses: %s", async (why) => {
  await has(...BUILT);
  await refuses(`Error response from daemon: ${why}`);
  const { failed, stdout, stderr } = await ensure();
  expect(failed).toBe(false);
  expect(stderr).toContain(`redis:8.0 cannot be pulled: Error response from daemon: ${why}`);
  expect(stdout.trim().split("\n")).toEqual(STAND_INS);
});

test("fails with the reason when the stand-in cannot be built", async () => {
  await refuses("dial tcp: connection refused");
  const { failed, stdout, stderr } = await ensure();
  expect(failed).toBe(true);
  expect(stderr).toContain("E: the mirror is away");
  expect(stdout).toBe("");
});

test("gives up a pull that hangs when a stand-in is there", async () => {
  await has(...BUILT);
  await refuses("hang");
  const { stdout, stderr } = await sh("TRC_PULL_LIMIT_S=1 ./ensure");
  expect(stderr).toContain("no registry answers");
  expect(stdout.trim().split("\n")).toEqual(STAND_INS);
});
