/** Takes secrets out of a text. Each is replaced by {@link MARK}. */
export type Redact = (text: string) => string;

export const MARK = "***";

/**
 * A value as a server, a shell or JSON writes it: in escaped quotes, in quotes, or up to the next blank. A line may
 * have been cut off inside of one.
 */
const VALUE = String.raw`(?:\\+"[^"\n]*?(?:\\+"|$)|"(?:\\.|[^"\\\n])*(?:"|\\?$)|'(?:\\.|[^'\\\n])*(?:'|\\?$)|[^\s"',}\]]+)`;
/** What stands between a name and its value in redis.conf, on a command line, in JSON and in an object's dump. */
const BETWEEN = String.raw`\\*["']?(?:\s*[:=,]\s*|\s+)`;
const NAMED =
  "requirepass|masterauth|primaryauth|tls-(?:client-)?key-file-pass|(?:sentinel|auth)-pass|password|passwd|passphrase|sentinelPassword";
const KEY_MARK = "[A-Z0-9 ]*PRIVATE KEY-----";

/** Secrets that nobody told us of, by the places where they stand. */
const SHAPES: readonly (readonly [RegExp, string | ((whole: string) => string)])[] = [
  // A key without its end was cut off: what looks like its body goes with it.
  [
    new RegExp(
      String.raw`-----BEGIN ${KEY_MARK}(?:[\s\S]*?-----END ${KEY_MARK}|(?:[A-Za-z0-9+/=\s:.-]|\\+[nr])*)`,
      "g",
    ),
    MARK,
  ],
  // Schemes are short, and an expression that looks for long ones takes long on a long line.
  // A password may hold a slash or another @, though it should not: everything up to the last @ goes.
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s"'<>]*@/gi, `$1${MARK}@`],
  [new RegExp(String.raw`((?<!username-)(?:${NAMED})${BETWEEN})${VALUE}`, "gim"), `$1${MARK}`],
  // The servers' own sentences about votes and about a refused AUTH are no commands.
  [
    new RegExp(
      String.raw`((?<!Failover )(?<![\w-])AUTH2?\\*["']?[\s,]+)(?!to (?:MASTER|PRIMARY)\b)${VALUE}(?:[ \t,]+${VALUE})?`,
      "gim",
    ),
    `$1${MARK}`,
  ],
  [/(?<![\w-])(?:user|setuser)\\*["']?[\s,]+\S.*$/gim, redactRules],
  [/#[0-9a-f]{64}\b/gi, `#${MARK}`],
];

/** In a line of ACL rules: `>password`, `<password`, `#hash`, `!hash`, also inside quotes. */
function redactRules(line: string): string {
  return line
    .replaceAll(/(["'])([><#!])(?:\\.|(?!\1)[^\\])*(\1|$)/g, `$1$2${MARK}$3`)
    .replaceAll(/([\s,\\(])([><#!])[^\s"',)]+/g, `$1$2${MARK}`);
}

/**
 * Gives what takes secrets out of texts: those that are known, however they are quoted or escaped, and whatever
 * stands where secrets stand (`requirepass`, `AUTH`, ACL rules, credentials in urls, private keys). Where it cannot
 * be sure it takes too much. Encodings such as base64 are not looked through.
 */
export function redactor(secrets: readonly string[]): Redact {
  const known = knownSecrets(secrets);
  return (text) => {
    const without = known === undefined ? text : text.replaceAll(known, MARK);
    return SHAPES.reduce(
      (left, [shape, instead]) =>
        typeof instead === "string" ? left.replaceAll(shape, instead) : left.replaceAll(shape, instead),
      without,
    );
  };
}

/** One expression for all of them, the longest first, so that none is hidden by a part of itself. */
function knownSecrets(secrets: readonly string[]): RegExp | undefined {
  const forms = new Set(secrets.filter((secret) => secret !== "").flatMap(formsOf));
  if (forms.size === 0) return undefined;
  const longestFirst = [...forms].toSorted((a, b) => b.length - a.length);
  return new RegExp(
    longestFirst.map((form) => form.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"),
    "g",
  );
}

/**
 * A secret as it may be written: as it is, in single quotes, in a url; and each again inside JSON, up to twice. Without
 * control characters, which a password cannot have, JSON escapes the same two characters as redis.conf.
 */
function formsOf(secret: string): readonly string[] {
  const single = secret.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
  const first = [secret, single, inUrl(secret)];
  const second = first.map(inJson);
  return [...first, ...second, ...second.map(inJson)];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function inUrl(secret: string): string {
  // Half of a surrogate pair cannot be encoded; such a password cannot stand in a url either.
  return secret.isWellFormed() ? encodeURIComponent(secret) : secret;
}
