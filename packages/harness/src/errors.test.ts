import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { InvalidOptionsError, messageOf, RedisClusterError, summarize } from "./errors.ts";

test("an error has a code, details and a cause", () => {
  const cause = new Error("address already in use");
  const error = new RedisClusterError("PORT_TAKEN", "Port 7000 is taken.", {
    cause,
    details: { port: 7000 },
  });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: "RedisClusterError",
    code: "PORT_TAKEN",
    message: "Port 7000 is taken.",
    details: { port: 7000 },
    cause,
  });
});

test("an error has no cause and empty details by default", () => {
  const error = new RedisClusterError("CLUSTER_STOPPED", "The cluster is stopped.");
  expect(Object.hasOwn(error, "cause")).toBe(false);
  expect(error.details).toEqual({});
  expect(Object.hasOwn(new RedisClusterError("NO_DOCKER", "none", { cause: undefined }), "cause")).toBe(true);
});

test("the error about invalid options has one line for each problem", () => {
  const problems = [
    { option: "nodes", given: "0", allowed: "an integer from 1 to 100" },
    {
      option: 'config["port"]',
      given: "7",
      allowed: "no such directive in `config`",
      remedy: "Use the option `port`.",
    },
  ];
  const error = new InvalidOptionsError(problems);
  expect(error).toBeInstanceOf(RedisClusterError);
  expect(error).toMatchObject({
    name: "InvalidOptionsError",
    code: "INVALID_OPTIONS",
    details: { problems },
  });
  expect(error.problems).toEqual(problems);
  expect(error.message.split("\n")).toEqual([
    "The cluster's options are wrong; nothing was started.",
    "  - nodes: expected an integer from 1 to 100, got 0.",
    '  - config["port"]: expected no such directive in `config`, got 7. Use the option `port`.',
  ]);
});

test("messageOf returns a message for any thrown value", () => {
  const thrown: readonly unknown[] = [new TypeError("no"), "plain text", undefined, 5, null];
  expect(thrown.map(messageOf)).toEqual(["no", "plain text", "undefined", "5", "null"]);
});

test("messageOf recognizes errors of other realms, as in tests of Jest", () => {
  const thrown: unknown = runInNewContext('new RangeError("no")');
  expect(thrown).not.toBeInstanceOf(Error);
  expect(messageOf(thrown)).toBe("no");
});

test("summarize joins the first sentences and counts the rest", () => {
  expect(summarize([])).toBe("");
  expect(summarize(["a", "b"])).toBe("a; b");
  expect(summarize(["a", "b", "c", "d", "e"])).toBe("a; b; c; d; e");
  expect(summarize(["a", "b", "c", "d", "e", "f"])).toBe("a; b; c; d; e; and 1 more");
  expect(summarize(["a", "b", "c", "d", "e", "f", "g"])).toBe("a; b; c; d; e; and 2 more");
  expect(summarize(["a", "b", "c"], 1)).toBe("a; and 2 more");
});
