import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidOptionsError, type OptionProblem } from "../errors.ts";
import { layOutShards } from "./layout.ts";
import { addressToNumber, parseSubnet } from "./subnet.ts";
import { CLUSTER_OPTIONS, EVIDENCE_VARIABLE } from "./cluster-options.ts";
import { type OptionsToValidate, validateOptions } from "./validate-options.ts";

const IMAGE_VARIABLES = {
  image: String(CLUSTER_OPTIONS.image.environment),
  faultImage: String(CLUSTER_OPTIONS.faultImage.environment),
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the error about invalid options. They have any type, because callers in plain JavaScript can pass any value. */
function rejectionOf(options: unknown, environment: Environment = {}): InvalidOptionsError {
  try {
    validateOptions(options as OptionsToValidate, environment);
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error;
    throw error;
  }
  throw new Error(`expected an InvalidOptionsError, got none for ${JSON.stringify(options)}`);
}

function onlyProblem(options: unknown, environment: Environment = {}): OptionProblem {
  const { problems } = rejectionOf(options, environment);
  expect(problems).toHaveLength(1);
  return problems[0] as OptionProblem;
}

test("returns the defaults for no options", () => {
  expect(validateOptions({}, {})).toEqual({
    nodes: 6,
    replicas: 1,
    subnet: undefined,
    gateway: undefined,
    firstAddress: undefined,
    image: "redis:8.0",
    faultImage: "nicolaka/netshoot:v0.13",
    config: {},
    nodeTimeoutMs: 1000,
    persistence: "none",
    password: undefined,
    users: [],
    defaultUser: true,
    replicationUser: undefined,
    commandNames: {},
    tls: undefined,
    memoryMb: undefined,
    cpus: undefined,
    pidsLimit: 512,
    readOnlyRoot: false,
    access: "auto",
    announce: "address",
    joinNetworks: [],
    publishOn: "loopback",
    labels: {},
    port: 6379,
    busPort: 16379,
    firstHostPort: undefined,
    firstHostBusPort: undefined,
    formation: "auto",
    startupTimeoutMs: 66_000,
    timeScale: 1,
    evidenceDir: undefined,
  });
});

test("returns the default for an option that is undefined", () => {
  const names = [
    "nodes",
    "subnet",
    "image",
    "config",
    "password",
    "labels",
    "busPort",
    "signal",
    "configureNode",
  ];
  const undefinedOptions = Object.fromEntries(names.map((name) => [name, undefined]));
  expect(validateOptions(undefinedOptions, {})).toEqual(validateOptions({}, {}));
});

test("returns the given values", () => {
  const { signal } = new AbortController();
  const valid = validateOptions(
    {
      nodes: 9,
      replicas: 2,
      subnet: "172.28.0.0/16",
      gateway: "172.28.255.254",
      firstAddress: "172.28.0.11",
      image: "registry.example:5000/team/valkey:9.1@sha256:0123abc",
      config: {
        save: ["900 1", "300 10"],
        maxmemory: "100mb",
        appendonly: true,
        "hash-max-listpack-value": 64,
      },
      nodeTimeoutMs: 600_000,
      persistence: "aof",
      password: 'p "q" \\',
      users: {
        app: { password: "a", rules: "~app:*  +@read" },
        other: { rules: ["+ping", "+psync", "+replconf"] },
      },
      replicationUser: "other",
      tls: { clientAuth: true, names: "hosts" },
      memoryMb: 64,
      cpus: 0.5,
      pidsLimit: 100,
      readOnlyRoot: true,
      access: "published",
      announce: "address",
      joinNetworks: ["shop_default"],
      publishOn: "all",
      labels: { team: "cache" },
      port: 7000,
      busPort: 7001,
      firstHostPort: 17_000,
      firstHostBusPort: 17_009,
      formation: "meet",
      startupTimeoutMs: 100,
      evidenceDir: "./test results",
      signal,
      configureNode: () => {},
    },
    {},
  );
  expect(valid).toEqual({
    nodes: 9,
    replicas: 2,
    subnet: parseSubnet("172.28.0.0/16"),
    gateway: addressToNumber("172.28.255.254"),
    firstAddress: addressToNumber("172.28.0.11"),
    image: "registry.example:5000/team/valkey:9.1@sha256:0123abc",
    faultImage: "nicolaka/netshoot:v0.13",
    config: {
      save: ["900 1", "300 10"],
      maxmemory: "100mb",
      appendonly: true,
      "hash-max-listpack-value": 64,
    },
    nodeTimeoutMs: 600_000,
    persistence: "aof",
    password: 'p "q" \\',
    users: [
      { name: "app", password: "a", rules: ["~app:*", "+@read"] },
      { name: "other", password: true, rules: ["+ping", "+psync", "+replconf"] },
    ],
    defaultUser: true,
    replicationUser: "other",
    commandNames: {},
    tls: { clientAuth: true, names: "hosts" },
    memoryMb: 64,
    cpus: 0.5,
    pidsLimit: 100,
    readOnlyRoot: true,
    access: "published",
    announce: "address",
    joinNetworks: ["shop_default"],
    publishOn: "all",
    labels: { team: "cache" },
    port: 7000,
    busPort: 7001,
    firstHostPort: 17_000,
    firstHostBusPort: 17_009,
    formation: "meet",
    startupTimeoutMs: 100,
    timeScale: 1,
    evidenceDir: "./test results",
  });
});

test("reads evidenceDir from the environment if the option is not set", () => {
  const environment = { [EVIDENCE_VARIABLE]: "/evidence" };
  expect(validateOptions({}, environment).evidenceDir).toBe("/evidence");
  expect(validateOptions({ evidenceDir: "mine" }, environment).evidenceDir).toBe("mine");
  expect(validateOptions({}, { [EVIDENCE_VARIABLE]: "" }).evidenceDir).toBeUndefined();
});

test.for(["", 7, null, "a\0b"])("rejects the evidenceDir %j", (evidenceDir) => {
  expect(onlyProblem({ evidenceDir })).toEqual({
    option: "evidenceDir",
    given: JSON.stringify(evidenceDir),
    allowed: "the path of a folder",
  });
});

test("copies labels and config", () => {
  const labels = { team: "cache" };
  const config = { maxmemory: "1mb" };
  const valid = validateOptions({ labels, config }, {});
  labels.team = "other";
  config.maxmemory = "2mb";
  expect(valid).toMatchObject({ labels: { team: "cache" }, config: { maxmemory: "1mb" } });
});

test("accepts the minimum and the maximum of each range", () => {
  const minima = {
    nodes: 1,
    replicas: 0,
    memoryMb: 32,
    cpus: 0.01,
    pidsLimit: 32,
    nodeTimeoutMs: 100,
    startupTimeoutMs: 100,
    port: 1,
    busPort: 65_535,
  };
  const maxima = {
    nodes: 100,
    replicas: 32,
    memoryMb: 1_048_576,
    cpus: 1_024,
    pidsLimit: 1_000_000,
    nodeTimeoutMs: 600_000,
    startupTimeoutMs: 3_600_000,
    port: 55_535,
  };
  expect(validateOptions(minima, {})).toMatchObject(minima);
  expect(validateOptions(maxima, {})).toMatchObject({ ...maxima, busPort: 65_535 });
  expect(validateOptions({ port: 65_535, busPort: 1 }, {})).toMatchObject({ port: 65_535, busPort: 1 });
});

test("the default of startupTimeoutMs depends on the number of nodes", () => {
  expect(validateOptions({ nodes: 60 }, {}).startupTimeoutMs).toBe(120_000);
});

const INVALID_NUMBERS = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "6", null, true, {}, [6], 6n];

test.each([
  ["nodes", 1, 100, [0, 101]],
  ["nodeTimeoutMs", 100, 600_000, [99, 600_001]],
  ["memoryMb", 32, 1_048_576, [31, 1_048_577]],
  ["pidsLimit", 32, 1_000_000, [31, 1_000_001]],
  ["startupTimeoutMs", 100, 3_600_000, [99, 3_600_001]],
  ["port", 1, 55_535, [0, 55_536, 70_000]],
  ["busPort", 1, 65_535, [0, 65_536]],
  ["firstHostPort", 1, 65_530, [0, 65_531]],
  ["firstHostBusPort", 1, 65_530, [0, 65_531]],
] as const)("accepts as %s only integers from %i to %i", (option, min, max, outside) => {
  for (const invalid of [...outside, ...INVALID_NUMBERS]) {
    expect(onlyProblem({ [option]: invalid })).toMatchObject({
      option,
      allowed: `an integer from ${min} to ${max}`,
    });
  }
});

test("shows an invalid value as TypeScript code", () => {
  const given = (nodes: unknown): string => onlyProblem({ nodes }).given;
  expect([0, "6", null, [6], { n: 6 }, 6n, Number.NaN, Symbol("six")].map(given)).toEqual([
    "0",
    '"6"',
    "null",
    "[6]",
    "{ n: 6 }",
    "6n",
    "NaN",
    "Symbol(six)",
  ]);
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  expect(given(cyclic)).toBe("{ self: [Object] }");
});

test("accepts any valid port if busPort is set", () => {
  expect(onlyProblem({ port: 65_536, busPort: 20_000 })).toMatchObject({
    option: "port",
    allowed: "an integer from 1 to 65535",
  });
  expect(validateOptions({ port: 60_000, busPort: 20_000 }, {})).toMatchObject({ port: 60_000 });
});

test("rejects a busPort that equals port", () => {
  expect(onlyProblem({ port: 7000, busPort: 7000 })).toEqual({
    option: "busPort",
    given: "7000",
    allowed: "another port than `port`, which is 7000",
  });
  expect(onlyProblem({ busPort: 6379 }).option).toBe("busPort");
});

test('rejects what `announce: "host"` determines', () => {
  const announce = "host";
  const allowed = 'no value together with `announce: "host"`';
  expect(onlyProblem({ announce, port: 7000 })).toMatchObject({ option: "port", allowed });
  const directives = { "cluster-announce-hostname": "{name}.test", "cluster-preferred-endpoint-type": "ip" };
  for (const [directive, value] of Object.entries(directives)) {
    expect(onlyProblem({ announce, config: { [directive]: value } })).toMatchObject({
      option: `config["${directive}"]`,
      allowed,
    });
  }
  expect(onlyProblem({ announce, joinNetworks: ["app_default"] })).toMatchObject({ option: "joinNetworks" });
  expect(onlyProblem({ announce, firstHostPort: 7000, busPort: 7005 })).toEqual({
    option: "busPort",
    given: "7005",
    allowed: "a port that no node uses for clients; these are 7000 to 7005",
  });
  expect(validateOptions({ announce, firstHostPort: 7000, busPort: 7006 }, {})).toMatchObject({ announce });
});

test("rejects a firstHostPort if the ports of the last nodes would be invalid", () => {
  expect(validateOptions({ nodes: 10, firstHostPort: 65_526 }, {})).toMatchObject({ firstHostPort: 65_526 });
  expect(onlyProblem({ nodes: 10, firstHostPort: 65_527 }).allowed).toBe("an integer from 1 to 65526");
});

test("rejects published client ports and bus ports that overlap", () => {
  for (const firstHostBusPort of [7000, 7005, 6995]) {
    expect(onlyProblem({ firstHostPort: 7000, firstHostBusPort })).toEqual({
      option: "firstHostBusPort",
      given: String(firstHostBusPort),
      allowed: "at least 6 away from `firstHostPort`",
    });
  }
  expect(validateOptions({ firstHostPort: 7000, firstHostBusPort: 7006 }, {}).firstHostBusPort).toBe(7006);
  expect(validateOptions({ firstHostPort: 7000, firstHostBusPort: 6994 }, {}).firstHostBusPort).toBe(6994);
});

test.each([
  [{ nodes: 1 }, "nodes", "1", "an integer from 2 to 100"],
  [{ replicas: 6 }, "replicas", "6", "an integer from 0 to 5"],
  [{ nodes: 3, replicas: 3 }, "replicas", "3", "an integer from 0 to 2"],
])("rejects %j, which does not suffice for one shard", (options, option, given, allowed) => {
  expect(onlyProblem(options)).toEqual({
    option,
    given,
    allowed: expect.stringContaining(allowed),
    remedy: expect.stringContaining("is one shard."),
  });
});

test.each([
  [{ nodes: 1, replicas: 0 }, 1, 0],
  [{ nodes: 3, replicas: 2 }, 3, 2],
  [{ nodes: 2, replicas: 0 }, 2, 0],
  [{ nodes: 4, replicas: 1 }, 4, 1],
  [{ replicas: [2, 0] }, 4, [2, 0]],
  [{ nodes: 4, replicas: [2, 0] }, 4, [2, 0]],
  [{ replicas: [0] }, 1, [0]],
] as const)("accepts %j as a cluster of %i nodes", (options, nodes, replicas) => {
  expect(validateOptions(options, {})).toMatchObject({ nodes, replicas });
});

test("rejects a list of replicas that is invalid or contradicts the number of nodes", () => {
  const allowed = "an integer from 0 to 32, or an array with such a number for each shard, as [2, 1, 0]";
  for (const replicas of [33, -1, 1.5, "1", null, true, [], [1.5], [33], ["1"], [1, null], Array(2)]) {
    expect(onlyProblem({ replicas })).toMatchObject({ option: "replicas", allowed });
  }
  expect(onlyProblem({ nodes: 5, replicas: [2, 0] })).toEqual({
    option: "nodes",
    given: "5",
    allowed: "4, the number of nodes of `replicas: [2, 0]`",
    remedy: "Leave out `nodes`, or correct `replicas`.",
  });
  expect(onlyProblem({ replicas: [32, 32, 32, 32] }).allowed).toBe(
    "at most 100 nodes in all shards together",
  );
});

test.each([
  ["persistence", 'one of "none", "aof", "rdb"'],
  ["formation", 'one of "auto", "meet"'],
])("accepts as %s only %s", (option, allowed) => {
  for (const invalid of ["", "NONE", "Auto", "yes", true, 1, null, ["none"], {}]) {
    expect(onlyProblem({ [option]: invalid })).toMatchObject({ option, allowed });
  }
});

test.each(["", " ", "redis 8", "redis:8.0\n", "-redis", ":8.0", "redis;rm", 8, {}, true])(
  "rejects the image %j",
  (image) => {
    expect(onlyProblem({ image })).toMatchObject({
      option: "image",
      allowed: 'an image reference, such as "redis:8.0"',
    });
  },
);

test("reads the image from the environment if the option is not set", () => {
  const environment = { [IMAGE_VARIABLES.image]: "valkey/valkey:9.1" };
  expect(validateOptions({}, environment).image).toBe("valkey/valkey:9.1");
  expect(validateOptions({ image: "redis:7.0" }, environment).image).toBe("redis:7.0");
  expect(validateOptions({}, { [IMAGE_VARIABLES.image]: "" }).image).toBe("redis:8.0");
});

test("names the environment variable in a problem with its value", () => {
  expect(IMAGE_VARIABLES).toEqual({
    image: "TESTCONTAINERS_REDIS_CLUSTER_IMAGE",
    faultImage: "TESTCONTAINERS_REDIS_CLUSTER_FAULT_IMAGE",
  });
  expect(onlyProblem({}, { [IMAGE_VARIABLES.image]: "redis 8" })).toMatchObject({
    option: "environment variable TESTCONTAINERS_REDIS_CLUSTER_IMAGE",
    given: '"redis 8"',
  });
  expect(validateOptions({ image: "redis:7.0" }, { [IMAGE_VARIABLES.image]: "redis 8" }).image).toBe(
    "redis:7.0",
  );
});

test("accepts any text of one line as a password", () => {
  for (const password of ["x", " ", '"', "\\", "päss wörd", "🔑"]) {
    expect(validateOptions({ password }, {}).password).toBe(password);
  }
});

test.each([
  ["", "a string of 0 characters"],
  ["hunter2\n", "a string of 8 characters"],
  ["hunter2\0x", "a string of 9 characters"],
  [72_727_272, "a number"],
  [false, "a boolean"],
  [null, "null"],
  [["hunter2"], "an array"],
  [{ value: "hunter2" }, "an object"],
])("rejects the password %j and shows it as %s", (password, given) => {
  expect(onlyProblem({ password })).toEqual({
    option: "password",
    given,
    allowed: "true or a string of at least one character, without control characters",
  });
});

/** Returns all texts of an error that may be logged. */
function allTextOf(error: InvalidOptionsError): string {
  return [error.message, error.stack, JSON.stringify(error.problems), JSON.stringify(error.details)].join(
    "\n",
  );
}

test.each([
  ["an invalid password", { password: "hunter2\n" }],
  ["a password in a list", { password: ["hunter2"] }],
  ["a valid password with another invalid option", { password: "hunter2", nodes: 0 }],
  ["a password in an option with a misspelled name", { passwort: "hunter2" }],
  ["a password in the config", { config: { requirepass: "hunter2" } }],
  ["a password for replication in the config", { config: { masterauth: "hunter2" } }],
  ["a password in a misspelled directive", { config: { require_pass: "hunter2" } }],
  ["an invalid password of a user", { users: { app: { password: "hunter2\n", rules: "+ping" } } }],
  ["a password in the rules of a user", { users: { app: { rules: ">hunter2 +ping" } } }],
  ["a password instead of a user", { users: { app: "hunter2" } }],
  [
    "a password of a user in a misspelled property",
    { users: { app: { passwort: "hunter2", rules: "+ping" } } },
  ],
  [
    "the password of the default user in the option users",
    { users: { default: { password: "hunter2", rules: "+ping" } } },
  ],
  [
    "an ACL line together with users",
    { config: { user: "x on >hunter2" }, users: { app: { rules: "+ping" } } },
  ],
  ["a password of a default user that is off", { password: "hunter2", defaultUser: false }],
  ["a password of the default user in an ACL line", { config: { user: "default on >hunter2 ~* &* +@all" } }],
  ["a private key in an unknown option of TLS", { tls: { key: "hunter2" } }],
  ["a secret with a line break in a directive", { config: { "tls-key-file-pass": "hunter2\n" } }],
])("does not show %s", (_, options) => {
  expect(allTextOf(rejectionOf(options))).not.toContain("hunter2");
});

test.each([
  ["172.28.0.0", 'an IPv4 range in CIDR notation, such as "172.28.0.0/16"'],
  [16, 'an IPv4 range in CIDR notation, such as "172.28.0.0/16"'],
  [null, 'an IPv4 range in CIDR notation, such as "172.28.0.0/16"'],
  ["fd00::/64", 'an IPv4 range in CIDR notation, such as "172.28.0.0/16"'],
  ["172.28.1.1/16", "a range without host bits"],
  ["0.0.0.0/8", "a unicast range, preferably a private one: 10/8, 172.16/12 or 192.168/16"],
  ["127.0.0.0/8", "a unicast range, preferably a private one: 10/8, 172.16/12 or 192.168/16"],
  ["224.0.0.0/24", "a unicast range, preferably a private one: 10/8, 172.16/12 or 192.168/16"],
  ["255.255.255.0/24", "a unicast range, preferably a private one: 10/8, 172.16/12 or 192.168/16"],
])("rejects the subnet %j: %s", (subnet, allowed) => {
  expect(onlyProblem({ subnet })).toMatchObject({ option: "subnet", allowed });
});

test.each(["126.0.0.0/7", "64.0.0.0/2", "192.0.0.0/2", "128.0.0.0/1"])(
  "rejects the subnet %s, which contains loopback or multicast addresses",
  (subnet) => expect(onlyProblem({ subnet }).option).toBe("subnet"),
);

test.each([
  [3, 0, "172.28.0.0/30", 29],
  [6, 1, "172.28.0.0/29", 28],
  [14, 1, "172.28.0.0/28", 27],
  [100, 1, "172.28.0.0/26", 25],
  [6, 1, "172.28.0.0/31", 28],
  [6, 1, "172.28.0.1/32", 28],
])(
  "rejects for %i nodes with %i replicas the subnet %s, and proposes /%i",
  (nodes, replicas, subnet, prefix) => {
    expect(onlyProblem({ nodes, replicas, subnet })).toMatchObject({
      option: "subnet",
      allowed: `a range with room for ${nodes} nodes: /${prefix} or larger`,
    });
  },
);

describe("a subnet with exactly the addresses that the nodes need", () => {
  const options = { nodes: 5, replicas: 0, subnet: "172.28.0.0/29" };
  const files = ["0", "1", "2", "3", "4"];

  test.each([{ rdb: files }, { aof: files }])(
    "is rejected for the seed %j, which needs a temporary server",
    (seed) => {
      expect(onlyProblem({ ...options, seed })).toMatchObject({
        option: "subnet",
        given: '"172.28.0.0/29"',
        allowed:
          "a range with room for 5 nodes and the temporary server that loads the files of `seed`: /28 or larger",
      });
      expect(validateOptions({ ...options, subnet: "172.28.0.0/28", seed }, {}).subnet?.prefix).toBe(28);
    },
  );

  test.each([{ commands: "seed.redis" }, () => {}, undefined])("is accepted for the seed %j", (seed) => {
    expect(validateOptions({ ...options, seed }, {}).subnet?.prefix).toBe(29);
  });
});

test("accepts the proposed prefix and rejects the next smaller range", () => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 100 }), (nodes) => {
      const proposed = Number(
        /\/(\d+)/.exec(onlyProblem({ nodes, replicas: 0, subnet: "10.9.8.0/31" }).allowed)?.[1],
      );
      const fits = { nodes, replicas: 0, subnet: `10.9.8.0/${proposed}` };
      expect(validateOptions(fits, {}).subnet?.prefix).toBe(proposed);
      expect(onlyProblem({ ...fits, subnet: `10.9.8.0/${proposed + 1}` }).option).toBe("subnet");
    }),
  );
});

test.each(["gateway", "firstAddress"])("rejects a %s that is not an IPv4 address", (option) => {
  for (const invalid of ["", "172.28.0", "172.28.0.1/16", "::1", "node-0", 5, null, {}]) {
    expect(onlyProblem({ subnet: "172.28.0.0/16", [option]: invalid })).toMatchObject({
      option,
      allowed: "an IPv4 address",
    });
  }
});

test.each(["gateway", "firstAddress"])("rejects a %s without a subnet", (option) => {
  expect(onlyProblem({ [option]: "172.28.0.11" })).toMatchObject({
    option,
    allowed: "`subnet` to be set, too",
  });
});

test.each(["gateway", "firstAddress"])("rejects a %s that nodes of the subnet cannot have", (option) => {
  for (const invalid of ["172.28.0.0", "172.28.255.255", "172.29.0.1", "172.27.255.254"]) {
    expect(onlyProblem({ subnet: "172.28.0.0/16", [option]: invalid })).toMatchObject({
      option,
      allowed: "an address in 172.28.0.0/16 other than its first (network) and last (broadcast) address",
    });
  }
});

test("reports only the subnet if the subnet is invalid", () => {
  const options = { subnet: "172.28.0.0", gateway: "172.28.0.1", firstAddress: "10.0.0.1" };
  expect(onlyProblem(options).option).toBe("subnet");
});

test("rejects a firstAddress if the last node would get the broadcast address", () => {
  const subnet = "172.28.0.0/24";
  expect(validateOptions({ subnet, firstAddress: "172.28.0.249" }, {}).firstAddress).toBe(
    addressToNumber("172.28.0.249"),
  );
  expect(onlyProblem({ subnet, firstAddress: "172.28.0.250" })).toEqual({
    option: "firstAddress",
    given: '"172.28.0.250"',
    allowed: "an address that leaves room for 6 nodes: at most 172.28.0.249",
  });
});

test.each([
  ["172.28.0.1", undefined, "172.28.0.1"],
  ["172.28.0.11", "172.28.0.11", "172.28.0.11"],
  ["172.28.0.11", "172.28.0.16", "172.28.0.16"],
])(
  "rejects the firstAddress %s if a node would get the gateway address (gateway %s)",
  (firstAddress, gateway, gatewayAddress) => {
    expect(onlyProblem({ subnet: "172.28.0.0/16", firstAddress, gateway })).toMatchObject({
      option: "firstAddress",
      allowed: `an address such that none of the 6 nodes gets the address of the gateway, ${gatewayAddress}`,
    });
  },
);

test.each([
  ["172.28.0.2", undefined],
  ["172.28.0.1", "172.28.0.7"],
  ["172.28.0.11", "172.28.0.10"],
  ["172.28.0.11", "172.28.0.17"],
])(
  "accepts the firstAddress %s if no node gets the gateway address (gateway %s)",
  (firstAddress, gateway) => {
    const valid = validateOptions({ subnet: "172.28.0.0/16", firstAddress, gateway }, {});
    expect(valid.firstAddress).toBe(addressToNumber(firstAddress));
  },
);

test("accepts only strings as labels", () => {
  expect(validateOptions({ labels: { team: "", "com.example/owner": "me" } }, {}).labels).toEqual({
    team: "",
    "com.example/owner": "me",
  });
  for (const labels of ["team=cache", ["team"], 5, null, true]) {
    expect(onlyProblem({ labels })).toMatchObject({
      option: "labels",
      allowed: "an object of strings by label",
    });
  }
  for (const value of [5, null, undefined, {}, true]) {
    expect(onlyProblem({ labels: { team: value } })).toMatchObject({
      option: 'labels["team"]',
      allowed: "a string",
    });
  }
});

test.each([
  "",
  "org.testcontainers",
  "org.testcontainers.session-id",
  "testcontainers-redis-cluster.",
  "testcontainers-redis-cluster.node",
])("rejects the reserved or empty label %j", (name) => {
  expect(onlyProblem({ labels: { [name]: "x" } })).toEqual({
    option: `labels[${JSON.stringify(name)}]`,
    given: '"x"',
    allowed:
      'a name that is not empty and starts with neither "org.testcontainers" nor "testcontainers-redis-cluster."',
  });
});

test("rejects a config that is not an object", () => {
  for (const config of ["maxmemory 5", ["maxmemory 5"], 5, null, true]) {
    expect(onlyProblem({ config })).toMatchObject({
      option: "config",
      allowed: "an object of redis.conf directives by name",
    });
  }
});

test.each(["Maxmemory", "max memory", "maxmemory\nport", "maxmemory_policy", "", "#", "5", "__proto__"])(
  "rejects the directive %j, which has an invalid name",
  (name) => {
    const config: unknown = JSON.parse(`{${JSON.stringify(name)}: "x"}`);
    expect(onlyProblem({ config })).toEqual({
      option: `config[${JSON.stringify(name)}]`,
      given: '"x"',
      allowed: "the name of a directive, of lowercase letters, digits and dashes",
    });
  },
);

test.each(["port", "PORT", "cluster-enabled", "Cluster-Announce-Ip", "dir"])(
  "rejects the directive %s, which the plan determines",
  (name) => {
    expect(onlyProblem({ config: { [name]: "1" } })).toMatchObject({
      option: `config["${name}"]`,
      allowed: "no such directive in `config`",
      remedy: expect.stringMatching(/^[A-Z].*\.$/),
    });
  },
);

test.each([
  ["a line break", "1\nport 7"],
  ["a carriage return", "1\rport 7"],
  ["a null byte", "1\0"],
  ["undefined", undefined],
  ["null", null],
  ["NaN", Number.NaN],
  ["infinity", Number.POSITIVE_INFINITY],
  ["an object", { value: 1 }],
  ["a bigint", 5n],
])("rejects a value of a directive with %s, alone and in a list", (_, value) => {
  const problem = {
    option: 'config["maxmemory"]',
    allowed: "a string without control characters, a number or a boolean, or an array of these",
  };
  expect(onlyProblem({ config: { maxmemory: value } })).toMatchObject(problem);
  expect(onlyProblem({ config: { maxmemory: ["1", value] } })).toMatchObject(problem);
});

test("rejects an empty list of values and a list of lists", () => {
  expect(onlyProblem({ config: { save: [] } })).toMatchObject({
    option: 'config["save"]',
    given: "[]",
    allowed: "at least one value",
  });
  expect(onlyProblem({ config: { save: [["900 1"]] } })).toMatchObject({ given: '["900 1"]' });
});

test("accepts only a file name without a folder as cluster-config-file", () => {
  for (const name of ["cluster.conf", "nodes-6379.conf", "n"]) {
    const config = { "cluster-config-file": name };
    expect(validateOptions({ config }, {}).config).toEqual(config);
  }
  for (const invalid of [
    "",
    "../nodes.conf",
    "/etc/passwd",
    "a b",
    ".hidden",
    "$(reboot)",
    "-n",
    5,
    ["a", "b"],
  ]) {
    expect(onlyProblem({ config: { "cluster-config-file": invalid } })).toMatchObject({
      option: 'config["cluster-config-file"]',
      allowed: 'a file name without a folder, such as "nodes.conf"',
    });
  }
});

test("accepts as cpus only numbers from 0.01 to 1024", () => {
  for (const invalid of [0, -1, 0.009, 1_025, Number.NaN, "1", null, true]) {
    expect(onlyProblem({ cpus: invalid })).toMatchObject({
      option: "cpus",
      allowed: "a number from 0.01 to 1024",
    });
  }
});

test("accepts as publishOn only loopback and all", () => {
  for (const invalid of ["0.0.0.0", "", 5, true]) {
    expect(onlyProblem({ publishOn: invalid })).toMatchObject({
      option: "publishOn",
      allowed: 'one of "loopback", "all"',
    });
  }
});

test("explains why nodes are not in the network of the host", () => {
  for (const name of ["network", "networkMode"]) {
    expect(onlyProblem({ [name]: "host" })).toMatchObject({
      option: name,
      remedy: expect.stringContaining("always in a network of their own"),
    });
  }
});

test("accepts as joinNetworks only names of networks that users can create", () => {
  for (const invalid of [
    "app",
    [""],
    ["a b"],
    ["bridge"],
    ["host"],
    ["none"],
    ["podman"],
    [5],
    ["app", "app"],
  ]) {
    expect(onlyProblem({ joinNetworks: invalid })).toMatchObject({
      option: "joinNetworks",
      allowed: expect.stringContaining("an array of names of user-defined networks"),
    });
  }
  expect(validateOptions({ joinNetworks: ["app_default", "host-2"] }, {}).joinNetworks).toHaveLength(2);
});

test("accepts only an AbortSignal as signal and a function as configureNode", () => {
  for (const invalid of [null, {}, new AbortController(), "signal", 5]) {
    expect(onlyProblem({ signal: invalid })).toMatchObject({ option: "signal", allowed: "an AbortSignal" });
  }
  for (const invalid of [null, {}, "configureNode", 5]) {
    expect(onlyProblem({ configureNode: invalid })).toMatchObject({
      option: "configureNode",
      allowed: "a function",
    });
  }
});

test.each([
  ["Nodes", "Did you mean `nodes`?"],
  ["replica", "Did you mean `replicas`?"],
  ["passwort", "Did you mean `password`?"],
  ["toString", "Remove it, or correct its name."],
  ["__proto__", "Remove it, or correct its name."],
])("rejects the unknown option %s", (name, remedy) => {
  const options: unknown = JSON.parse(`{${JSON.stringify(name)}: 1}`);
  expect(onlyProblem(options)).toEqual({
    option: name,
    given: "an unknown option",
    allowed: expect.stringMatching(/^one of the options nodes, replicas, .*, configureNode$/),
    remedy,
  });
});

test("proposes a valid range for a subnet with host bits", () => {
  expect(onlyProblem({ subnet: "172.28.1.1/16" }).remedy).toBe('Did you mean "172.28.0.0/16"?');
});

test.each([[null], ["nodes: 6"], [6], [true]])("rejects %j instead of an object of options", (options) => {
  expect(onlyProblem(options)).toMatchObject({ option: "options", allowed: "an object" });
});

test("rejects an array instead of an object of options", () => {
  expect(onlyProblem([])).toMatchObject({ option: "options", allowed: "an object" });
});

test.each([
  "nodes",
  "replicas",
  "subnet",
  "gateway",
  "firstAddress",
  "image",
  "config",
  "nodeTimeoutMs",
  "persistence",
  "password",
  "users",
  "defaultUser",
  "replicationUser",
  "tls",
  "memoryMb",
  "cpus",
  "pidsLimit",
  "publishOn",
  "labels",
  "port",
  "busPort",
  "firstHostPort",
  "firstHostBusPort",
  "formation",
  "startupTimeoutMs",
  "signal",
  "configureNode",
])("rejects null as the value of %s", (option) => {
  expect(onlyProblem({ subnet: "172.28.0.0/16", [option]: null }).option).toBe(option);
});

test("reports all problems in one error", () => {
  const error = rejectionOf(
    {
      nodes: 0,
      replicas: -1,
      subnet: "172.28.0.1/16",
      gateway: "gate",
      firstAddress: 11,
      image: "",
      config: { port: 7, maxmemory: "1\n2", Save: "" },
      nodeTimeoutMs: 1,
      persistence: "disk",
      password: "",
      labels: { "": "x", team: 5 },
      port: 0,
      busPort: 0,
      firstHostPort: 0,
      firstHostBusPort: 0,
      formation: "fast",
      startupTimeoutMs: 0,
      memoryMb: 8,
      cpus: 0,
      pidsLimit: 1,
      publishOn: "0.0.0.0",
      joinNetworks: ["host"],
      users: { app: { rules: "" } },
      defaultUser: 1,
      replicationUser: "replica",
      tls: "yes",
      signal: {},
      configureNode: "later",
      speed: 9,
    },
    {},
  );
  expect(error.problems.map(({ option }) => option).toSorted()).toEqual(
    [
      ...["nodes", "replicas", "subnet", "gateway", "firstAddress", "image"],
      ...['config["port"]', 'config["maxmemory"]', 'config["Save"]'],
      ...["nodeTimeoutMs", "persistence", "password", 'labels[""]', 'labels["team"]'],
      ...["port", "busPort", "firstHostPort", "firstHostBusPort"],
      ...["memoryMb", "cpus", "pidsLimit", "publishOn", "joinNetworks", 'users["app"].rules', "tls"],
      ...["defaultUser", "replicationUser"],
      ...["formation", "startupTimeoutMs", "signal", "configureNode", "speed"],
    ].toSorted(),
  );
  for (const { option, given, allowed, remedy = "" } of error.problems) {
    expect(error.message).toContain(
      `\n  - ${option}: expected ${allowed}, got ${given}. ${remedy}`.trimEnd(),
    );
  }
});

test("reports too few nodes together with other problems", () => {
  const { problems } = rejectionOf({ nodes: 1, speed: 9, port: 0 });
  expect(problems.map(({ option }) => option).toSorted()).toEqual(["nodes", "port", "speed"]);
});

const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
  }),
  fc.constantFrom<unknown>(
    Symbol("junk"),
    () => 5,
    "172.28.0.0/24",
    "172.28.0.5",
    "10.0.0.0/30",
    "aof",
    "meet",
  ),
  fc.integer({ min: -1, max: 70_000 }),
);

test("any value either results in valid options or throws an InvalidOptionsError", () => {
  const named = fc.record(
    {
      ...{ nodes: junk, replicas: junk, subnet: junk, gateway: junk, firstAddress: junk, image: junk },
      ...{ config: fc.oneof(junk, fc.dictionary(fc.string(), junk)), nodeTimeoutMs: junk, persistence: junk },
      ...{
        password: junk,
        labels: fc.oneof(junk, fc.dictionary(fc.string(), junk)),
        port: junk,
        busPort: junk,
      },
      ...{ firstHostPort: junk, firstHostBusPort: junk, formation: junk, startupTimeoutMs: junk },
      ...{ users: fc.oneof(junk, fc.dictionary(fc.string(), junk)), tls: junk, memoryMb: junk, cpus: junk },
      ...{ defaultUser: junk, replicationUser: junk },
      ...{ pidsLimit: junk, publishOn: junk, joinNetworks: junk, signal: junk, configureNode: junk },
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(junk, named), fc.option(fc.string(), { nil: undefined }), (options, image) => {
      try {
        const valid = validateOptions(options as OptionsToValidate, { [IMAGE_VARIABLES.image]: image });
        const shards = layOutShards(valid.nodes, valid.replicas);
        expect(shards.flatMap(({ primary, replicas }) => [primary, ...replicas])).toHaveLength(valid.nodes);
        expect(valid.image).toMatch(/^\w/);
        expect(valid.busPort).toBeLessThanOrEqual(65_535);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidOptionsError);
        expect((error as InvalidOptionsError).problems.length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 500 },
  );
});
