import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { expect, test } from "vitest";

const SOURCE = join(import.meta.dirname, "../../packages/harness/src");

/** Which rooms each room may import; docs/architecture.md says why. The doors and the handle may import all. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  clock: [],
  cluster: ["clients", "docker", "plan", "lifecycle", "errors"],
  plan: ["errors"],
  view: ["plan"],
  lifecycle: ["errors"],
  certificates: ["plan"],
  clients: ["view", "plan", "errors"],
  ownership: ["plan"],
  docker: ["ownership", "plan", "errors"],
  observation: ["clients", "view", "plan", "errors"],
  formation: ["clients", "observation", "view", "plan", "lifecycle", "errors"],
  failover: ["clients", "observation", "view", "plan", "lifecycle", "errors"],
  workload: ["plan", "lifecycle", "errors"],
  checks: ["failover", "workload", "view", "plan", "errors"],
  startup: ["docker", "ownership", "certificates", "clients", "view", "plan", "lifecycle", "errors"],
  seed: ["docker", "clients", "view", "plan", "lifecycle", "errors"],
  reset: [
    ...["cluster", "docker", "clients", "observation", "formation", "faults", "seed"],
    ...["view", "plan", "lifecycle", "errors"],
  ],
  sharing: ["clients", "reset", "seed", "plan", "lifecycle", "errors"],
  report: ["failover", "workload", "view", "plan"],
  vitest: [
    "checks",
    "evidence",
    "report",
    "faults",
    "failover",
    "workload",
    "errors",
    "redis-cluster-node",
    "connect-redis-cluster",
    "sharing",
    "start-redis-cluster",
    "started-redis-cluster",
  ],
  faults: ["cluster", "docker", "clients", "observation", "view", "plan", "lifecycle", "errors"],
  evidence: ["docker", "clients", "failover", "workload", "faults", "view", "plan", "lifecycle", "errors"],
};

/** Who alone may import a package, types aside. */
const OWNERS: Readonly<Record<string, string>> = {
  testcontainers: "docker",
  "@testcontainers/redis": "docker",
  ioredis: "clients",
  "p-retry": "lifecycle",
  "p-limit": "startup",
  "tar-stream": "docker",
  "ipaddr.js": "plan",
  debug: "lifecycle",
  "escape-goat": "report",
  vitest: "vitest",
  "vitest/node": "vitest",
  asn1js: "certificates",
  pkijs: "certificates",
};

/** Rooms that every room may import. */
const FOR_ALL: ReadonlySet<string> = new Set(["clock"]);

interface Import {
  readonly from: string;
  readonly room: string;
  readonly target: string;
  readonly typesOnly: boolean;
}

const imports: readonly Import[] = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .flatMap((file) => {
    const text = readFileSync(join(SOURCE, file), "utf8");
    return [...text.matchAll(/^(?:import|export) (type )?[^;]*?from "([^"]+)";$/gms)].map(
      ([, type, target = ""]) => ({ from: file, room: roomOf(file), target, typesOnly: type !== undefined }),
    );
  });

function roomOf(file: string): string {
  const [first = ""] = file.split("/");
  return first.replace(/\.ts$/, "");
}

function targetRoom({ from, target }: Import): string | undefined {
  return target.startsWith(".") ? roomOf(normalize(join(dirname(from), target))) : undefined;
}

test("every room imports only what it may", () => {
  const strays = imports.filter((each) => {
    const allowed = ROOMS[each.room];
    const room = targetRoom(each);
    return (
      allowed !== undefined &&
      room !== undefined &&
      room !== each.room &&
      !FOR_ALL.has(room) &&
      !allowed.includes(room)
    );
  });
  expect(strays).toEqual([]);
  expect(imports.length).toBeGreaterThan(50);
});

test("every folder is a room that the rules name", () => {
  const folders = readdirSync(SOURCE, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).toSorted()).toEqual(Object.keys(ROOMS).toSorted());
});

test("every dependency has one owner", () => {
  const strays = imports.filter(({ target, room, typesOnly }) => {
    const owner = OWNERS[target];
    return owner !== undefined && owner !== room && !typesOnly;
  });
  expect(strays).toEqual([]);
  const unowned = new Set(imports.map(({ target }) => target).filter((target) => !/^\.|^node:/.test(target)));
  expect([...unowned].filter((target) => !(target in OWNERS))).toEqual([]);
});

test("what makes certificates is loaded only by a start that wants TLS", () => {
  const eager = imports.filter(
    ({ target, typesOnly }) => target.endsWith("/certificate-authority.ts") && !typesOnly,
  );
  expect(eager).toEqual([]);
  const makers = imports.filter(({ target, typesOnly }) => /^(pkijs|asn1js)$/.test(target) && !typesOnly);
  expect(new Set(makers.map(({ from }) => from))).toEqual(new Set(["certificates/certificate-authority.ts"]));
});

test("docs/errors.md lists exactly the codes that errors can carry, in their order", () => {
  const code = readFileSync(join(SOURCE, "errors.ts"), "utf8");
  const union = /export type ErrorCode =([^;]+);/.exec(code)?.[1] ?? "";
  const codes = [...union.matchAll(/"([A-Z_]+)"/g)].map(([, name]) => name);
  const page = readFileSync(join(import.meta.dirname, "../../docs/errors.md"), "utf8");
  const headings = [...page.matchAll(/^## `?([A-Z_]+)`?$/gm)].map(([, name]) => name);
  expect(codes.length).toBeGreaterThan(10);
  expect(headings).toEqual(codes);
});

test("every code is thrown somewhere", () => {
  const code = readFileSync(join(SOURCE, "errors.ts"), "utf8");
  const union = /export type ErrorCode =([^;]+);/.exec(code)?.[1] ?? "";
  const others = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => readFileSync(join(SOURCE, file), "utf8").replace(union, ""))
    .join("\n");
  const unused = [...union.matchAll(/"([A-Z_]+)"/g)].filter(([quoted]) => !others.includes(quoted));
  expect(unused.map(([, name]) => name)).toEqual([]);
});

test("only clock/ uses the global clocks and timers, which a test may replace", () => {
  const globals =
    /(?<!\.)\b(?:set(?:Timeout|Interval|Immediate)|queueMicrotask)\(|\bDate\.now\(|\bnew Date\(\)|\bperformance\.|\bprocess\.(?:nextTick|hrtime)|"(?:node:)?timers/;
  const strays = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/\.(?:test|fixture)\.ts$|^clock\//.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(SOURCE, file), "utf8");
      const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      const imported = /import \{([^}]*)\} from "[./]*clock\/real-time\.ts"/.exec(text)?.[1] ?? "";
      const found = code.match(new RegExp(globals, "g")) ?? [];
      return found.filter((use) => !imported.includes(use.replace("(", ""))).map((use) => `${file}: ${use}`);
    });
  expect(strays).toEqual([]);
});

test("no file of the source is longer than one reason to change", () => {
  const long = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map(
      (file) =>
        [
          relative(SOURCE, join(SOURCE, file)),
          readFileSync(join(SOURCE, file), "utf8").split("\n").length,
        ] as const,
    )
    .filter(([, lines]) => lines > 400);
  expect(long).toEqual([]);
});
