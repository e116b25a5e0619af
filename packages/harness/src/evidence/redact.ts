/** Replaces each secret in a text by {@link REDACTED}. */
export type Redact = (text: string) => string;

/** The replacement of a secret. */
export const REDACTED = "***";

/**
 * A value as a server, a shell or JSON writes it: in escaped quotes, in quotes, or up to the next blank. The value may end early,
 * because a line may have been cut off.
 */
const VALUE = String.raw`(?:\\+"[^"\n]*?(?:\\+"|$)|"(?:\\.|[^"\\\n])*(?:"|\\?$)|'(?:\\.|[^'\\\n])*(?:'|\\?$)|[^\s"',}\]]+)`;
/** The characters between a name and its value in redis.conf, on a command line, in JSON and in a printed object. */
const BETWEEN = String.raw`\\*["']?(?:\s*[:=,]\s*|\s+)`;
/** The names of secret values. */
const SECRET_NAMES =
  "requirepass|masterauth|primaryauth|tls-(?:client-)?key-file-pass|(?:sentinel|auth)-pass|password|passwd|passphrase|sentinelPassword";
const KEY_LABEL = "[A-Z0-9 ]*PRIVATE KEY-----";

/** Patterns that find unknown secrets by their context, each with its replacement. */
const PATTERNS: readonly (readonly [RegExp, string | ((match: string) => string)])[] = [
  // A key without an end line was cut off. The text that looks like its body is replaced as well.
  [
    new RegExp(
      String.raw`-----BEGIN ${KEY_LABEL}(?:[\s\S]*?-----END ${KEY_LABEL}|(?:[A-Za-z0-9+/=\s:.-]|\\+[nr])*)`,
      "g",
    ),
    REDACTED,
  ],
  // Schemes are short, and an expression for long schemes would be slow on a long line.
  // A password may contain a slash or another @, although it should not. So everything up to the last @ is replaced.
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s"'<>]*@/gi, `$1${REDACTED}@`],
  [new RegExp(String.raw`((?<!username-)(?:${SECRET_NAMES})${BETWEEN})${VALUE}`, "gim"), `$1${REDACTED}`],
  // The log messages of servers about votes and about a rejected AUTH are not commands.
  [
    new RegExp(
      String.raw`((?<!Failover )(?<![\w-])AUTH2?\\*["']?[\s,]+)(?!to (?:MASTER|PRIMARY)\b)${VALUE}(?:[ \t,]+${VALUE})?`,
      "gim",
    ),
    `$1${REDACTED}`,
  ],
  [/(?<![\w-])(?:user|setuser)\\*["']?[\s,]+\S.*$/gim, redactRules],
  [/#[0-9a-f]{64}\b/gi, `#${REDACTED}`],
];

/** Redacts a line of ACL rules: `>password`, `<password`, `#hash`, `!hash`, also in quotes. */
function redactRules(line: string): string {
  return line
    .replaceAll(/(["'])([><#!])(?:\\.|(?!\1)[^\\])*(\1|$)/g, `$1$2${REDACTED}$3`)
    .replaceAll(/([\s,\\(])([><#!])[^\s"',)]+/g, `$1$2${REDACTED}`);
}

/**
 * Returns a function that redacts texts. It replaces known secrets, also if they are quoted or escaped, and every value at a
 * position of a secret: after `requirepass` or `AUTH`, in ACL rules, in credentials of URLs, and in private keys. When in doubt,
 * it replaces too much. It does not decode encodings such as base64.
 *
 * @param secrets the known secrets.
 */
export function redactor(secrets: readonly string[]): Redact {
  const known = secretsPattern(secrets);
  return (text) => {
    const withoutKnown = known === undefined ? text : text.replaceAll(known, REDACTED);
    return PATTERNS.reduce(
      (result, [pattern, replacement]) =>
        typeof replacement === "string"
          ? result.replaceAll(pattern, replacement)
          : result.replaceAll(pattern, replacement),
      withoutKnown,
    );
  };
}

/**
 * Returns one expression for all secrets. Longer secrets come first, so that a part of a secret does not match before the secret.
 */
function secretsPattern(secrets: readonly string[]): RegExp | undefined {
  const forms = new Set(secrets.filter((secret) => secret !== "").flatMap(formsOf));
  if (forms.size === 0) return undefined;
  const longestFirst = [...forms].toSorted((a, b) => b.length - a.length);
  return new RegExp(
    longestFirst.map((form) => form.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"),
    "g",
  );
}

/**
 * Returns the forms in which a secret may be written: unchanged, in single quotes, in a URL, and each of these in JSON, up to
 * twice. The form in redis.conf is the form in JSON: a password contains no control characters, and without them both escape the
 * same two characters.
 */
function formsOf(secret: string): readonly string[] {
  const singleQuoted = secret.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
  const plain = [secret, singleQuoted, inUrl(secret)];
  const json = plain.map(inJson);
  return [...plain, ...json, ...json.map(inJson)];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function inUrl(secret: string): string {
  // A lone surrogate cannot be encoded, so such a password cannot be part of a URL.
  return secret.isWellFormed() ? encodeURIComponent(secret) : secret;
}
