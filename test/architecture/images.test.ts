import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

// Tests how `./dev` obtains server images, with a fake `docker` command that stores only image names.

const ENSURE = join(import.meta.dirname, "../images/ensure");
const BUILT = ["redis-8.0", "nftables"].map((name) => `testcontainers-redis-cluster/${name}:local`);
const STAND_INS = [
  "TESTCONTAINERS_REDIS_CLUSTER_IMAGE=testcontainers-redis-cluster/redis-8.0:local",
  "TESTCONTAINERS_RYUK_DISABLED=true",
  "TESTCONTAINERS_REDIS_CLUSTER_FAULT_IMAGE=testcontainers-redis-cluster/nftables:local",
];
const HOUR_MS = 3_600_000;

/** Stores image names in a file. `docker pull` fails with the content of the file `refusal`, or hangs if the content is "hang". */
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
  await writeFile(join(folder, "mmdebstrap"), '#!/bin/sh\necho "E: mirror unreachable"\nexit 1\n', {
    mode: 0o755,
  });
  const { stdout } = await runInShell("cat build Dockerfile docker-entrypoint.sh | cksum | tr ' ' '-'");
  await writeFile(join(folder, "recipe"), stdout);
  await Promise.all(["images", "refusal", "pulls"].map((name) => writeFile(join(folder, name), "")));
});
afterEach(() => rm(folder, { recursive: true }));

async function runInShell(command: string): Promise<Result> {
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

const ensure = (): Promise<Result> => runInShell("./ensure");
const setImages = (...images: readonly string[]): Promise<void> =>
  writeFile(join(folder, "images"), images.map((image) => `${image}\n`).join(""));
const failPulls = (text: string): Promise<void> => writeFile(join(folder, "refusal"), text);

async function readPulls(): Promise<readonly string[]> {
  return (await readFile(join(folder, "pulls"), "utf8")).trim().split("\n").filter(Boolean);
}

async function setLastAttempt(ms: number): Promise<void> {
  const stamp = join(folder, "testcontainers-redis-cluster", "registry-tried");
  const then = (Date.now() - ms) / 1_000;
  await mkdir(join(stamp, ".."), { recursive: true });
  await writeFile(stamp, "");
  await utimes(stamp, then, then);
}

test("does not pull the official image if it exists locally", async () => {
  await setImages("redis:8.0");
  expect(await ensure()).toEqual({ failed: false, stdout: "", stderr: "" });
  expect(await readPulls()).toEqual([]);
});

test("pulls the official image if it does not exist locally", async () => {
  expect(await ensure()).toMatchObject({ failed: false, stdout: "" });
  expect(await readPulls()).toEqual(["redis:8.0"]);
});

test("uses the stand-in if no registry answers, and retries the pull after six hours", async () => {
  await setImages(...BUILT);
  await failPulls(
    "Error response from daemon: Get https://registry-1.docker.io/v2/: dial tcp: lookup: no such host",
  );
  const first = await ensure();
  expect(first.stdout.trim().split("\n")).toEqual(STAND_INS);
  expect(first.stderr).toContain("no registry answers");
  expect((await ensure()).stdout).toBe(first.stdout);
  expect(await readPulls()).toEqual(["redis:8.0"]);
  await setLastAttempt(7 * HOUR_MS);
  expect((await ensure()).stdout).toBe(first.stdout);
  expect(await readPulls()).toEqual(["redis:8.0", "redis:8.0"]);
});

test("uses the official image again when a registry answers", async () => {
  await setImages(...BUILT);
  await setLastAttempt(7 * HOUR_MS);
  expect(await ensure()).toMatchObject({ failed: false, stdout: "" });
  expect(await readPulls()).toEqual(["redis:8.0"]);
});

test.for([
  "toomanyrequests: You have reached your pull rate limit.",
  "pull access denied for redis, repository does not exist or may require 'docker login'",
  "write /var/lib/docker/tmp/GetImageBlob1: no space left on device",
])("prints the reason if a registry rejects a pull: %s", async (why) => {
  await setImages(...BUILT);
  await failPulls(`Error response from daemon: ${why}`);
  const { failed, stdout, stderr } = await ensure();
  expect(failed).toBe(false);
  expect(stderr).toContain(`redis:8.0 cannot be pulled: Error response from daemon: ${why}`);
  expect(stdout.trim().split("\n")).toEqual(STAND_INS);
});

test("prints the reason and fails if the stand-in cannot be built", async () => {
  await failPulls("dial tcp: connection refused");
  const { failed, stdout, stderr } = await ensure();
  expect(failed).toBe(true);
  expect(stderr).toContain("E: mirror unreachable");
  expect(stdout).toBe("");
});

test("aborts a pull that hangs if a stand-in exists", async () => {
  await setImages(...BUILT);
  await failPulls("hang");
  const { stdout, stderr } = await runInShell("TRC_PULL_LIMIT_S=1 ./ensure");
  expect(stderr).toContain("no registry answers");
  expect(stdout.trim().split("\n")).toEqual(STAND_INS);
});
