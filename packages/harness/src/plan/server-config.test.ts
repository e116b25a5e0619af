import fc from "fast-check";
import { expect, test } from "vitest";
import {
  hasControlCharacter,
  isDirectiveName,
  quoteArgument,
  renderConfig,
  reservedReason,
} from "./server-config.ts";

test("each directive is one line, switches are yes and no", () => {
  const config = { port: 6379, appendonly: true, "protected-mode": false, maxmemory: "100mb" };
  expect(renderConfig([config])).toBe("port 6379\nappendonly yes\nprotected-mode no\nmaxmemory 100mb\n");
});

test("an empty value is written as an empty string, so that the directive keeps its argument", () => {
  expect(renderConfig([{ save: "" }])).toBe('save ""\n');
});

test("a list repeats the directive", () => {
  expect(renderConfig([{ save: ["900 1", "300 10"], appendonly: false }])).toBe(
    "save 900 1\nsave 300 10\nappendonly no\n",
  );
});

test("a later layer replaces a directive of an earlier one and leaves the others", () => {
  const text = renderConfig([
    { save: ["900 1", "300 10"], appendonly: false },
    { save: "" },
    { appendonly: true, maxmemory: 5 },
  ]);
  expect(text.split("\n").toSorted()).toEqual(["", "appendonly yes", "maxmemory 5", 'save ""']);
});

test("a password with quotes and backslashes is one quoted argument", () => {
  expect(quoteArgument("plain")).toBe('"plain"');
  expect(quoteArgument('say "hi"')).toBe('"say \\"hi\\""');
  expect(quoteArgument("back\\slash\\")).toBe('"back\\\\slash\\\\"');
  expect(quoteArgument("it's # one")).toBe('"it\'s # one"');
});

/** How Redis reads a quoted argument back (`sdssplitargs`); undefined where it would refuse it. */
function readQuoted(text: string): string | undefined {
  if (!text.startsWith('"')) return undefined;
  let value = "";
  for (let at = 1; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') return at === text.length - 1 ? value : undefined;
    if (character === "\\") at += 1;
    const taken = text[at];
    if (taken === undefined || (character === "\\" && /[nrtbax]/.test(taken))) return undefined;
    value += taken;
  }
  return undefined;
}

test("Redis reads every quoted argument back as it was", () => {
  const likely = fc.string({ unit: fc.constantFrom('"', "\\", "'", " ", "#", "n", "x", "4", "é", "🔑") });
  fc.assert(
    fc.property(fc.oneof(likely, fc.string()), (text) => {
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
])("%s is the plan's to decide", (name) => expect(reservedReason(name)).toMatch(/\w/));

test.each([
  ["requirepass", "`password`"],
  ["masterauth", "`password`"],
  ["port", "`port`"],
  ["cluster-port", "`busPort`"],
  ["cluster-announce-ip", "`subnet` and `firstAddress`"],
  ["cluster-node-timeout", "`nodeTimeoutMs`"],
  ["logfile", "`node.logs()`"],
  ["dir", "`configureNode`"],
])("whoever wants to set %s is shown the way: %s", (name, way) => {
  expect(reservedReason(name)).toContain(way);
});

test.each(["save", "maxmemory", "cluster-config-file", "constructor", "toString", "__proto__"])(
  "%s is not reserved",
  (name) => expect(reservedReason(name)).toBeUndefined(),
);

test.each(["save", "maxmemory-policy", "cluster-allow-reads-when-down", "set-max-listpack-entries", "a1"])(
  "%s is spelt like a directive",
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
])("%j is not spelt like a directive", (name) => expect(isDirectiveName(name)).toBe(false));

test.each(["\n", "a\nb", "\r", "\t", "\0", "\u007f", "\u0085"])("%j holds a control character", (text) => {
  expect(hasControlCharacter(text)).toBe(true);
});

test.each(["", "plain text", "naïve", "🔑", "a\u2028b", '"\\'])("%j holds none", (text) => {
  expect(hasControlCharacter(text)).toBe(false);
});
