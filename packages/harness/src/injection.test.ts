import fc from "fast-check";
import { expect, test } from "vitest";
import { InvalidOptionsError, RedisClusterError } from "./errors.ts";
import type { Plane } from "./faults/options.generated.ts";
import { planPartition, renderRuleset } from "./faults/plan-partition.ts";
import type { ClusterPlan } from "./plan/cluster-plan.ts";
import type { RedisConfig } from "./plan/options.generated.ts";
import { planCluster } from "./plan/plan-cluster.ts";
import { parseSubnet } from "./plan/subnet.ts";
import { type OptionsToValidate, type ValidOptions, validateOptions } from "./plan/validate-options.ts";

/** Texts with a special meaning in redis.conf, nodes.conf, a shell or an nftables ruleset. */
const PAYLOADS = [
  ...[
    "\n",
    "\r",
    "\0",
    "\v",
    "\u0085",
    "\nport 7\n",
    "\r\nuser x on nopass ~* +@all",
    "\nvars currentEpoch 9",
  ],
  ...['"', "'", "\\", '\\"', "\\n", "\\x0a", '" "', '"\n"', "#", " ", "\t", "\u00a0", "\u2028"],
  ...["$(reboot)", "`reboot`", "; reboot", "| reboot", "&& reboot", ">/etc/passwd", "../", "--port 7", "-c"],
  ...["; flush ruleset", "} drop", "{ 0.0.0.0/0 }", "*", "?", "%s", "ä", "🔑", "x", "7"],
] as const;

const hostile = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...PAYLOADS) }, fc.string({ unit: "binary" })), {
    maxLength: 4,
  })
  .map((parts) => parts.join(""));
/** Hostile texts without control characters, which every option rejects. Most of these texts must be accepted unchanged. */
const printable = hostile.map((value) => value.replaceAll(/\p{Cc}/gu, "")).filter((value) => value !== "");
const text = fc.oneof({ weight: 8, arbitrary: printable }, hostile);
const name = fc.oneof({ weight: 8, arbitrary: fc.constantFrom("app", "a.b@c", "x-y_z:1") }, hostile);
const rule = fc.oneof(
  { weight: 8, arbitrary: printable.map((value) => `~${value.replaceAll(/\s/gu, "")}`) },
  { weight: 4, arbitrary: fc.constantFrom("+@all", "(~a +get)", "&*") },
  hostile,
);
const directive = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("maxmemory", "save", "proc-title-template", "tls-ciphers") },
  hostile,
);
const optionSets: fc.Arbitrary<unknown> = fc.record(
  {
    password: text,
    users: fc.dictionary(
      name,
      fc.record({ password: text, rules: fc.array(rule, { minLength: 1, maxLength: 3 }) }),
      {
        maxKeys: 2,
      },
    ),
    config: fc.dictionary(directive, fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 2 })), {
      maxKeys: 2,
    }),
    labels: fc.dictionary(text, text, { maxKeys: 2 }),
    tls: fc.boolean(),
    defaultUser: fc.boolean(),
    replicationUser: fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, hostile),
    formation: fc.constantFrom("auto", "meet"),
    image: fc.oneof({ weight: 8, arbitrary: fc.constant("redis:8.0") }, hostile),
    faultImage: fc.oneof({ weight: 8, arbitrary: fc.constant("tools:1") }, hostile),
    subnet: fc.oneof({ weight: 8, arbitrary: fc.constant("172.28.0.0/24") }, hostile),
    publishOn: fc.oneof({ weight: 8, arbitrary: fc.constant("all") }, hostile),
    joinNetworks: fc.oneof(
      { weight: 16, arbitrary: fc.uniqueArray(fc.constantFrom("app_default", "shop"), { maxLength: 2 }) },
      fc.array(hostile, { maxLength: 2 }),
    ),
    persistence: fc.oneof({ weight: 8, arbitrary: fc.constant("aof") }, hostile),
  },
  { requiredKeys: [] },
);

/** Splits a line into arguments as `sdssplitargs` of sds.c does; returns undefined if the server would reject the line. */
function splitArguments(line: string): readonly string[] | undefined {
  const args: string[] = [];
  let rest = line;
  for (;;) {
    rest = rest.replace(/^[ \t\n\v\f\r]+/, "");
    if (rest === "") return args;
    let argument = "";
    let isQuoted = false;
    while (rest !== "" && (isQuoted || !/^[ \t\n\v\f\r]/.test(rest))) {
      const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
      rest = rest.slice(character.length);
      if (character === '"' && isQuoted) {
        if (rest !== "" && !/^[ \t\n\v\f\r]/.test(rest)) return undefined;
        isQuoted = false;
        break;
      }
      if (character === '"') isQuoted = true;
      else if (character === "'" && !isQuoted)
        return undefined; // This library never writes them.
      else if (character === "\\" && isQuoted) {
        const next = String.fromCodePoint(rest.codePointAt(0) ?? 0);
        // Escape sequences such as \n and \x0a, which this library never writes.
        if (/^[xnrtba]$/.test(next)) return undefined;
        argument += next;
        rest = rest.slice(next.length);
      } else argument += character;
    }
    if (isQuoted) return undefined;
    args.push(argument);
  }
}

/** The directives that this library always writes. */
const OWN = [
  ...[
    "protected-mode",
    "cluster-config-file",
    "repl-diskless-sync",
    "rdb-del-sync-files",
    "appendonly",
    "save",
  ],
  ...["repl-diskless-sync-delay", "repl-diskless-load", "repl-ping-replica-period", "cluster-enabled"],
  "cluster-replica-validity-factor",
  ...["cluster-announce-ip", "cluster-announce-bus-port", "cluster-node-timeout", "port"],
];
/** The directives that this library writes without TLS. */
const OWN_PLAIN = ["cluster-announce-port"];
/** The directives that this library writes with TLS. */
const OWN_TLS = [
  ...["tls-port", "cluster-announce-tls-port", "tls-cluster", "tls-replication", "tls-auth-clients"],
  ...["tls-ca-cert-file", "tls-cert-file", "tls-key-file"],
];

/** The directives that this library writes if the nodes join other networks. */
const OWN_JOINED = ["cluster-announce-hostname", "cluster-preferred-endpoint-type"];

function expectRedisConf(conf: string, plan: ClusterPlan, config: RedisConfig): void {
  const { password, users, tls, defaultUser, replicationUser, joinNetworks } = plan;
  expect(conf.endsWith("\n")).toBe(true);
  expect(conf).not.toMatch(/[^\P{Cc}\n]/u);
  const lines = conf.slice(0, -1).split("\n");
  const valuesOf = (directiveName: string): readonly string[] =>
    lines
      .filter((line) => line.startsWith(`${directiveName} `))
      .map((line) => line.slice(directiveName.length + 1));
  const expectedCounts = new Map<string, number>();
  const own = [...OWN, ...(tls ? OWN_TLS : OWN_PLAIN), ...(joinNetworks.length > 0 ? OWN_JOINED : [])];
  for (const directiveName of own) expectedCounts.set(directiveName, 1);
  for (const [directiveName, value] of Object.entries(config)) {
    const values = [value].flat().map((item) => (item === "" ? '""' : String(item)));
    expect(valuesOf(directiveName)).toEqual(values);
    expectedCounts.set(directiveName, values.length);
  }
  const replication = users.find((user) => user.name === replicationUser);
  const expectArgument = (directiveName: string, argument: string | undefined): void => {
    expect(valuesOf(directiveName).map(splitArguments)).toEqual(argument === undefined ? [] : [[argument]]);
    if (argument !== undefined) expectedCounts.set(directiveName, 1);
  };
  expectArgument("requirepass", password);
  expectArgument("masteruser", replication?.name);
  expectArgument("masterauth", replication?.password ?? password);
  const userLines = [
    ...(defaultUser ? [] : [["default", "off"]]),
    ...users.map((user) => [user.name, "on", `>${user.password}`, ...user.rules]),
  ];
  if (userLines.length > 0) expectedCounts.set("user", userLines.length);
  expect(valuesOf("user").map(splitArguments)).toEqual(userLines);
  const counts = new Map<string, number>();
  for (const line of lines) {
    const [directiveName = ""] = line.split(" ", 1);
    counts.set(directiveName, (counts.get(directiveName) ?? 0) + 1);
  }
  expect(Object.fromEntries(counts)).toEqual(Object.fromEntries(expectedCounts));
}

function expectNodesConf(nodesConf: string, plan: ClusterPlan): void {
  const [vars, ...members] = nodesConf.trimEnd().split("\n").toReversed();
  expect(vars).toMatch(/^vars currentEpoch \d+ lastVoteEpoch 0$/);
  const known = [...plan.nodes.map(({ id }) => id), ...plan.shards.map(({ placeholderId }) => placeholderId)];
  for (const line of members) {
    expect(line).toMatch(
      /^[0-9a-f]{40} [\d.]+:\d+@\d+,,shard-id=[0-9a-f]{40} [a-z,]+ (-|[0-9a-f]{40}) 0 0 \d+ connected( \d+-\d+)?$/,
    );
    expect(known).toContain(line.slice(0, 40));
  }
  expect(members).toHaveLength(plan.formation === "meet" ? 1 : known.length);
}

let count = 0;
const randomHex = (length: number): string => {
  count += 1;
  return count.toString(16).padStart(length, "0");
};

test("hostile options are rejected, or written to the files as the same values", {
  timeout: 30_000,
}, () => {
  let accepted = 0;
  let rejected = 0;
  fc.assert(
    fc.property(optionSets, (options) => {
      let valid: ValidOptions;
      try {
        valid = validateOptions(options as OptionsToValidate, {});
      } catch (error) {
        rejected += 1;
        expect(error).toBeInstanceOf(InvalidOptionsError);
        const names = Object.keys(options as object);
        for (const { option } of (error as InvalidOptionsError).problems) {
          expect(names).toContain(/^\w+/.exec(option)?.[0]);
        }
        return;
      }
      accepted += 1;
      const plan = planCluster(valid, valid.subnet ?? parseSubnet("10.0.0.0/24"), randomHex);
      for (const node of plan.nodes) {
        expectRedisConf(node.redisConf, plan, valid.config);
        expectNodesConf(node.nodesConf, plan);
        expect(node.nodesConfName).toBe("nodes.conf");
        expect(node.firstBootArguments.filter((_, index) => index % 2 === 0)).toEqual([
          ...["--cluster-require-full-coverage", "--cluster-replica-no-failover", "--cluster-node-timeout"],
        ]);
      }
      for (const image of [plan.image, plan.faultImage]) expect(image).toMatch(/^[\w.:/@-]+$/);
      for (const label of Object.keys(plan.labels)) {
        expect(label).not.toMatch(/^(org\.testcontainers|testcontainers-redis-cluster\.)/);
      }
    }),
    { numRuns: 1_000 },
  );
  // A change of the generators must not make one of the two cases rare.
  expect(Math.min(accepted, rejected)).toBeGreaterThan(150);
});

test("hostile names of groups and planes do not add rules to a ruleset", () => {
  const plan = planCluster(validateOptions({}, {}), parseSubnet("10.0.0.0/24"), randomHex);
  const member = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("node-0", "node-1", "rest", "clients") },
    hostile,
  );
  const plane = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("bus", "clients", "replication", "all") },
    hostile,
  );
  const groupLists = fc.oneof(
    fc.constantFrom([["node-0", "node-1"], ["rest"]], [["node-2", "clients"], ["node-3"], ["rest"]]),
    fc.array(fc.array(member, { maxLength: 2 }), { maxLength: 3 }),
  );
  const ADDRESSES = String.raw`\{ [\d., /]+ \}`;
  const LINE = new RegExp(
    String.raw`^(table inet t \{|  chain (input|output) \{|    type filter hook (input|output) priority -10; policy accept;|    ip [sd]addr (!= )?${ADDRESSES} (tcp [sd]port \d+ )?(numgen random mod 10000 < \d+ )?drop|  \}|\})$`,
  );
  let accepted = 0;
  let rejected = 0;
  fc.assert(
    fc.property(groupLists, plane, (groups, hostilePlane) => {
      try {
        for (const cut of planPartition(groups, plan.nodes, { plane: hostilePlane as Plane })) {
          const lines = renderRuleset("t", cut, plan.nodes, 0.5).trimEnd().split("\n");
          expect(lines.filter((line) => !LINE.test(line))).toEqual([]);
          expect(lines.filter((line) => /^ {2}chain|^table/.test(line))).toHaveLength(3);
          accepted += 1;
        }
      } catch (error) {
        if (!(error instanceof RedisClusterError)) throw error;
        expect(error.code).toBe("INVALID_ARGUMENT");
        rejected += 1;
      }
    }),
    { numRuns: 1_000 },
  );
  expect(Math.min(accepted, rejected)).toBeGreaterThan(50);
});
