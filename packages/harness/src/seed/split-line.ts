const BLANK = new Set([" ", "\t", "\n", "\r", "\v", "\f"].map((each) => each.charCodeAt(0)));
const [DOUBLE, SINGLE, BACKSLASH] = ['"', "'", "\\"].map((each) => each.charCodeAt(0)) as [
  number,
  number,
  number,
];
const CONTROL: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\u0007" };

/**
 * Splits a line into arguments exactly as redis-cli does (`sdssplitargs` in sds.c). Within double quotes there are the
 * escapes `\n`, `\r`, `\t`, `\b`, `\a` and `\xNN`, which can be any byte; within single quotes only `\'`.
 *
 * @returns undefined if a quote is not closed, or its end is not followed by a blank.
 */
export function splitLine(line: string): readonly Buffer[] | undefined {
  const bytes = Buffer.from(line);
  const found: Buffer[] = [];
  let at = 0;
  for (;;) {
    while (at < bytes.length && BLANK.has(bytes[at] as number)) at += 1;
    if (at >= bytes.length) return found;
    const argument: number[] = [];
    while (at < bytes.length && !BLANK.has(bytes[at] as number)) {
      const byte = bytes[at] as number;
      at += 1;
      if (byte !== DOUBLE && byte !== SINGLE) {
        argument.push(byte);
        continue;
      }
      const end = byte === DOUBLE ? readDouble(bytes, at, argument) : readSingle(bytes, at, argument);
      if (end === undefined || (end < bytes.length && !BLANK.has(bytes[end] as number))) return undefined;
      at = end;
    }
    found.push(Buffer.from(argument));
  }
}

/** Returns the place after the closing quote; undefined if there is none. */
function readDouble(bytes: Buffer, from: number, argument: number[]): number | undefined {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte === DOUBLE) return at + 1;
    if (byte !== BACKSLASH || at + 1 >= bytes.length) {
      argument.push(byte);
      at += 1;
      continue;
    }
    const hex = /^x([0-9a-f]{2})$/i.exec(bytes.toString("latin1", at + 1, at + 4))?.[1];
    if (hex !== undefined) {
      argument.push(Number.parseInt(hex, 16));
      at += 4;
      continue;
    }
    const escaped = bytes[at + 1] as number;
    const control = CONTROL[String.fromCharCode(escaped)];
    argument.push(control === undefined ? escaped : control.charCodeAt(0));
    at += 2;
  }
  return undefined;
}

function readSingle(bytes: Buffer, from: number, argument: number[]): number | undefined {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte === SINGLE) return at + 1;
    const escaped = byte === BACKSLASH && bytes[at + 1] === SINGLE;
    argument.push(escaped ? SINGLE : byte);
    at += escaped ? 2 : 1;
  }
  return undefined;
}
