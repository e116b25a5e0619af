import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { bootCommand } from "./boot-script.ts";
import { planLaunch } from "./launch.ts";

// A shell of this machine runs the real script, with a temporary folder in place of /tmp.

const run = promisify(execFile);
const NODE = {
  nodesConfName: "nodes.conf",
  nodesConf: "planned nodes\n",
  redisConf: "port 6379\nloadmodule /mine.so 7\n",
  firstBootArguments: ["--cluster-node-timeout", "9000"],
} as unknown as NodePlan;

let root: string;
let data: string;
let conf: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "trc-boot-")));
  data = join(root, "data");
  conf = join(root, "redis-node/redis.conf");
  await mkdir(join(root, "bin"));
  await writeProgram(
    "redis-server",
    'if [ "$1" = --version ]; then echo "Redis server v=8.0.0"; else echo "server $*"; fi',
  );
  await writeProgram("image-entrypoint", 'echo "entry point"; exec "$@"');
  // The options of `stat` that the script uses are not available on every system.
  await writeProgram("stat", 'case $2 in %u) id -u ;; *) echo "$(id -u):$(id -g)" ;; esac');
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function writeProgram(name: string, text: string): Promise<void> {
  await writeFile(join(root, "bin", name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

/** Runs the script once. Returns its output, in which `CONF` replaces the path of the settings. */
async function boot(
  launch = planLaunch(["image-entrypoint"], ["redis-server"]),
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { command } = bootCommand(NODE, data, launch);
  const args = command.map((arg, index) => (index === 1 ? arg.replaceAll("/tmp", root) : arg));
  const env = { PATH: `${join(root, "bin")}:${process.env["PATH"]}`, ...environment };
  const { stdout } = await run("/bin/sh", args, { env, cwd: root });
  return stdout.trim().replaceAll(conf, "CONF");
}

async function setNextBoot(name: string, content = ""): Promise<void> {
  await writeFile(join(root, "redis-node", name), content);
}

async function writeData(...names: readonly string[]): Promise<void> {
  await mkdir(join(data, "appendonlydir"), { recursive: true });
  for (const name of names) await writeFile(join(data, name), name);
}

const SERVER_FILES = [
  ...["dump.rdb", "temp-12.rdb", "temp-12.3.rdb", "appendonly.aof", "temp-rewriteaof-7.aof"],
  ...["appendonlydir/appendonly.aof.1.base.rdb", "appendonlydir/appendonly.aof.manifest"],
];
const USER_FILES = ["seed.rdb", "users.acl", "dump.rdb.orig", "appendonly.txt"];

test("the first boot writes both files and passes its options to the server", async () => {
  expect(await boot()).toBe("entry point\nserver CONF --cluster-node-timeout 9000");
  expect(await readFile(join(data, "nodes.conf"), "utf8")).toBe("planned nodes\n");
  expect(await readFile(conf, "utf8")).toBe(`${NODE.redisConf}dir "${data}"\n`);
});

test("a later boot keeps both files and omits the options of the first boot", async () => {
  await boot();
  await writeFile(join(data, "nodes.conf"), "the server's nodes\n");
  expect(await boot()).toBe("entry point\nserver CONF");
  expect(await readFile(join(data, "nodes.conf"), "utf8")).toBe("the server's nodes\n");
});

test("wipe deletes only the data of the server", async () => {
  await boot();
  await writeData(...SERVER_FILES, ...USER_FILES);
  await setNextBoot("wipe");
  await boot();
  expect((await readdir(data)).toSorted()).toEqual([...USER_FILES, "nodes.conf"].toSorted());
  expect(await readdir(join(root, "redis-node"))).toEqual(["redis.conf"]);
});

test("wipe uses the file names in the settings", async () => {
  await boot();
  await writeFile(conf, `${await readFile(conf, "utf8")}dbfilename "other.rdb"\nappenddirname files\n`);
  await writeData("other.rdb", "dump.rdb", "appendonlydir/appendonly.aof.manifest");
  await mkdir(join(data, "files"));
  await writeFile(join(data, "files", "appendonly.aof.1.incr.aof"), "");
  await writeFile(join(data, "files", "notes.txt"), "");
  await setNextBoot("wipe");
  await boot();
  expect((await readdir(data)).toSorted()).toEqual(["appendonlydir", "dump.rdb", "files", "nodes.conf"]);
  expect(await readdir(join(data, "files"))).toEqual(["notes.txt"]);
});

test("wipe fails once at a symbolic link, and the next boot succeeds", async () => {
  await boot();
  await mkdir(join(root, "elsewhere"));
  await writeFile(join(root, "elsewhere", "appendonly.aof.manifest"), "kept");
  await symlink(join(root, "elsewhere"), join(data, "appendonlydir"));
  await setNextBoot("wipe");
  await expect(boot()).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/the data in .* is not deleted: .* is a mount or a symbolic link/),
  });
  expect(await readdir(join(root, "elsewhere"))).toEqual(["appendonly.aof.manifest"]);
  expect(await boot()).toBe("entry point\nserver CONF");
});

test("new boots as the first time, with another nodes.conf if it is given", async () => {
  await boot();
  await writeFile(conf, "port 1\n");
  await writeData(...SERVER_FILES, ...USER_FILES, "nodes.conf.tmp-7-1");
  await setNextBoot("new", "other nodes\n");
  expect(await boot()).toBe("entry point\nserver CONF --cluster-node-timeout 9000");
  expect(await readFile(join(data, "nodes.conf"), "utf8")).toBe("other nodes\n");
  expect(await readFile(conf, "utf8")).toContain("port 6379\n");
  expect((await readdir(data)).toSorted()).toEqual([...USER_FILES, "nodes.conf"].toSorted());
});

test("a later boot removes the modules that CONFIG REWRITE has added", async () => {
  await boot();
  const rewritten =
    'port 6379\nloadmodule /mine.so 7\nloadmodule /image//a.so X "y z"\nloadmodule "/b.so"\nsave ""\n';
  await writeFile(conf, rewritten);
  await boot();
  expect(await readFile(conf, "utf8")).toBe('port 6379\nloadmodule /mine.so 7\nsave ""\n');
});

test("every boot loads the modules of the command and configuration of the image", async () => {
  const file = join(root, "image.conf");
  await writeFile(
    file,
    "bind 127.0.0.1\nloadmodule /image.so A\n# loadmodule /no.so\nloadmodule /mine.so 7\n",
  );
  const launch = planLaunch([], ["redis-server", file, "--loadmodule", "/a.so", "9", "--port", "1"]);
  const modules = "--loadmodule /a.so 9";
  expect(await boot(launch)).toBe(
    `server CONF ${modules} --cluster-node-timeout 9000 --loadmodule /image.so A`,
  );
  expect(await boot(launch)).toBe(`server CONF ${modules} --loadmodule /image.so A`);
});

test("the entry point of redis-stack reads the settings and execs the server", async () => {
  const script = join(root, "stack");
  await writeFile(
    script,
    [
      "#!/bin/sh",
      "CMD=redis-server",
      "if [ -f /redis-stack.conf ]; then CONFFILE=/redis-stack.conf; fi",
      "${CMD} \\",
      "${CONFFILE} --dir ${REDIS_DATA_DIR} ${REDIS_ARGS}",
      "echo not replaced",
    ].join("\n"),
    { mode: 0o755 },
  );
  const launch = planLaunch([], [script]);
  const first = await boot(launch, { REDIS_ARGS: "--maxclients 7" });
  expect(first).toBe(`server CONF --dir ${data} --maxclients 7 --cluster-node-timeout 9000`);
  expect(await boot(launch)).toBe(`server CONF --dir ${data}`);
});

test("the exit code shows if the image has no server or an old one", async () => {
  await writeProgram("redis-server", 'echo "Redis server v=6.0.16 sha=00000000:0"');
  await expect(boot()).rejects.toMatchObject({ code: 232 });
  await rm(join(root, "bin", "redis-server"));
  await expect(boot(undefined, { PATH: join(root, "bin") })).rejects.toMatchObject({ code: 231 });
});
