import type { PACKAGE_MANAGERS } from "./managers.ts";

/** The lowest supported version of Node, which the newest Testcontainers needs. */
const LOWEST_NODE = "22.22.0";

/** What a project uses the library for. */
export type Use = "ES modules" | "require()" | "ts-jest" | "Vitest" | "types" | "two copies";

/** A real project that installs the packed library. */
export interface Installation {
  readonly use: Use;
  readonly manager: keyof typeof PACKAGE_MANAGERS;
  /** The dependencies of the project besides the library. */
  readonly versions: Readonly<Record<string, string>>;
  /** The version of Node. @default the one that runs the matrix */
  readonly node?: string;
}

const TESTCONTAINERS_12 = { testcontainers: "^12.0.0", "@testcontainers/redis": "^12.0.0" };
const TESTCONTAINERS_11 = { testcontainers: "^11.0.3", "@testcontainers/redis": "^11.0.3" };
const LOWEST_TESTCONTAINERS = { testcontainers: "11.0.3", "@testcontainers/redis": "11.0.3" };
const NEST = { "@nestjs/common": "^11.0.0", "@nestjs/core": "^11.0.0", "@nestjs/testing": "^11.0.0" };
const JEST = {
  jest: "^29.7.0",
  "@types/jest": "^29.5.0",
  "ts-jest": "^29.4.0",
  "reflect-metadata": "^0.2.0",
};
const NODE_TYPES = { "@types/node": "^22.0.0" };

/** Every supported major version, the lowest versions, and every package manager with both kinds of modules. */
export const INSTALLATIONS: readonly Installation[] = [
  { use: "ES modules", manager: "npm", versions: { ...TESTCONTAINERS_12, ioredis: "^6.0.0" } },
  { use: "ES modules", manager: "npm", versions: TESTCONTAINERS_12 },
  {
    use: "ES modules",
    manager: "npm",
    versions: { ...LOWEST_TESTCONTAINERS, ioredis: "5.4.0" },
    node: LOWEST_NODE,
  },
  {
    use: "require()",
    manager: "npm",
    versions: { ...TESTCONTAINERS_12, ioredis: "^6.0.0" },
    node: LOWEST_NODE,
  },
  { use: "require()", manager: "npm", versions: { ...TESTCONTAINERS_11, ioredis: "^5.4.0" } },
  { use: "ES modules", manager: "pnpm", versions: { ...TESTCONTAINERS_12, ioredis: "^6.0.0" } },
  { use: "require()", manager: "pnpm", versions: { ...TESTCONTAINERS_11, ioredis: "^5.4.0" } },
  { use: "ES modules", manager: "pnpm", versions: { ...TESTCONTAINERS_12, redis: "5.0.0" } },
  { use: "ES modules", manager: "yarn", versions: { ...TESTCONTAINERS_12, ioredis: "^6.0.0" } },
  {
    use: "require()",
    manager: "yarn",
    versions: { ...TESTCONTAINERS_12, redis: "^6.0.0", iovalkey: "0.3.1", "@valkey/valkey-glide": "^2.5.0" },
  },
  // With packages that the library does not support, and which the project uses without it.
  {
    use: "ES modules",
    manager: "npm",
    versions: { ...TESTCONTAINERS_12, ioredis: "^6.0.0", redis: "^4.0.0", vitest: "^2.0.0" },
  },
  { use: "require()", manager: "yarn", versions: { ...TESTCONTAINERS_11, ioredis: "^5.4.0" } },
  {
    use: "ES modules",
    manager: "yarn with node_modules",
    versions: { ...TESTCONTAINERS_12, ioredis: "^6.0.0" },
  },
  {
    use: "require()",
    manager: "yarn with node_modules",
    versions: { ...TESTCONTAINERS_11, ioredis: "^5.4.0" },
  },
  { use: "ES modules", manager: "bun", versions: { ...TESTCONTAINERS_12, ioredis: "^6.0.0" } },
  { use: "require()", manager: "bun", versions: { ...TESTCONTAINERS_11, ioredis: "^5.4.0" } },
  {
    use: "two copies",
    manager: "npm",
    versions: { testcontainers: "^12.0.0", "@testcontainers/redis": "^11.0.3" },
  },
  {
    use: "ts-jest",
    manager: "npm",
    versions: {
      ...TESTCONTAINERS_11,
      ioredis: "^5.4.0",
      ...NEST,
      ...JEST,
      ...NODE_TYPES,
      typescript: "5.4.5",
    },
    node: LOWEST_NODE,
  },
  {
    use: "ts-jest",
    manager: "pnpm",
    versions: {
      ...{ ...TESTCONTAINERS_12, ioredis: "^6.0.0", ...NEST, ...JEST, ...NODE_TYPES, typescript: "^6.0.0" },
      ...{ jest: "^30.0.0", "@types/jest": "^30.0.0" },
    },
  },
  ...["3.2.0", "^3.2.0", "4.0.1", "^4.0.0", "^5.0.0"].map(
    (vitest, index): Installation => ({
      use: "Vitest",
      manager: index % 2 === 0 ? "npm" : "pnpm",
      versions: {
        ...(vitest === "^5.0.0" ? TESTCONTAINERS_12 : TESTCONTAINERS_11),
        ...NODE_TYPES,
        ...{ ioredis: vitest === "^5.0.0" ? "^6.0.0" : "^5.4.0", vitest, typescript: "^5.9.0" },
        // Vitest accepts several major versions of Vite, and the newest may need a newer Node than Vitest does.
        ...(vitest.includes("3.2") ? { vite: "^6.0.0" } : {}),
      },
    }),
  ),
  {
    use: "Vitest",
    manager: "yarn",
    versions: {
      ...TESTCONTAINERS_12,
      ...NODE_TYPES,
      ioredis: "^6.0.0",
      // Yarn does not install the peer dependencies of Vitest.
      vite: "^7.0.0",
      vitest: "^5.0.0",
      typescript: "^5.9.0",
    },
  },
  ...["5.4.5", "5.9.3", "^6.0.0", "^7.0.0"].map(
    (typescript, index): Installation => ({
      use: "types",
      manager: "npm",
      versions: {
        ...(index === 0 ? TESTCONTAINERS_11 : TESTCONTAINERS_12),
        ...NODE_TYPES,
        ...{
          ioredis: index === 0 ? "5.4.0" : "^6.0.0",
          vitest: index === 0 ? "^4.0.0" : "^5.0.0",
          typescript,
        },
      },
    }),
  ),
];

/** Returns the name of a row, which contains everything that determines its result except the library. */
export function nameOf({ use, manager, versions, node }: Installation): string {
  const packages = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
  return [use, manager, ...(node === undefined ? [] : [`node@${node}`]), ...packages].join(" ");
}
