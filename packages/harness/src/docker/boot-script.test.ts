import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { bootCommand } from "./boot-script.ts";
import { planLaunch } from "./launch.ts";

// The script itself, run by a shell of this machine, in a folder that takes the place of /tmp.

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
  conf = join(root, "redis-node.conf");
  await mkdir(join(root, "bin"));
  await program(
    "redis-server",
    'if [ "$1" = --version ]; then echo "Redis server v=8.0.0"; else echo "server $*"; fi',
  );
  await program("image-entrypoint", 'echo "entry point"; exec "$@"');
  // Not every system's has these options.
  await program("stat", 'case $2 in %u) id -u ;; *) echo "$(id -u):$(id -g)" ;; esac');
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function program(name: string, text: string): Promise<void> {
  await writeFile(join(root, "bin", name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

/** Boots once, and returns what was printed with `CONF` for the path of the settings. */
async function boot(
  launch = planLaunch(["image-entrypoint"], ["redis-server"]),
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { command } = bootCommand(NODE, data, launch);
  const here = command.map((word, index) => (index === 1 ? word.replaceAll("/tmp", root) : word));
  const env = { PATH: `${join(root, "bin")}:${process.env["PATH"]}`, ...environment };
  const { stdout } = await run("/bin/sh", here, { env, cwd: root });
  return stdout.trim().replaceAll(conf, "CONF");
}

async function mark(name: string, content = ""): Promise<void> {
  await writeFile(join(root, "redis-node", name), content);
}

async function fill(...names: readonly string[]): Promise<void> {
  await mkdir(join(data, "appendonlydir"), { recursive: true });
  for (const name of names) await writeFile(join(data, name), name);
}

const OF_THE_SERVER = [
  ...["dump.rdb", "temp-12.rdb", "temp-12.3.rdb", "appendonly.aof", "temp-rewriteaof-7.aof"],
  ...["appendonlydir/appendonly.aof.1.base.rdb", "appendonlydir/appendonly.aof.manifest"],
];
const OF_THE_USER = ["seed.rdb", "users.acl", "dump.rdb.orig", "appendonly.txt"];

test("the first boot writes both files and gives the server the options of the first boot", async () => {
  expect(await boot()).toBe("entry point\nserver CONF --cluster-node-timeout 9000");
  expect(await readFile(join(data, "nodes.conf"), "utf8")).toBe("planned nodes\n");
  expect(await readFile(conf, "utf8")).toBe(`${NODE.redisConf}dir "${data}"\n`);
});

test("a later boot keeps both files and leaves out the options of the first", async () => {
  await boot();
  await writeFile(join(data, "nodes.conf"), "the server's nodes\n");
  expect(await boot()).toBe("entry point\nserver CONF");
  expect(await readFile(join(data, "nodes.conf"), "utf8")).toBe("the server's nodes\n");
});

test("a wipe deletes the data and nothing else", async () => {
  await boot();
  await fill(...OF_THE_SERVER, ...OF_THE_USER);
  await mark("wipe");
  await boot();
  expect((await readdir(data)).toSorted()).toEqual([...OF_THE_USER, "nodes.conf"].toSorted());
  expect(await readdir(join(root, "redis-node"))).toEqual([]);
});

test("a wipe goes by the names that the settings give", async () => {
  await boot();
  await writeFile(conf, `${await readFile(conf, "utf8")}dbfilename "other.rdb"\nappenddirname files\n`);
  await fill("other.rdb", "dump.rdb", "appendonlydir/appendonly.aof.manifest");
  await mkdir(join(data, "files"));
  await writeFile(join(data, "files", "appendonly.aof.1.incr.aof"), "");
  await writeFile(join(data, "files", "notes.txt"), "");
  await mark("wipe");
  await boot();
  expect((await readdir(data)).toSorted()).toEqual(["appendonlydir", "dump.rdb", "files", "nodes.conf"]);
  expect(await readdir(join(data, "files"))).toEqual(["notes.txt"]);
});

test("a wipe never follows a symbolic link, and can be given up", async () => {
  await boot();
  await mkdir(join(root, "elsewhere"));
  await writeFile(join(root, "elsewhere", "appendonly.aof.manifest"), "kept");
  await symlink(join(root, "elsewhere"), join(data, "appendonlydir"));
  await mark("wipe");
  await expect(boot()).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/the data in .* is not deleted: .* is a mount or a symbolic link/),
  });
  expect(await readdir(join(root, "elsewhere"))).toEqual(["appendonly.aof.manifest"]);
  expect(await boot()).toBe("entry point\nserver CONF");
});

test("a start as new is like the first, with another nodes.conf if there is one", async () => {
  await boot();
  await writeFile(conf, "port 1\n");
  await fill(...OF_THE_SERVER, ...OF_THE_USER, "nodes.conf.tmp-7-1");
  await mark("new", "other nodes\n");
  expect(await boot()).toBe("entry point\nserver CONF --cluster-node-timeout 9000");
  expect(await readFile(join(data, "nodes.conf"), "utf8")).toBe("other nodes\n");
  expect(await readFile(conf, "utf8")).toContain("port 6379\n");
  expect((await readdir(data)).toSorted()).toEqual([...OF_THE_USER, "nodes.conf"].toSorted());
});

test("modules that CONFIG REWRITE added are taken out again, and planned ones stay", async () => {
  await boot();
  const rewritten =
    'port 6379\nloadmodule /mine.so 7\nloadmodule /image//a.so X "y z"\nloadmodule "/b.so"\nsave ""\n';
  await writeFile(conf, rewritten);
  await boot();
  expect(await readFile(conf, "utf8")).toBe('port 6379\nloadmodule /mine.so 7\nsave ""\n');
});

test("modules of the image's command and of its configuration file are loaded at every boot", async () => {
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

test("the entry point of redis-stack reads these settings, and is replaced by the server", async () => {
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

test("an image without a server, or with one that is too old, is refused by an exit code of its own", async () => {
  await program("redis-server", 'echo "Redis server v=6.0.16 sha=00000000:0"');
  await expect(boot()).rejects.toMatchObject({ code: 232 });
  await rm(join(root, "bin", "redis-server"));
  await expect(boot(undefined, { PATH: join(root, "bin") })).rejects.toMatchObject({ code: 231 });
});
