import { EventEmitter } from "node:events";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { RedisClusterError } from "../errors.ts";
import { whenReady } from "./when-ready.ts";

function client(status: string): EventEmitter & { status: string } {
  return Object.assign(new EventEmitter(), { status });
}

test("resolves if the client becomes ready after errors", async () => {
  const connecting = client("connecting");
  const { signal } = new AbortController();
  const ready = whenReady(connecting, signal);
  connecting.emit("error", new Error("refused"));
  connecting.emit("ready");
  await ready;
  expect(connecting.eventNames()).toEqual([]);
});

test("rejects with the code of the reason and the last error of a node if aborted", async () => {
  const connecting = client("connecting");
  const controller = new AbortController();
  const ready = whenReady(connecting, controller.signal);
  const lastNodeError = new Error("connect ECONNREFUSED 127.0.0.1:32768");
  connecting.emit("error", Object.assign(new Error("Failed to refresh slots cache."), { lastNodeError }));
  controller.abort(new RedisClusterError("WAIT_TIMEOUT", "Connecting a client: not done after 10 ms."));
  await expect(ready).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    message: "Connecting a client: not done after 10 ms. Still: connect ECONNREFUSED 127.0.0.1:32768",
    details: { missing: "connect ECONNREFUSED 127.0.0.1:32768" },
  });
});

test("rejects if the client has ended or ends", async () => {
  const { signal } = new AbortController();
  await expect(whenReady(client("end"), signal)).rejects.toMatchObject({
    code: "WAIT_ABORTED",
    message: "The client was closed before it was connected",
  });
  const connecting = client("connecting");
  const ready = whenReady(connecting, signal);
  connecting.emit("error", new Error("refused"));
  connecting.emit("end");
  await expect(ready).rejects.toThrow("The client was closed before it was connected: refused");
});

test("the error for a rejected password does not contain the password", async () => {
  const connecting = client("connecting");
  const { signal } = new AbortController();
  const ready = whenReady(connecting, signal);
  const command = { name: "auth", args: ["app", "s3cret"] };
  connecting.emit("error", Object.assign(new Error("WRONGPASS invalid password"), { command }));
  connecting.emit("end");
  const error = await ready.catch((thrown: unknown) => thrown);
  const printed = inspect(error, { depth: null });
  expect(printed).toContain("WRONGPASS");
  expect(printed).not.toContain("s3cret");
});
