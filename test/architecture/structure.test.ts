import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

const SOURCE = join(import.meta.dirname, "../../packages/harness/src");

/** What a folder, or a file at the top of `src`, may import. */
interface Rule {
  /** Names of folders and of files at the top of `src`, separated by spaces. */
  readonly imports: string;
  /** Names of which only types may be imported. */
  readonly types?: string;
}

/** The rule of each folder and each file at the top of `src`. docs/internals/architecture.md explains the rules. */
const RULES: Readonly<Record<string, Rule>> = {
  // The base, which does not know clusters.
  "dispose-symbols": { imports: "" },
  errors: { imports: "" },
  clock: { imports: "" },
  log: { imports: "" },
  versions: { imports: "" },
  timing: { imports: "clock errors schema" },
  ssh: { imports: "clock" },
  // Pure functions.
  schema: { imports: "errors" },
  plan: { imports: "errors schema" },
  view: { imports: "plan" },
  // The outside world.
  certificates: { imports: "clock plan" },
  cleanup: { imports: "clock errors plan ssh timing versions" },
  docker: { imports: "cleanup clock errors log plan ssh timing versions" },
  clients: { imports: "clock errors plan schema timing versions view", types: "cluster" },
  // Shared by all families of a handle.
  cluster: { imports: "clients errors log timing", types: "docker evidence formation plan" },
  // The families and their parts.
  applications: { imports: "docker errors plan schema timing", types: "cluster" },
  queries: { imports: "clock cluster errors plan timing view", types: "clients" },
  formation: { imports: "clock errors plan queries timing view", types: "clients" },
  faults: {
    imports: "clients clock cluster docker errors log plan queries schema timing view",
    types: "failover",
  },
  failover: { imports: "clients clock cluster errors plan queries schema timing view" },
  workload: { imports: "clients clock errors plan queries schema timing view", types: "cluster" },
  seed: { imports: "clients clock docker errors plan schema timing", types: "cleanup" },
  reset: {
    imports: "clock cluster errors faults formation log plan seed timing view",
    types: "clients docker queries",
  },
  sharing: { imports: "cluster errors seed timing", types: "clients faults plan reset" },
  evidence: { imports: "clock docker errors failover timing view", types: "clients faults plan workload" },
  // Process finished observations.
  checks: { imports: "errors failover view workload", types: "queries" },
  report: { imports: "schema view", types: "failover plan workload" },
  // Connect the parts.
  handle: {
    imports:
      "applications cleanup clients cluster errors evidence failover faults log queries reset sharing timing workload",
    types: "docker plan view",
  },
  start: {
    imports:
      "certificates cleanup clients clock cluster docker errors evidence faults formation handle log plan reset schema seed sharing timing view",
  },
  vitest: {
    imports: "checks clock dispose-symbols errors evidence plan report schema sharing start timing versions",
    types: "cluster failover faults handle queries workload",
  },
  // The entry points of the package.
  index: {
    imports: "checks dispose-symbols errors failover plan report start workload",
    types:
      "applications cleanup clients cluster docker evidence faults handle queries reset seed sharing timing view",
  },
  "vitest-global-setup": { imports: "vitest" },
  "vitest-reporter": { imports: "vitest" },
};

/** The only folder that may import values (not only types) of a package. */
const OWNERS: Readonly<Record<string, string>> = {
  testcontainers: "docker",
  "@testcontainers/redis": "docker",
  ioredis: "clients",
  semver: "versions",
  redis: "clients",
  iovalkey: "clients",
  "@valkey/valkey-glide": "clients",
  "p-retry": "timing",
  "pure-rand": "plan",
  "p-limit": "timing",
  "tar-stream": "docker",
  dockerode: "cleanup",
  ssh2: "ssh",
  "ipaddr.js": "plan",
  debug: "log",
  "escape-goat": "report",
  valibot: "schema",
  vitest: "vitest",
  asn1js: "certificates",
  pkijs: "certificates",
};

interface Import {
  readonly from: string;
  readonly target: string;
  readonly isTypeOnly: boolean;
}

const files: readonly string[] = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".ts") && !/\.(?:test|fixture)\.ts$/.test(file),
);
const texts: ReadonlyMap<string, string> = new Map(
  files.map((file) => [file, readFileSync(join(SOURCE, file), "utf8")]),
);
const imports: readonly Import[] = [...texts].flatMap(([from, text]) =>
  [...text.matchAll(/^(?:import|export) (type )?(?:([^;"]*?) from )?"([^"]+)";$/gms)].map(
    ([, type, names = "", target = ""]) => ({
      from,
      target,
      isTypeOnly: type !== undefined || onlyTypes(names),
    }),
  ),
);

/** Returns whether each imported name has the keyword `type`. */
function onlyTypes(names: string): boolean {
  const inBraces = /^\{(?<list>.*)\}$/s.exec(names.trim())?.groups?.["list"];
  const list = (inBraces ?? "").split(",").map((name) => name.trim());
  return list.some((name) => name !== "") && list.every((name) => name === "" || name.startsWith("type "));
}

function wordsOf(text: string): readonly string[] {
  return text.split(" ").filter((word) => word !== "");
}

/** The package of an import such as `vitest/node` or `@scope/name/part`. */
function packageOf(target: string): string {
  return target.split("/", target.startsWith("@") ? 2 : 1).join("/");
}

function folderOf(file: string): string {
  const [first = ""] = file.split("/");
  return first.replace(/\.ts$/, "");
}

/** Returns the file of a relative import, and undefined for a package. */
function targetFile({ from, target }: Import): string | undefined {
  return target.startsWith(".") ? normalize(join(dirname(from), target)) : undefined;
}

test("every folder and file at the top of src has a rule", () => {
  expect([...new Set(files.map(folderOf))].toSorted()).toEqual(Object.keys(RULES).toSorted());
});

test("every file imports only what the rule of its folder allows", () => {
  const violations = imports.flatMap((imported) => {
    const [folder, target] = [folderOf(imported.from), folderOf(targetFile(imported) ?? imported.from)];
    const { imports: values = "", types = "" } = RULES[folder] ?? {};
    const isAllowed =
      folder === target ||
      wordsOf(values).includes(target) ||
      (imported.isTypeOnly && wordsOf(types).includes(target));
    return isAllowed ? [] : [`${imported.from} imports ${imported.isTypeOnly ? "types of " : ""}${target}`];
  });
  expect(violations).toEqual([]);
  expect(imports.length).toBeGreaterThan(500);
});

test("every import that a rule allows is used", () => {
  const used = new Set(
    imports.map((imported) => {
      const target = targetFile(imported);
      return target === undefined
        ? ""
        : `${folderOf(imported.from)} ${imported.isTypeOnly ? "types " : ""}${folderOf(target)}`;
    }),
  );
  const unused = Object.entries(RULES).flatMap(([folder, rule]) => [
    ...wordsOf(rule.imports)
      .filter((target) => !used.has(`${folder} ${target}`))
      .map((target) => `${folder} ${target}`),
    ...wordsOf(rule.types ?? "")
      .filter((target) => !used.has(`${folder} types ${target}`))
      .map((target) => `${folder} types ${target}`),
  ]);
  expect(unused).toEqual([]);
});

test("no import cycles exist, including imports of types", () => {
  const edges = new Map(files.map((file) => [file, new Set<string>()]));
  for (const imported of imports) {
    const target = targetFile(imported);
    if (target !== undefined) edges.get(imported.from)?.add(target);
  }
  expect(findCycle(edges)).toEqual([]);
});

test("findCycle finds a cycle", () => {
  const edges = new Map([
    ["a", new Set(["b"])],
    ["b", new Set(["c", "d"])],
    ["c", new Set<string>()],
    ["d", new Set(["b"])],
  ]);
  expect(findCycle(edges)).toEqual(["b", "d", "b"]);
});

test("only error classes extend another class of this library", () => {
  const own = new Set(
    [...texts.values()].flatMap((text) => [...text.matchAll(/\bclass (\w+)/g)].map(([, name]) => name)),
  );
  const subclasses = [...texts].flatMap(([file, text]) =>
    [...text.matchAll(/\bclass (\w+)(?:<[^{]*>)? extends (\w+)/g)]
      .filter(([, , base]) => own.has(base))
      .map(([, name, base]) => `${file}: ${name} extends ${base}`),
  );
  const errors = new Set(["RedisClusterError", "NodesToRecreateError"]);
  expect(subclasses.filter((line) => !errors.has(line.split(" ").at(-1) ?? ""))).toEqual([]);
  expect(subclasses).not.toEqual([]);
});

test("every dependency has one owner", () => {
  const dependencies = imports.flatMap(({ from, target, isTypeOnly }) =>
    /^\.|^node:/.test(target) ? [] : [{ from, name: packageOf(target), isTypeOnly }],
  );
  const violations = dependencies.filter(({ from, name, isTypeOnly }) => {
    const owner = OWNERS[name];
    return owner !== undefined && owner !== folderOf(from) && !isTypeOnly;
  });
  expect(violations).toEqual([]);
  expect(new Set(dependencies.map(({ name }) => name))).toEqual(new Set(Object.keys(OWNERS)));
});

test("the code that creates certificates is loaded only if TLS is enabled", () => {
  const eager = imports.filter(
    ({ target, isTypeOnly }) => target.endsWith("/certificate-authority.ts") && !isTypeOnly,
  );
  expect(eager).toEqual([]);
  const importers = imports.filter(
    ({ target, isTypeOnly }) => /^(pkijs|asn1js)$/.test(target) && !isTypeOnly,
  );
  expect(new Set(importers.map(({ from }) => from))).toEqual(
    new Set(["certificates/certificate-authority.ts"]),
  );
});

test("only clock/ uses global clocks and timers, which a test may replace", () => {
  const globals =
    /(?<!\.)\b(?:set(?:Timeout|Interval|Immediate)|queueMicrotask)\(|\bDate\.now\(|\bnew Date\(\)|\bperformance\.|\bprocess\.(?:nextTick|hrtime)|"(?:node:)?timers/;
  const violations = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/\.(?:test|fixture)\.ts$|^clock\//.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(SOURCE, file), "utf8");
      const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      const imported = /import \{([^}]*)\} from "[./]*clock\/real-time\.ts"/.exec(text)?.[1] ?? "";
      const found = code.match(new RegExp(globals, "g")) ?? [];
      return found.filter((use) => !imported.includes(use.replace("(", ""))).map((use) => `${file}: ${use}`);
    });
  expect(violations).toEqual([]);
});

/** Returns the files of one cycle, with the first file repeated at the end. Returns an empty array if no cycle exists. */
function findCycle(edges: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): readonly string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const next of edges.get(file) ?? []) {
      const cycle = visit(next, [...path, file]);
      if (cycle.length > 0) return cycle;
    }
    done.add(file);
    return [];
  };
  for (const file of edges.keys()) {
    const cycle = visit(file, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
