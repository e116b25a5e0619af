import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { classifyError } from "./classify-error.ts";

function errorOf(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

test.each([
  ["ReplyError", "MOVED 5 10.0.0.3:6379", "MOVED"],
  ["ReplyError", "CLUSTERDOWN The cluster is down", "CLUSTERDOWN"],
  ["ReplyError", "READONLY You can't write against a read only replica.", "READONLY"],
  [
    "Error",
    "Too many Cluster redirections. Last error: ReplyError: CLUSTERDOWN Hash slot not served",
    "CLUSTERDOWN",
  ],
])("a refusal is certain: %s %s", (name, message, word) => {
  expect(classifyError(errorOf(name, message), false)).toEqual({ outcome: "failed", word });
});

test("a refusal after a connection was closed leaves open what an earlier try did", () => {
  const refusal = errorOf("ReplyError", "MOVED 5 10.0.0.3:6379");
  expect(classifyError(refusal, true)).toEqual({ outcome: "unknown", word: "MOVED" });
});

test.each([
  ["Error", "Connection is closed.", "closed"],
  ["AbortError", "Command aborted due to connection close", "closed"],
  ["AbortError", "Cluster is ended.", "closed"],
  ["Error", "Too many Cluster redirections. Last error: Error: Connection is closed.", "closed"],
  ["Error", "Command timed out", "timeout"],
  ["ClusterAllFailedError", "Failed to refresh slots cache.", "unreachable"],
  ["Error", "None of startup nodes is available", "unreachable"],
  ["Error", "something new", "other"],
])("everything else is unknown: %s %s", (name, message, word) => {
  expect(classifyError(errorOf(name, message), false)).toEqual({ outcome: "unknown", word });
});

test("an error of the network has its own word, and what is no error is one as well", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  expect(classifyError(refused, false).word).toBe("ECONNREFUSED");
  expect(classifyError("a string", false)).toEqual({ outcome: "unknown", word: "other" });
});

test("an error of another realm is counted under its code, as Jest's tests see those of Node itself", () => {
  const refused: unknown = runInNewContext(
    'Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })',
  );
  expect(classifyError(refused, false)).toEqual({ outcome: "unknown", word: "ECONNREFUSED" });
});
