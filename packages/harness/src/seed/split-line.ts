const BLANK_BYTES = new Set([" ", "\t", "\n", "\r", "\v", "\f"].map((character) => character.charCodeAt(0)));
const [DOUBLE_QUOTE, SINGLE_QUOTE, BACKSLASH] = ['"', "'", "\\"].map((character) =>
  character.charCodeAt(0),
) as [number, number, number];
const CONTROL_CHARACTERS: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  a: "\u0007",
};

/**
 * Splits a line into arguments exactly as redis-cli does (`sdssplitargs` in sds.c). In double quotes, the escapes are `\n`, `\r`,
 * `\t`, `\b`, `\a` and `\xNN`, which can be any byte. In single quotes, the only escape is `\'`.
 *
 * @returns the arguments; undefined if a quote is not closed, or if its end is not followed by a blank.
 */
export function splitLine(line: string): readonly Buffer[] | undefined {
  const bytes = Buffer.from(line);
  const found: Buffer[] = [];
  let offset = 0;
  for (;;) {
    while (offset < bytes.length && BLANK_BYTES.has(bytes[offset] as number)) offset += 1;
    if (offset >= bytes.length) return found;
    const argument: number[] = [];
    while (offset < bytes.length && !BLANK_BYTES.has(bytes[offset] as number)) {
      const byte = bytes[offset] as number;
      offset += 1;
      if (byte !== DOUBLE_QUOTE && byte !== SINGLE_QUOTE) {
        argument.push(byte);
        continue;
      }
      const end =
        byte === DOUBLE_QUOTE
          ? readDoubleQuoted(bytes, offset, argument)
          : readSingleQuoted(bytes, offset, argument);
      if (end === undefined || (end < bytes.length && !BLANK_BYTES.has(bytes[end] as number))) {
        return undefined;
      }
      offset = end;
    }
    found.push(Buffer.from(argument));
  }
}

/**
 * Appends the bytes up to the closing double quote to an argument.
 *
 * @returns the offset after the closing quote; undefined if the quote is not closed.
 */
function readDoubleQuoted(bytes: Buffer, from: number, argument: number[]): number | undefined {
  let offset = from;
  while (offset < bytes.length) {
    const byte = bytes[offset] as number;
    if (byte === DOUBLE_QUOTE) return offset + 1;
    if (byte !== BACKSLASH || offset + 1 >= bytes.length) {
      argument.push(byte);
      offset += 1;
      continue;
    }
    const hex = /^x([0-9a-f]{2})$/i.exec(bytes.toString("latin1", offset + 1, offset + 4))?.[1];
    if (hex !== undefined) {
      argument.push(Number.parseInt(hex, 16));
      offset += 4;
      continue;
    }
    const escaped = bytes[offset + 1] as number;
    const control = CONTROL_CHARACTERS[String.fromCharCode(escaped)];
    argument.push(control === undefined ? escaped : control.charCodeAt(0));
    offset += 2;
  }
  return undefined;
}

/** Does the same as {@link readDoubleQuoted} up to the closing single quote. */
function readSingleQuoted(bytes: Buffer, from: number, argument: number[]): number | undefined {
  let offset = from;
  while (offset < bytes.length) {
    const byte = bytes[offset] as number;
    if (byte === SINGLE_QUOTE) return offset + 1;
    const isEscape = byte === BACKSLASH && bytes[offset + 1] === SINGLE_QUOTE;
    argument.push(isEscape ? SINGLE_QUOTE : byte);
    offset += isEscape ? 2 : 1;
  }
  return undefined;
}
