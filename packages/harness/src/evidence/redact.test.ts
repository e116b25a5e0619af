import fc from "fast-check";
import { expect, test } from "vitest";
import { quoteArgument } from "../plan/server-config.ts";
import { MARK, redactor } from "./redact.ts";

const none = redactor([]);

/** Secrets as people choose them and as they hurt: expressions' own characters, quotes, escapes, any letter. */
const secret = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 30, unit: "grapheme" }),
    fc.stringMatching(/^[\\"'$.*+?()[\]{}|^/ #<>@:&-]{1,12}$/),
    fc.stringMatching(/^\w{1,20}$/),
  )
  .filter((text) => text !== "");
const text = fc.string({ maxLength: 60, unit: "grapheme" });

/** What is left between the marks: a secret made of stars cannot be told from them otherwise. */
function holds(redacted: string, part: string): boolean {
  return redacted.split(MARK).some((each) => each.includes(part));
}

const json = (value: string): string => JSON.stringify(value).slice(1, -1);
const conf = (value: string): string => quoteArgument(value).slice(1, -1);
const FORMS = {
  "as it is": (value: string) => value,
  "in JSON": json,
  "in JSON in JSON": (value: string) => json(json(value)),
  "quoted in redis.conf": conf,
  "quoted in redis.conf, in JSON": (value: string) => json(conf(value)),
  "in a url": encodeURIComponent,
};

test.for(Object.entries(FORMS))("a known secret is in no text: %s", ([, form]) => {
  fc.assert(
    fc.property(fc.array(secret, { minLength: 1, maxLength: 4 }), text, text, (secrets, before, after) => {
      const redact = redactor(secrets);
      for (const each of secrets) {
        const written = form(each);
        expect(holds(redact(`${before}${written}${after}`), written)).toBe(false);
      }
    }),
    { examples: [[["say \"\\\" and '/' = 1"], "", ""]] },
  );
});

test("a secret that begins with another one is taken out as a whole", () => {
  expect(redactor(["hunter2", "hunter2000"])("hunter2000 and hunter2")).toBe("*** and ***");
});

test("a text without secrets stays as it is", () => {
  const lines = [
    "1:S 24 Nov 2026 02:14:44.741 * Failover auth granted to 0123456789012345678901234567890123456789 for epoch 7",
    "1:M 24 Nov 2026 02:14:44.741 # Failover auth denied to 0123 for epoch 7: its primary is up",
    "1:S 24 Nov 2026 02:14:44.741 # Unable to AUTH to MASTER: -WRONGPASS invalid username-password pair",
    "NOAUTH Authentication required.",
    "tls-auth-clients no",
    "0123456789 10.192.0.2:6379@16379,,shard-id=01 master - 0 0 1 connected 0-5460",
  ];
  expect(lines.map(none)).toEqual(lines);
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
] as const)("what stands where secrets stand is taken out of %j", ([given, expected]) => {
  expect(none(given)).toBe(expected);
});

test("redacting twice changes nothing more", () => {
  const once = redactor(["hunter2"])(
    "requirepass hunter2\nAUTH app hunter2\nuser app >hunter2\nredis://hunter2@x",
  );
  expect(redactor(["hunter2"])(once)).toBe(once);
});
