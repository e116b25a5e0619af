import { expect, test } from "vitest";
import type { NodeCommand, NodeConnection } from "../clients/node-connection.ts";
import type { ClusterPlan } from "../plan/cluster-plan.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { findOutdatedFiles, rewriteFiles } from "./rewrite-files.ts";

const SIGNAL = AbortSignal.timeout(60_000);

function fingerprint(config: Readonly<Record<string, string>>, calls: readonly string[] = []): Fingerprint {
  return {
    config: new Map(Object.entries({ appendonly: "no", save: "", "rdb-del-sync-files": "yes", ...config })),
    calls: new Map(calls.map((name) => [name, 1])),
  } as unknown as Fingerprint;
}

test.each([
  ["without save points", {}, true, false],
  ["with save points and FLUSHALL", { save: "900 1" }, true, false],
  ["with save points but without FLUSHALL", { save: "900 1" }, false, true],
  ["if files of syncs are kept", { "rdb-del-sync-files": "no" }, true, true],
  ["with an append-only file and save points", { save: "900 1", appendonly: "yes" }, false, false],
])("finds whether the snapshot is outdated %s", (_, config, wasFlushed, snapshot) => {
  expect(findOutdatedFiles(fingerprint(config), wasFlushed)).toMatchObject({ snapshot });
});

test("settings and users are outdated if the server does not count subcommands", () => {
  expect(findOutdatedFiles(fingerprint({}, ["config|get"]), true)).toMatchObject({
    settings: false,
    users: false,
  });
  const aclfile = { aclfile: "/data/users.acl" };
  expect(findOutdatedFiles(fingerprint(aclfile, ["config|get"]), true)).toMatchObject({ users: false });
  expect(findOutdatedFiles(fingerprint({ aclfile: "" }, ["config"]), true)).toMatchObject({
    settings: true,
    users: false,
  });
  expect(findOutdatedFiles(fingerprint(aclfile, ["config"]), true)).toMatchObject({
    settings: true,
    users: true,
  });
});

/** The replies of a server by command, in their order. The last reply is repeated. */
type Replies = Readonly<Record<string, readonly (string | Error)[]>>;

function errorReply(message: string): Error {
  return Object.assign(new Error(message), { name: "ReplyError" });
}

const STATISTICS = "cmdstat_bgsave:calls=1,usec=1\r\ncmdstat_config|resetstat:calls=1,usec=1";

/** Rewrites the files of one node without replicas. Its server sends these replies, and OK to all other commands. */
async function rewriteOn(replies: Replies, now = fingerprint({ save: "900 1" })) {
  const sent: string[] = [];
  const answer = (command: NodeCommand): unknown => {
    const words = command.join(" ");
    const earlier = sent.filter((other) => other === words).length;
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
  const { calls, failures } = await rewriteFiles(
    plan,
    [connection],
    { fingerprints: [now] },
    [false],
    SIGNAL,
  );
  return { sent, calls: [...(calls[0]?.keys() ?? [])], failures: [...failures.values()] };
}

test("saves in the background and polls until the snapshot is written", async () => {
  const { sent, calls, failures } = await rewriteOn({
    "INFO persistence": [
      "rdb_bgsave_in_progress:1\r\nrdb_last_bgsave_status:ok",
      "rdb_bgsave_in_progress:0\r\nrdb_last_bgsave_status:ok",
    ],
    "INFO commandstats": [STATISTICS],
  });
  expect(sent.slice(0, 3)).toEqual(["BGSAVE", "INFO persistence", "INFO persistence"]);
  expect(sent.indexOf("CONFIG RESETSTAT")).toBeGreaterThan(sent.indexOf("INFO commandstats"));
  // The library's own BGSAVE is not counted.
  expect(calls).toEqual(["config|resetstat"]);
  expect(failures).toEqual([]);
});

const SAVED = ["rdb_bgsave_in_progress:0\r\nrdb_last_bgsave_status:ok"];

test("saves again after a save of the server, which may be older than the data", async () => {
  const busy = errorReply("ERR Background save already in progress");
  const { sent, failures } = await rewriteOn({ BGSAVE: [busy, busy, "OK"], "INFO persistence": SAVED });
  expect(sent.filter((command) => command === "BGSAVE")).toHaveLength(3);
  expect(failures).toEqual([]);
});

test("counts a BGSAVE by a client", async () => {
  const { calls } = await rewriteOn({
    "INFO persistence": SAVED,
    "INFO commandstats": [STATISTICS.replace("calls=1", "calls=2")],
  });
  expect(calls).toContain("bgsave");
});

test("uses SAVE if the server has no BGSAVE, and reports a server without both", async () => {
  const unknown = errorReply("ERR unknown command 'BGSAVE'");
  const saved = await rewriteOn({ BGSAVE: [unknown] });
  expect(saved.sent.slice(0, 2)).toEqual(["BGSAVE", "SAVE"]);
  expect(saved.failures).toEqual([]);
  const { failures } = await rewriteOn({
    BGSAVE: [unknown],
    SAVE: [errorReply("ERR unknown command 'SAVE'")],
  });
  expect(failures).toEqual(["node-0 failed to rewrite a file: SAVE: ERR unknown command 'SAVE'"]);
});

test("reports a failed snapshot", async () => {
  const failed = ["rdb_bgsave_in_progress:0\r\nrdb_last_bgsave_status:err"];
  const { failures } = await rewriteOn({ "INFO persistence": failed });
  expect(failures).toEqual(["node-0 failed to rewrite a file: BGSAVE: expected the status ok, got err"]);
});

test("rewrites settings and users of an old server, and reports failures", async () => {
  const old = fingerprint({ aclfile: "/data/users.acl" }, ["config"]);
  const { sent, failures } = await rewriteOn({}, old);
  expect(sent.slice(0, 2)).toEqual(["CONFIG REWRITE", "ACL SAVE"]);
  expect(failures).toEqual([]);
  const failed = await rewriteOn(
    { "CONFIG REWRITE": [errorReply("ERR Rewriting config file: denied")] },
    old,
  );
  expect(failed.failures).toEqual([
    "node-0 failed to rewrite a file: CONFIG REWRITE: ERR Rewriting config file: denied",
  ]);
});

test("sends no command if no file is outdated", async () => {
  expect((await rewriteOn({}, fingerprint({}))).sent).toEqual([]);
});
