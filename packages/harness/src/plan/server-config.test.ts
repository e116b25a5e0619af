import fc from "fast-check";
import { expect, test } from "vitest";
import {
  findReservedReason,
  hasControlCharacter,
  isDirectiveName,
  quoteArgument,
  renderConfig,
} from "./server-config.ts";

test("renderConfig writes one line for each directive, with yes and no for booleans", () => {
  const config = { port: 6379, appendonly: true, "protected-mode": false, maxmemory: "100mb" };
  expect(renderConfig([config])).toBe("port 6379\nappendonly yes\nprotected-mode no\nmaxmemory 100mb\n");
});

test("renderConfig writes an empty value as an empty string in quotes", () => {
  expect(renderConfig([{ save: "" }])).toBe('save ""\n');
});

test("renderConfig repeats the directive for each value of a list", () => {
  expect(renderConfig([{ save: ["900 1", "300 10"], appendonly: false }])).toBe(
    "save 900 1\nsave 300 10\nappendonly no\n",
  );
});

test("renderConfig replaces only the directives that a later layer contains, too", () => {
  const text = renderConfig([
    { save: ["900 1", "300 10"], appendonly: false },
    { save: "" },
    { appendonly: true, maxmemory: 5 },
  ]);
  expect(text.split("\n").toSorted()).toEqual(["", "appendonly yes", "maxmemory 5", 'save ""']);
});

test("quoteArgument escapes quotes and backslashes", () => {
  expect(quoteArgument("plain")).toBe('"plain"');
  expect(quoteArgument('say "hi"')).toBe('"say \\"hi\\""');
  expect(quoteArgument("back\\slash\\")).toBe('"back\\\\slash\\\\"');
  expect(quoteArgument("it's # one")).toBe('"it\'s # one"');
});

/** Returns how Redis parses a quoted argument (`sdssplitargs`); undefined if it would reject the argument. */
function readQuoted(text: string): string | undefined {
  if (!text.startsWith('"')) return undefined;
  let value = "";
  for (let index = 1; index < text.length; index += 1) {
    const character = text[index];
    if (character === '"') return index === text.length - 1 ? value : undefined;
    if (character === "\\") index += 1;
    const next = text[index];
    if (next === undefined || (character === "\\" && /[nrtbax]/.test(next))) return undefined;
    value += next;
  }
  return undefined;
}

test("Redis parses every quoted argument as the original text", () => {
  const specialText = fc.string({
    unit: fc.constantFrom('"', "\\", "'", " ", "#", "n", "x", "4", "é", "🔑"),
  });
  fc.assert(
    fc.property(fc.oneof(specialText, fc.string()), (text) => {
      fc.pre(!hasControlCharacter(text));
      expect(readQuoted(quoteArgument(text))).toBe(text);
    }),
  );
});

test.each([
  "cluster-announce-bus-port",
  "cluster-announce-ip",
  "cluster-announce-port",
  "cluster-enabled",
  "cluster-node-timeout",
  "cluster-port",
  "daemonize",
  "dir",
  "include",
  "logfile",
  "masterauth",
  "port",
  "requirepass",
  "supervised",
])("findReservedReason returns a reason for %s", (name) => expect(findReservedReason(name)).toMatch(/\w/));

test.each([
  ["requirepass", "`password`"],
  ["masterauth", "`password`"],
  ["port", "`port`"],
  ["cluster-port", "`busPort`"],
  ["cluster-announce-ip", "`subnet` and `firstAddress`"],
  ["cluster-node-timeout", "`nodeTimeoutMs`"],
  ["logfile", "`node.logs()`"],
  ["dir", "`configureNode`"],
])("findReservedReason recommends an alternative to %s: %s", (name, alternative) => {
  expect(findReservedReason(name)).toContain(alternative);
});

test.each(["save", "maxmemory", "cluster-config-file", "constructor", "toString", "__proto__"])(
  "findReservedReason returns undefined for %s",
  (name) => expect(findReservedReason(name)).toBeUndefined(),
);

test.each(["save", "maxmemory-policy", "cluster-allow-reads-when-down", "set-max-listpack-entries", "a1"])(
  "isDirectiveName accepts %s",
  (name) => expect(isDirectiveName(name)).toBe(true),
);

test.each([
  "",
  " save",
  "save ",
  "save\nport",
  "Save",
  "save 1",
  "1save",
  "-save",
  "save_x",
  "#save",
  'sa"ve',
])("isDirectiveName rejects %j", (name) => expect(isDirectiveName(name)).toBe(false));

test.each(["\n", "a\nb", "\r", "\t", "\0", "\u007f", "\u0085"])(
  "hasControlCharacter returns true for %j",
  (text) => {
    expect(hasControlCharacter(text)).toBe(true);
  },
);

test.each(["", "plain text", "naïve", "🔑", "a\u2028b", '"\\'])(
  "hasControlCharacter returns false for %j",
  (text) => {
    expect(hasControlCharacter(text)).toBe(false);
  },
);
