import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { RedisClusterError } from "../errors.ts";
import { maskCommand, secretsOfCommand } from "./command-secrets.ts";
import { ClusterHistory } from "./cluster-history.ts";
import { toJsonValue } from "./json-value.ts";
import { redactor } from "./redact.ts";
import { saveEvidence } from "./save-evidence.ts";

/** Commands that have a secret argument, by name. */
const COMMANDS: Readonly<Record<string, (secret: string) => readonly string[]>> = {
  AUTH: (secret) => ["AUTH", secret],
  "AUTH with a name": (secret) => ["auth", "app", secret],
  HELLO: (secret) => ["hello", "3", "AUTH", "default", secret, "SETNAME", "app"],
  "ACL SETUSER": (secret) => ["ACL", "SETUSER", "app", "on", `>${secret}`, "~*"],
  "ACL SETUSER with a removed password": (secret) => ["acl", "setuser", "app", `<${secret}`],
  "ACL SETUSER with a hash": (secret) => ["acl", "setuser", "app", `#${secret}`, `!${secret}`],
  "CONFIG SET": (secret) => ["config", "SET", "maxmemory", "1gb", "requirepass", secret],
  "CONFIG SET masterauth": (secret) => ["CONFIG", "SET", "MASTERAUTH", secret],
  MIGRATE: (secret) => ["MIGRATE", "10.0.0.2", "6379", "order:42", "0", "5000", "AUTH", secret, "KEYS", "a"],
  "MIGRATE with a name": (secret) => ["migrate", "10.0.0.2", "6379", "", "0", "5000", "AUTH2", "app", secret],
  "SENTINEL SET": (secret) => ["SENTINEL", "SET", "mymaster", "auth-pass", secret],
  "SENTINEL CONFIG SET": (secret) => ["SENTINEL", "CONFIG", "SET", "sentinel-pass", secret],
};

/** Returns the error that ioredis throws for a rejected command (`Redis.prototype.returnError` and its DataHandler). */
function replyError(command: readonly (string | Buffer)[]): Error {
  const [name, ...args] = command;
  return Object.assign(new Error("ERR refused"), { command: { name: String(name), args } });
}

/** Ways in which an error may be part of another value. */
const WRAPPERS: Readonly<Record<string, (error: Error) => unknown>> = {
  "the error itself": (error) => error,
  "its cause": (error) => new Error("failed", { cause: error }),
  "one of several errors": (error) => new AggregateError([new Error("another"), error], "several"),
  "the last error of a node": (error) =>
    Object.assign(new Error("All nodes failed."), { lastNodeError: error }),
  "details and causes": (error) =>
    new RedisClusterError("FAULT_FAILED", "failed", {
      details: { errors: [error] },
      cause: new AggregateError([new Error("deeper", { cause: error })]),
    }),
  "a pipeline's results": (error) =>
    new Error("failed", {
      cause: [
        [null, "OK"],
        [error, null],
      ],
    }),
};

const secrets = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9]{8,20}$/),
  fc.stringMatching(/^[A-Z0-9][\\"'$.*+?()[\]{}|^/ #<>@:&-]{4,12}[A-Z0-9]$/),
);

test.for(Object.entries(COMMANDS))("masks only the secret of a command: %s", ([, commandWith]) => {
  const masked = maskCommand(commandWith("s3cret-of-app"));
  expect(masked.join(" ")).not.toContain("s3cret");
  expect(secretsOfCommand(commandWith("s3cret-of-app"))).toContain("s3cret-of-app");
  expect(masked.join(" ")).toContain("***");
  expect(masked).toHaveLength(commandWith("").length);
});

test("does not change a command without a secret", () => {
  const commands = [
    ["SET", "order:42", "paid"],
    ["CONFIG", "SET", "maxmemory", "1gb"],
    ["ACL", "WHOAMI"],
    ["CLIENT", "KILL", "USER", "app"],
  ];
  expect(commands.map(maskCommand)).toEqual(commands);
  expect(commands.flatMap(secretsOfCommand)).toEqual([]);
  const error = Object.assign(replyError(["SET", "n", "7"]), { sizes: [1, 2n, null], at: 3 });
  expect(toJsonValue(error, redactor([]))).toMatchObject({
    command: { name: "SET", args: ["n", "7"] },
    sizes: [1, "2", null],
    at: 3,
  });
});

test("converts a buffer argument to text, and redacts it", () => {
  const error = replyError(["auth", Buffer.from("s3cret")]);
  expect(toJsonValue(error, redactor([]))).toMatchObject({ command: { name: "auth", args: ["***"] } });
  expect(toJsonValue({ reply: Buffer.from("AUTH app s3cret") }, redactor([]))).toEqual({ reply: "AUTH ***" });
});

test("writes no secret of a command to any file or to the name of the folder", async () => {
  const base = await mkdtemp(join(tmpdir(), "trc-secrets-"));
  onTestFinished(() => rm(base, { recursive: true, force: true }));
  await fc.assert(
    fc.asyncProperty(
      secrets,
      fc.constantFrom(...Object.keys(COMMANDS)),
      fc.constantFrom(...Object.keys(WRAPPERS)),
      async (secret, name, wrapper) => {
        const command = COMMANDS[name]?.(secret) ?? [];
        const error = WRAPPERS[wrapper]?.(replyError(command));
        const history = new ClusterHistory();
        history.addError("Querying node-0", new Error(`refused: ${secret} of ${command.join(" ")}`));
        const source = { plan: undefined, nodes: [], history, versions: {} };
        const folder = await saveEvidence(
          source,
          { directory: base },
          { error, title: `${name} with ${secret}` },
        );
        const files = await readdir(folder);
        const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
        const slug = secret.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
        for (const text of texts) {
          expect(text).not.toContain(secret);
          expect(text).not.toContain(JSON.stringify(secret).slice(1, -1));
        }
        // A short slug may be in any name.
        if (slug.length >= 8) expect(folder.slice(base.length)).not.toContain(slug);
        await rm(folder, { recursive: true });
      },
    ),
    { numRuns: 150 },
  );
});
