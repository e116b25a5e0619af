import { expect, test } from "vitest";
import { RedisClusterError } from "../errors.ts";
import type { NodeAtFailure } from "../evidence/nodes-at-failure.ts";
import { explainFailure } from "./explain-failure.ts";

const IMAGE = "redis:6.2";

function node(name: string, facts: Partial<NodeAtFailure> = {}): NodeAtFailure {
  return {
    node: name,
    status: "running",
    exitCode: undefined,
    oomKilled: false,
    unreachableAt: undefined,
    said: `running  ${name}: ok`,
    lastLines: [`Ready to accept connections on ${name}`],
    ...facts,
  };
}

test("shows the log of the first node that does not run", () => {
  const stopped = { status: "exited", exitCode: 1, lastLines: ["Bad directive"] };
  const nodes = [node("node-0"), node("node-1", stopped), node("node-2", stopped)];
  const cause = new RedisClusterError("NODE_EXITED", "node-1 exited with code 1 while the cluster started.");
  const error = explainFailure(cause, "containers", nodes, IMAGE);
  expect(error).toMatchObject({ code: "NODE_EXITED", cause, details: { phase: "containers", nodes } });
  expect(error.message).toContain("Last output of node-1 (exited, exit code 1):\n      Bad directive\n");
  expect(error.message).not.toContain("node-2 (");
  expect(error.message).toContain("directive of `config`");
});

test("rejects the image if its server is older than a directive", () => {
  // What Redis 6.2 prints.
  const lastLines = [
    ">>> 'cluster-announce-hostname \"localhost\"'",
    "Bad directive or wrong number of arguments",
  ];
  const nodes = [node("node-0", { status: "exited", exitCode: 1, lastLines })];
  const cause = new RedisClusterError("NODE_EXITED", "node-0 exited with code 1 while the cluster started.");
  const error = explainFailure(cause, "containers", nodes, IMAGE);
  expect(error).toMatchObject({ code: "IMAGE_UNSUITABLE", details: { image: IMAGE, nodes } });
  expect(error.message).toContain(
    'The image "redis:6.2" cannot be used for a cluster: its server does not know the directive cluster-announce-hostname',
  );
  expect(error.message).toContain("Use Redis 7.0 or newer, or Valkey");
});

test("shows the first node if all run, and the unreachable addresses", () => {
  const unreachable = (name: string): NodeAtFailure =>
    node(name, { unreachableAt: "127.0.0.1:32768 (refused)" });
  const cause = new RedisClusterError("START_TIMEOUT", "Starting the cluster: not done after 60000 ms.");
  const { message } = explainFailure(
    cause,
    "containers",
    [unreachable("node-0"), unreachable("node-1"), unreachable("node-2")],
    IMAGE,
  );
  expect(message).toContain("node-0 at 127.0.0.1:32768 (refused), and 2 more");
  expect(message).toContain("Last output of node-0 (running):");
  expect(message).toContain("TESTCONTAINERS_HOST_OVERRIDE");
});

test("reports an OOM-killed node, and a log without lines", () => {
  const killed = node("node-0", { status: "exited", exitCode: 137, oomKilled: true, lastLines: [] });
  const { message } = explainFailure(new Error("gone"), "containers", [killed], IMAGE);
  expect(message).toMatch(
    /Last output of node-0 \(exited, exit code 137, out of memory \(OOM-killed\)\):\n {6}\(no output\)$/,
  );
});

test("uses the code START_FAILED for other errors, and adds nothing without nodes", () => {
  const error = explainFailure(new Error("no network"), "network", [], IMAGE);
  expect(error).toMatchObject({ code: "START_FAILED", message: "no network", details: { nodes: [] } });
});
