import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// Reports words that make a text hard to understand. Most of them are correct English, but a plainer word exists.

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What to write instead, by the regular expression of what it replaces. */
const PLAINER: Readonly<Record<string, string>> = {
  anew: "again, or a verb such as restart or recreate",
  whom: "a noun",
  whoever: "a noun",
  // Except the name of a user, and a line of the servers' log.
  '(?<!["-])nobody(?! is serving)': "no node, no process, no client",
  somebody: "a node, a process, a client",
  "(?<!there )is (?:no|none)(?! longer| more)": "is not a, is not a valid",
  "for want of": "because … is missing",
  "to be had": "available",
  "in force": "active",
  "taken back": "reverted",
  "takes back": "reverts",
  "so many": "the given number of",
  "let go": "released, detached",
  "not to be": "cannot be, must not be",
  beside: "next to, in addition to",
  likewise: "also",
};

/** Text that the project quotes, and this list. */
const EXCLUDED = /^(?:test\/words\/|pnpm-lock\.yaml$)/;
const rules = Object.entries(PLAINER).map(([pattern, advice]) => ({
  regex: new RegExp(`\\b${pattern}\\b`, "gi"),
  advice,
}));

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => /(?:\.(?:ts|js|md|ya?ml|sh)|^dev|^\.ci\/run)$/.test(file) && !EXCLUDED.test(file));

const findings = files.flatMap((file) =>
  readFileSync(ROOT + file, "utf8")
    .split("\n")
    .flatMap((line, index) =>
      rules.flatMap(({ regex, advice }) =>
        [...line.matchAll(regex)].map(([words]) => `${file}:${index + 1}: "${words}": write ${advice}`),
      ),
    ),
);
for (const finding of findings) console.log(finding);
if (findings.length > 0) process.exitCode = 1;
