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
])("classifies an error reply as failed: %s %s", (name, message, word) => {
  expect(classifyError(errorOf(name, message), false)).toEqual({ outcome: "failed", word });
});

test("classifies an error reply as unknown if a connection was closed", () => {
  const reply = errorOf("ReplyError", "MOVED 5 10.0.0.3:6379");
  expect(classifyError(reply, true)).toEqual({ outcome: "unknown", word: "MOVED" });
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
])("classifies any other error as unknown: %s %s", (name, message, word) => {
  expect(classifyError(errorOf(name, message), false)).toEqual({ outcome: "unknown", word });
});

test('counts network errors under their code, and thrown strings under "other"', () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  expect(classifyError(refused, false).word).toBe("ECONNREFUSED");
  expect(classifyError("a string", false)).toEqual({ outcome: "unknown", word: "other" });
});

test("counts an error of another realm, as in Jest, under its code", () => {
  const refused: unknown = runInNewContext(
    'Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })',
  );
  expect(classifyError(refused, false)).toEqual({ outcome: "unknown", word: "ECONNREFUSED" });
});
