import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { withServer } from "../clients/server.fixture.ts";
import { RedisClusterError } from "../errors.ts";
import type { NodePlan } from "../plan/cluster-plan.ts";
import { planCluster } from "../plan/plan-cluster.ts";
import { parseSubnet } from "../plan/subnet.ts";
import { validateOptions } from "../plan/validate-options.ts";
import { sendCommands, sendCommandsOrThrow } from "./send-commands.ts";

const NEVER = new AbortController().signal;
const plan = planCluster(validateOptions({ nodes: 3 }, {}), parseSubnet("10.77.0.0/24"), (count) =>
  "a".repeat(count),
);
const NODE = plan.nodes[1] as NodePlan;
const TIMEOUT_MS = 200;

test("sends commands again if the node does not answer or the connection ends", async () => {
  const onRequest = (request: number, socket: Socket): void => {
    if (request === 2) socket.destroy();
    if (request > 2) socket.write("+one\r\n+two\r\n");
  };
  await withServer(NODE, TIMEOUT_MS, onRequest, async (connection) => {
    const replies = await sendCommands(
      connection,
      [
        ["DUMP", "a"],
        ["DUMP", "b"],
      ],
      NEVER,
    );
    expect(replies.map(String)).toEqual(["one", "two"]);
  });
});

test("returns an error reply, and throws it if the commands must succeed", async () => {
  const onRequest = (_: number, socket: Socket): void => void socket.write("-NOPERM no\r\n");
  await withServer(NODE, TIMEOUT_MS, onRequest, async (connection) => {
    const [reply] = await sendCommands(connection, [["FLUSHALL"]], NEVER);
    expect(String(reply)).toContain("NOPERM no");
    await expect(sendCommandsOrThrow(connection, [["FLUSHALL"]], NEVER)).rejects.toThrow(
      "node-1 replied to FLUSHALL: NOPERM no",
    );
  });
});

test("reports the code of the signal and the node that did not answer on timeout", async () => {
  const controller = new AbortController();
  const reason = new RedisClusterError("START_TIMEOUT", "Starting the cluster: not done after 5 ms.");
  const onRequest = (request: number): void => {
    if (request === 2) controller.abort(reason);
  };
  await withServer(NODE, TIMEOUT_MS, onRequest, async (connection) => {
    await expect(sendCommands(connection, [["DUMP", "a"]], controller.signal)).rejects.toMatchObject({
      code: "START_TIMEOUT",
      message: `${reason.message} Still missing: node-1 did not answer within 200 ms`,
      details: { missing: "node-1 did not answer within 200 ms" },
    });
  });
});
