/** The identity of a write: its writer and its place among that writer's writes, counted from 1. */
export interface Token {
  readonly writer: number;
  readonly sequence: number;
}

/** `w3-17` */
export function formatToken(writer: number, sequence: number): string {
  return `w${writer}-${sequence}`;
}

/** The value of a write: its token, padded with dots. */
export function encodeValue(writer: number, sequence: number, bytes: number): string {
  return formatToken(writer, sequence).padEnd(bytes, ".");
}

/** Reads a value back; undefined where it is none of ours. */
export function decodeValue(value: string): Token | undefined {
  const match = /^w(\d{1,3})-(\d{1,10})\.*$/.exec(value);
  return match === null ? undefined : { writer: Number(match[1]), sequence: Number(match[2]) };
}
