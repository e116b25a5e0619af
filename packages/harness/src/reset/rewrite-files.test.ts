import { expect, test } from "vitest";
import type { NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { outdatedFiles, rewriteFiles } from "./rewrite-files.ts";

const SIGNAL = AbortSignal.timeout(60_000);

function fingerprint(config: Readonly<Record<string, string>>, calls: readonly string[] = []): Fingerprint {
  return {
    config: new Map(Object.entries({ appendonly: "no", save: "", "rdb-del-sync-files": "yes", ...config })),
    calls: new Map(calls.map((name) => [name, 1])),
  } as unknown as Fingerprint;
}

test.each([
  ["no save points", {}, true, false],
  ["save points and FLUSHALL", { save: "900 1" }, true, false],
  ["save points without FLUSHALL", { save: "900 1" }, false, true],
  ["files of syncs that are kept", { "rdb-del-sync-files": "no" }, true, true],
  ["an append-only file beside save points", { save: "900 1", appendonly: "yes" }, false, false],
])("a snapshot is rewritten or not with %s", (_, config, flushed, snapshot) => {
  expect(outdatedFiles(fingerprint(config), flushed)).toMatchObject({ snapshot });
});

test("settings and users are rewritten if the server does not count subcommands", () => {
  expect(outdatedFiles(fingerprint({}, ["config|get"]), true)).toMatchObject({
    settings: false,
    users: false,
  });
  const aclfile = { aclfile: "/data/users.acl" };
  expect(outdatedFiles(fingerprint(aclfile, ["config|get"]), true)).toMatchObject({ users: false });
  expect(outdatedFiles(fingerprint({ aclfile: "" }, ["config"]), true)).toMatchObject({
    settings: true,
    users: false,
  });
  expect(outdatedFiles(fingerprint(aclfile, ["config"]), true)).toMatchObject({
    settings: true,
    users: true,
  });
});

/** The replies of a server, in turn; the last one is repeated. */
type Replies = Readonly<Record<string, readonly (string | Error)[]>>;

function errorReply(message: string): Error {
  return Object.assign(new Error(message), { name: "ReplyError" });
}

const STATISTICS = "cmdstat_bgsave:calls=1,usec=1\r\ncmdstat_config|resetstat:calls=1,usec=1";

/** One node without a replica whose server replies as it is told, and to all else with OK. */
async function rewriteOn(replies: Replies, now = fingerprint({ save: "900 1" })) {
  const sent: string[] = [];
  const answer = (command: NodeCommand): unknown => {
    const words = command.join(" ");
    const earlier = sent.filter((each) => each === words).length;
    sent.push(words);
    return replies[words]?.[earlier] ?? replies[words]?.at(-1) ?? "OK";
  };
  const connection = {
    node: { name: "node-0", index: 0 },
    outcomes: (commands: readonly NodeCommand[]) => Promise.resolve(commands.map(answer)),
    text: (...command: NodeCommand) => Promise.resolve(String(answer(command))),
    texts: () => Promise.resolve(["OK", "1", "1"]),
  } as unknown as NodeConnection;
  const plan = {
    nodes: [{ index: 0, shard: 0 }],
    shards: [{ index: 0, primary: 0, replicas: [], slots: { first: 0, last: 16_383 } }],
  } as unknown as ClusterPlan;
  const { calls, unable } = await rewriteFiles(plan, [connection], { fingerprints: [now] }, [false], SIGNAL);
  return { sent, calls: [...(calls[0]?.keys() ?? [])], unable: [...unable.values()] };
}

test("a node saves in the background and is asked until that is done", async () => {
  const { sent, calls, unable } = await rewriteOn({
    "INFO persistence": [
      "rdb_bgsave_in_progress:1\r\nrdb_last_bgsave_status:ok",
      "rdb_bgsave_in_progress:0\r\nrdb_last_bgsave_status:ok",
    ],
    "INFO commandstats": [STATISTICS],
  });
  expect(sent.slice(0, 3)).toEqual(["BGSAVE", "INFO persistence", "INFO persistence"]);
  expect(sent.indexOf("CONFIG RESETSTAT")).toBeGreaterThan(sent.indexOf("INFO commandstats"));
  // Its own command is none of a client's.
  expect(calls).toEqual(["config|resetstat"]);
  expect(unable).toEqual([]);
});

const SAVED = ["rdb_bgsave_in_progress:0\r\nrdb_last_bgsave_status:ok"];

test("a save that the server has begun by itself is waited for, because it may be older than the data", async () => {
  const busy = errorReply("ERR Background save already in progress");
  const { sent, unable } = await rewriteOn({ BGSAVE: [busy, busy, "OK"], "INFO persistence": SAVED });
  expect(sent.filter((command) => command === "BGSAVE")).toHaveLength(3);
  expect(unable).toEqual([]);
});

test("BGSAVE by a client is not taken for the library's own", async () => {
  const { calls } = await rewriteOn({
    "INFO persistence": SAVED,
    "INFO commandstats": [STATISTICS.replace("calls=1", "calls=2")],
  });
  expect(calls).toContain("bgsave");
});

test("a server without BGSAVE saves by SAVE, and one without either is reported", async () => {
  const unknown = errorReply("ERR unknown command 'BGSAVE'");
  const saved = await rewriteOn({ BGSAVE: [unknown] });
  expect(saved.sent.slice(0, 2)).toEqual(["BGSAVE", "SAVE"]);
  expect(saved.unable).toEqual([]);
  const { unable } = await rewriteOn({ BGSAVE: [unknown], SAVE: [errorReply("ERR unknown command 'SAVE'")] });
  expect(unable).toEqual(["node-0 did not rewrite a file: SAVE: ERR unknown command 'SAVE'"]);
});

test("a snapshot that failed is reported", async () => {
  const failed = ["rdb_bgsave_in_progress:0\r\nrdb_last_bgsave_status:err"];
  const { unable } = await rewriteOn({ "INFO persistence": failed });
  expect(unable).toEqual(["node-0 did not rewrite a file: BGSAVE: its status is err"]);
});

test("an old server rewrites its settings and users, and is reported if it cannot", async () => {
  const old = fingerprint({ aclfile: "/data/users.acl" }, ["config"]);
  const { sent, unable } = await rewriteOn({}, old);
  expect(sent.slice(0, 2)).toEqual(["CONFIG REWRITE", "ACL SAVE"]);
  expect(unable).toEqual([]);
  const failed = await rewriteOn(
    { "CONFIG REWRITE": [errorReply("ERR Rewriting config file: denied")] },
    old,
  );
  expect(failed.unable).toEqual([
    "node-0 did not rewrite a file: CONFIG REWRITE: ERR Rewriting config file: denied",
  ]);
});

test("a node without such files is told nothing", async () => {
  expect((await rewriteOn({}, fingerprint({}))).sent).toEqual([]);
});
