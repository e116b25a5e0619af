import { expect, test } from "vitest";
import { parseClusterNodes } from "./parse-cluster-nodes.ts";

test("parses addresses without a hostname (Redis 6.2)", () => {
  const text = `07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:30004@31004 slave e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 0 1426238317239 4 connected
67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1 127.0.0.1:30002@31002 master - 0 1426238316232 2 connected 5461-10922
292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f 127.0.0.1:30003@31003 master - 0 1426238318243 3 connected 10923-16383
e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 127.0.0.1:30001@31001 myself,master - 0 0 1 connected 0-5460
`;
  const nodes = parseClusterNodes(text);
  expect(nodes).toHaveLength(4);
  expect(nodes[0]).toEqual({
    id: "07c37dfeb235213a872192d90877d0cd55635b91",
    address: "127.0.0.1",
    port: 30004,
    busPort: 31004,
    hostname: undefined,
    role: "replica",
    flags: [],
    self: false,
    primaryId: "e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca",
    configEpoch: 4,
    linkConnected: true,
    slots: [],
    openSlots: [],
  });
  expect(nodes[3]).toEqual({
    id: "e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca",
    address: "127.0.0.1",
    port: 30001,
    busPort: 31001,
    hostname: undefined,
    role: "primary",
    flags: [],
    self: true,
    primaryId: undefined,
    configEpoch: 1,
    linkConnected: true,
    slots: [{ first: 0, last: 5460 }],
    openSlots: [],
  });
});

test("parses addresses without a bus port (Redis 3)", () => {
  const line =
    "67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1 127.0.0.1:30002 master - 0 1426238316232 2 connected";
  expect(parseClusterNodes(line)).toMatchObject([{ address: "127.0.0.1", port: 30002, busPort: undefined }]);
});

test("parses the hostname after the address (Redis 7.0)", () => {
  const text = `07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:30004@31004,hostname4 slave e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 0 1426238317239 4 connected
292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f 127.0.0.1:30003@31003,? master - 0 1426238318243 3 connected 10923-16383
67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1 127.0.0.1:30002@31002, master - 0 1426238316232 2 connected 5461-10922`;
  expect(parseClusterNodes(text)).toMatchObject([
    { address: "127.0.0.1", port: 30004, busPort: 31004, hostname: "hostname4" },
    { address: "127.0.0.1", port: 30003, busPort: 31003, hostname: undefined },
    { address: "127.0.0.1", port: 30002, busPort: 31002, hostname: undefined },
  ]);
});

test("parses the reply of a replica in a healthy cluster (Redis 7.0)", () => {
  const text = `a3dccb864f10743e2969bb93a3e256ecb9445c73 10.254.209.4:6379@16379 master,nofailover - 0 1795486787026 8 connected 10923-16383
dbb4037b2e813930e734c4f11a1e8b98bebf3742 10.254.209.5:6379@16379 myself,slave a3dccb864f10743e2969bb93a3e256ecb9445c73 0 1795486787000 8 connected
9d43d263ec0735244a54497585550f0ef3cfe5d8 10.254.209.7:6379@16379 slave,nofailover 7210b786b8caeb251a37408cb2190fc110a54a82 0 1795486787026 7 connected
7210b786b8caeb251a37408cb2190fc110a54a82 10.254.209.3:6379@16379 master,nofailover - 0 1795486787026 7 connected 5461-10922
`;
  expect(parseClusterNodes(text)).toMatchObject([
    { role: "primary", self: false, flags: ["nofailover"], slots: [{ first: 10923, last: 16383 }] },
    { role: "replica", self: true, flags: [], primaryId: "a3dccb864f10743e2969bb93a3e256ecb9445c73" },
    { role: "replica", self: false, flags: ["nofailover"], configEpoch: 7, slots: [] },
    { role: "primary", self: false, primaryId: undefined, address: "10.254.209.3" },
  ]);
});

test("parses a failed primary without slots after a failover (Redis 8.0)", () => {
  const text = `f4f50bd2612bd08f0c45b59b0d01e809a23d4bcd 10.233.118.7:6379@16379 master - 0 1795486778180 9 connected 5461-10922
18fb3f02bac3584a622d1dec1afeabac6f32c5e3 10.233.118.3:6379@16379 master,fail,nofailover - 1795486776166 1795486775663 7 connected
44e55227e10da11ab60ae106d3e31ea02ef3017b 10.233.118.5:6379@16379 myself,slave a5bed9468d4197c7c5f75b830978300deab616d1 0 0 8 connected
`;
  expect(parseClusterNodes(text)).toMatchObject([
    { role: "primary", flags: [], configEpoch: 9, slots: [{ first: 5461, last: 10922 }] },
    { role: "primary", flags: ["fail", "nofailover"], configEpoch: 7, slots: [] },
    { role: "replica", self: true },
  ]);
});

test("parses a lost link before the node is suspected (Valkey 9)", () => {
  const text =
    "6b4dc859c3043a0758570c18c6dfbee7b68aaebe 10.217.198.3:6379@16379 master - 0 1795486782309 7 disconnected 5461-10922\n";
  expect(parseClusterNodes(text)).toMatchObject([
    { role: "primary", flags: [], linkConnected: false, slots: [{ first: 5461, last: 10922 }] },
  ]);
});

test("ignores fields after the hostname (nodes.conf of Redis 7.2 and Valkey)", () => {
  const text = `dd23a2d08ac8c9d228bf8c8b20c370437c3dfa9d 10.217.198.7:6379@16379,,tls-port=0,shard-id=5b3fd6f4f56a3b3ad3c8a5b9ac8b8f6c3f2a1d0e slave 6b4dc859c3043a0758570c18c6dfbee7b68aaebe 0 1795486781407 7 connected
6b4dc859c3043a0758570c18c6dfbee7b68aaebe 10.217.198.3:6379@16379,node-1.example,availability-zone=eu-1,client-ipv4=192.0.2.7,tls-port=0,nodename=one,shard-id=5b3fd6f4f56a3b3ad3c8a5b9ac8b8f6c3f2a1d0e myself,master - 0 0 7 connected 5461-10922`;
  expect(parseClusterNodes(text)).toMatchObject([
    { address: "10.217.198.7", port: 6379, busPort: 16379, hostname: undefined },
    { address: "10.217.198.3", port: 6379, busPort: 16379, hostname: "node-1.example" },
  ]);
});

test("ignores the IPv6 address that Valkey announces to clients", () => {
  const line =
    "6b4dc859c3043a0758570c18c6dfbee7b68aaebe 10.217.198.3:6379@16379,,tls-port=0,client-ipv6=2001:db8::7,shard-id=5b3fd6f4f56a3b3ad3c8a5b9ac8b8f6c3f2a1d0e master - 0 0 7 connected";
  expect(parseClusterNodes(line)).toMatchObject([{ address: "10.217.198.3", port: 6379, busPort: 16379 }]);
});

test("parses IPv6 addresses", () => {
  const text = `6b4dc859c3043a0758570c18c6dfbee7b68aaebe 2001:db8::3:6379@16379 master - 0 0 7 connected
dd23a2d08ac8c9d228bf8c8b20c370437c3dfa9d ::1:7000@17000,node-5 slave 6b4dc859c3043a0758570c18c6dfbee7b68aaebe 0 0 7 connected`;
  expect(parseClusterNodes(text)).toMatchObject([
    { address: "2001:db8::3", port: 6379, busPort: 16379 },
    { address: "::1", port: 7000, busPort: 17000, hostname: "node-5" },
  ]);
});

test("returns an empty address if the node does not know its address yet", () => {
  const line = "f422d1e64b1ae12edbb3b8ce66928b02e11ac442 :6379@16379 myself,master - 0 0 0 connected";
  expect(parseClusterNodes(line)).toMatchObject([{ address: "", port: 6379, busPort: 16379, self: true }]);
});

test("parses a node whose address is lost (noaddr)", () => {
  const line =
    "f422d1e64b1ae12edbb3b8ce66928b02e11ac442 :0@0 master,fail,noaddr - 1795486781407 1795486781407 6 disconnected";
  expect(parseClusterNodes(line)).toMatchObject([
    { address: "", port: 0, busPort: 0, flags: ["fail", "noaddr"], linkConnected: false },
  ]);
});

test.each([
  ["myself,master", []],
  ["slave,fail?", ["fail?"]],
  ["master,fail", ["fail"]],
  ["handshake", ["handshake"]],
  ["slave,noaddr", ["noaddr"]],
  ["myself,slave,nofailover", ["nofailover"]],
  ["master,fail?,nofailover", ["fail?", "nofailover"]],
  ["noflags", []],
])("the flags of %s without the role and myself are %j", (wireFlags, flags) => {
  const line = `b77f14f909312e8eb9b44d799715a4d1be96a3eb 10.217.198.6:6379@16379 ${wireFlags} - 0 0 6 connected`;
  expect(parseClusterNodes(line)).toMatchObject([{ flags, self: wireFlags.includes("myself") }]);
});

test("parses single slots and ranges", () => {
  const line =
    "f422d1e64b1ae12edbb3b8ce66928b02e11ac442 10.217.198.2:6379@16379 master - 0 0 6 connected 0 2-5460 16383";
  expect(parseClusterNodes(line)).toMatchObject([
    {
      slots: [
        { first: 0, last: 0 },
        { first: 2, last: 5460 },
        { first: 16383, last: 16383 },
      ],
    },
  ]);
});

test("returns a migrating slot as an open slot of both nodes", () => {
  const source =
    "d10a866ec6811a37ea99a17aa24da2048b480ac8 10.233.118.2:6379@16379 myself,master - 0 0 6 connected 0-5460 [100->-18fb3f02bac3584a622d1dec1afeabac6f32c5e3]";
  const target =
    "18fb3f02bac3584a622d1dec1afeabac6f32c5e3 10.233.118.3:6379@16379 myself,master - 0 0 7 connected 5461-10922 [100-<-d10a866ec6811a37ea99a17aa24da2048b480ac8] [7-<-d10a866ec6811a37ea99a17aa24da2048b480ac8]";
  expect(parseClusterNodes(source)).toMatchObject([
    {
      slots: [{ first: 0, last: 5460 }],
      openSlots: [{ kind: "migrating", slot: 100, peer: "18fb3f02bac3584a622d1dec1afeabac6f32c5e3" }],
    },
  ]);
  expect(parseClusterNodes(target)).toMatchObject([
    {
      slots: [{ first: 5461, last: 10922 }],
      openSlots: [
        { kind: "importing", slot: 100, peer: "d10a866ec6811a37ea99a17aa24da2048b480ac8" },
        { kind: "importing", slot: 7, peer: "d10a866ec6811a37ea99a17aa24da2048b480ac8" },
      ],
    },
  ]);
});

test("ignores blank lines and carriage returns", () => {
  const line =
    "f422d1e64b1ae12edbb3b8ce66928b02e11ac442 10.217.198.2:6379@16379 master - 0 0 6 connected 0-5460";
  expect(parseClusterNodes(`\r\n${line}\r\n\r\n`)).toEqual(parseClusterNodes(line));
  expect(parseClusterNodes("")).toEqual([]);
});

test.each([
  "ERR This instance has cluster support disabled",
  "vars currentEpoch 8 lastVoteEpoch 0",
  "f422d1e6 10.217.198.2:6379@16379 master - 0 0 6 connected",
  "f422d1e64b1ae12edbb3b8ce66928b02e11ac442 10.217.198.2 master - 0 0 6 connected",
  "f422d1e64b1ae12edbb3b8ce66928b02e11ac442 10.217.198.2:6379@16379 master - 0 0 6 undecided",
  "f422d1e64b1ae12edbb3b8ce66928b02e11ac442 10.217.198.2:6379@16379 master - 0 0 six connected",
  "f422d1e64b1ae12edbb3b8ce66928b02e11ac442 10.217.198.2:6379@16379 master - 0 0 6 connected 0-5460 many",
  "f422d1e64b1ae12edbb3b8ce66928b02e11ac442 10.217.198.2:6379@16379 master - 0 0 6 connected [100-?-abc]",
])("rejects an invalid line and names it: %s", (invalid) => {
  const valid =
    "b77f14f909312e8eb9b44d799715a4d1be96a3eb 10.217.198.6:6379@16379 master - 0 0 6 connected 0-1";
  const expected = new TypeError(
    `Parsing CLUSTER NODES failed: expected a line of the nodes table, got ${JSON.stringify(invalid)}`,
  );
  expect(() => parseClusterNodes(`${valid}\n${invalid}\n`)).toThrow(expected);
});
