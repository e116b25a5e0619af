import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { NEEDED_COMMANDS, SEED_COMMANDS } from "./needed-commands.ts";

// A start is refused if a server lacks a command of this list, so the list must not name more than the library sends.

const SOURCES = join(import.meta.dirname, "..");
const PAGE = join(SOURCES, "../../../docs/guides/security.md");

/** Every quoted word of the sources. */
const words: ReadonlySet<string> = new Set(
  readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/(?:[.]test|needed-commands)[.]ts$/.test(file))
    .flatMap((file) => readFileSync(join(SOURCES, file), "utf8").match(/"[\w-]+"/g) ?? [])
    .map((word) => word.toUpperCase()),
);

test.each([...NEEDED_COMMANDS, ...SEED_COMMANDS])(
  "the library sends the needed command $name",
  ({ name }) => {
    expect(name.split("|").filter((word) => !words.has(`"${word.toUpperCase()}"`))).toEqual([]);
  },
);

test("the page about security names exactly the commands that cannot be removed", () => {
  const page = readFileSync(PAGE, "utf8");
  const rows =
    /\| commands \| why the library needs them [^]*?\n\n/.exec(page)?.[0].split("\n").slice(2) ?? [];
  const told = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`([A-Z]+)`/g)].map(([, command = ""]) => command),
  );
  // Clients and replicas send these, not the library.
  const others = ["AUTH", "HELLO", "PSYNC", "REPLCONF"];
  const needed = NEEDED_COMMANDS.map(({ name }) => (name.split("|")[0] ?? "").toUpperCase());
  expect(told.toSorted()).toEqual([...new Set([...needed, ...others])].toSorted());
});
