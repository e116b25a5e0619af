import fc from "fast-check";
import { expect, test } from "vitest";
import { quoteArgument } from "../plan/server-config.ts";
import { REDACTED, redactor } from "./redact.ts";

const redactUnknown = redactor([]);

/** Ordinary secrets, and difficult ones with quotes, escapes, special characters of expressions and any letters. */
const secret = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 30, unit: "grapheme" }),
    fc.stringMatching(/^[\\"'$.*+?()[\]{}|^/ #<>@:&-]{1,12}$/),
    fc.stringMatching(/^\w{1,20}$/),
  )
  .filter((value) => value !== "");
const surroundings = fc.string({ maxLength: 60, unit: "grapheme" });

/** Searches only between the replacements, because a secret that consists of stars looks like a replacement. */
function contains(redacted: string, part: string): boolean {
  return redacted.split(REDACTED).some((rest) => rest.includes(part));
}

const json = (value: string): string => JSON.stringify(value).slice(1, -1);
const conf = (value: string): string => quoteArgument(value).slice(1, -1);
const FORMS = {
  unchanged: (value: string) => value,
  "in JSON": json,
  "in JSON in JSON": (value: string) => json(json(value)),
  "quoted in redis.conf": conf,
  "quoted in redis.conf, in JSON": (value: string) => json(conf(value)),
  "in a URL": encodeURIComponent,
};

test.for(Object.entries(FORMS))("replaces a known secret in any text: %s", ([, form]) => {
  fc.assert(
    fc.property(
      fc.array(secret, { minLength: 1, maxLength: 4 }),
      surroundings,
      surroundings,
      (secrets, before, after) => {
        const redact = redactor(secrets);
        for (const value of secrets) {
          const written = form(value);
          expect(contains(redact(`${before}${written}${after}`), written)).toBe(false);
        }
      },
    ),
    { examples: [[["say \"\\\" and '/' = 1"], "", ""]] },
  );
});

test("replaces a whole secret if it starts with another secret", () => {
  expect(redactor(["hunter2", "hunter2000"])("hunter2000 and hunter2")).toBe("*** and ***");
});

test("does not change a text without secrets", () => {
  const lines = [
    "1:S 24 Nov 2026 02:14:44.741 * Failover auth granted to 0123456789012345678901234567890123456789 for epoch 7",
    "1:M 24 Nov 2026 02:14:44.741 # Failover auth denied to 0123 for epoch 7: its primary is up",
    "1:S 24 Nov 2026 02:14:44.741 # Unable to AUTH to MASTER: -WRONGPASS invalid username-password pair",
    "NOAUTH Authentication required.",
    "tls-auth-clients no",
    "0123456789 10.192.0.2:6379@16379,,shard-id=01 master - 0 0 1 connected 0-5460",
  ];
  expect(lines.map(redactUnknown)).toEqual(lines);
});

test.for([
  ["requirepass hunter2", "requirepass ***"],
  ['requirepass "two \\" words"', "requirepass ***"],
  [">>> 'masterauth \"hunter2\"'", ">>> 'masterauth ***'"],
  ["--primaryauth hunter2 --port 1", "--primaryauth *** --port 1"],
  ['["requirepass","hunter2"]', '["requirepass",***]'],
  ["{ host: 'x', password: 'hunter2' }", "{ host: 'x', password: *** }"],
  ['{"password":"hunter2","db":0}', '{"password":***,"db":0}'],
  [String.raw`{\"password\":\"hunter2\",\"db\":0}`, String.raw`{\"password\":***,\"db\":0}`],
  ['requirepass "a password that is cut off…', "requirepass ***"],
  ["REDIS_PASSWORD=hunter2", "REDIS_PASSWORD=***"],
  ["AUTH hunter2", "AUTH ***"],
  ["auth app hunter2", "auth ***"],
  ['"HELLO" "3" "AUTH" "app" "hunter2"', '"HELLO" "3" "AUTH" ***'],
  ["user app on >hunter2 ~* +@all", "user app on >*** ~* +@all"],
  ['user app on ">hunter2 too" ~*', 'user app on ">***" ~*'],
  ["ACL SETUSER app on >hunter2 #abc !def <ghi ~*", "ACL SETUSER app on >*** #*** !*** <*** ~*"],
  [`a hash #${"0a".repeat(32)} of a password`, "a hash #*** of a password"],
  ["redis://app:hunter2@node-0:6379/0", "redis://***@node-0:6379/0"],
  ["rediss://:hun/ter@2@node-0:6379", "rediss://***@node-0:6379"],
  [
    "before -----BEGIN RSA PRIVATE KEY-----\nMIIE+/=\nabc\n-----END RSA PRIVATE KEY----- after",
    "before *** after",
  ],
  ["{-----BEGIN PRIVATE KEY-----\\nMIIE\\nabc\\n-----END PRIVATE KEY-----\\n}", "{***\\n}"],
  ["-----BEGIN EC PRIVATE KEY-----\nMIIEabc\n(cut off)", "***(cut off)"],
] as const)("replaces an unknown secret at the position of a secret: %j", ([text, expected]) => {
  expect(redactUnknown(text)).toBe(expected);
});

test("changes nothing if a text is redacted a second time", () => {
  const once = redactor(["hunter2"])(
    "requirepass hunter2\nAUTH app hunter2\nuser app >hunter2\nredis://hunter2@x",
  );
  expect(redactor(["hunter2"])(once)).toBe(once);
});
