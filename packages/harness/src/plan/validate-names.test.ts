import { expect, test } from "vitest";
import { planCluster } from "./plan-cluster.ts";
import { parseSubnet } from "./subnet.ts";
import { validateOptions } from "./validate-options.ts";

let count = 0;
const hex = (characters: number): string => String((count += 1)).padStart(characters, "0");
const plan = (config: Record<string, string>) =>
  planCluster(validateOptions({ config }, {}), parseSubnet("10.1.0.0/24"), hex);

test("puts the name of each node into its redis.conf and into the plan", () => {
  const { nodes } = plan({
    "cluster-announce-hostname": "{name}.redis.test",
    "cluster-announce-human-nodename": "n{index}",
  });
  expect(nodes.map(({ hostname }) => hostname).slice(0, 2)).toEqual([
    "node-0.redis.test",
    "node-1.redis.test",
  ]);
  expect(nodes[1]?.redisConf).toContain("cluster-announce-hostname node-1.redis.test\n");
  expect(nodes[1]?.redisConf).toContain("cluster-announce-human-nodename n1\n");
});

test("replaces placeholders only in directives that name nodes", () => {
  const { nodes } = plan({ unixsocket: "/tmp/{name}", "cluster-announce-hostname": "" });
  expect(nodes[0]?.hostname).toBeUndefined();
  expect(nodes[0]?.redisConf).toContain("unixsocket /tmp/{name}\n");
  expect(nodes[0]?.redisConf).toContain('cluster-announce-hostname ""\n');
});

// No client connects to this name.
test("accepts one human-readable name for all nodes", () => {
  expect(plan({ "cluster-announce-human-nodename": "test" }).nodes).toHaveLength(6);
});

test.each([
  ["cluster-announce-hostname", "redis.test", /expected a different name for each node: use \{name\}/],
  ["cluster-announce-hostname", "{node}.redis.test", /letters, digits, hyphens and dots/],
  ["cluster-announce-hostname", "{name}_redis", /letters, digits, hyphens and dots/],
  ["cluster-announce-hostname", `{name}.${"x".repeat(250)}`, /at most 255 characters/],
  ["cluster-announce-human-nodename", "{name} of mine", /no spaces/],
  ["cluster-announce-human-nodename", "{name}|x", /no spaces/],
  ["cluster-preferred-endpoint-type", "name", /one of "ip", "hostname", "unknown-endpoint"/],
])("rejects %s with the value %s", (directive, value, message) => {
  expect(() => plan({ [directive]: value })).toThrow(message);
});

test("rejects a list of names", () => {
  const config = { "cluster-announce-hostname": ["a", "b"] };
  expect(() => validateOptions({ config }, {})).toThrow(/expected a string, such as "\{name\}.redis.test"/);
});
