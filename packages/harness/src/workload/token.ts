/** The identity of a write: its writer, and its position among the writes of that writer, counted from 1. */
export interface Token {
  readonly writer: number;
  readonly sequence: number;
}

/** Returns the text of a token, such as `w3-17`. */
export function formatToken(writer: number, sequence: number): string {
  return `w${writer}-${sequence}`;
}

/**
 * Returns the value of a write: its token, padded with dots.
 *
 * @param bytes the length of the value. A longer token is not truncated.
 */
export function encodeValue(writer: number, sequence: number, bytes: number): string {
  return formatToken(writer, sequence).padEnd(bytes, ".");
}

/** Returns the token of a value; undefined if {@link encodeValue} cannot have returned the value. */
export function decodeValue(value: string): Token | undefined {
  const match = /^w(\d{1,3})-(\d{1,10})\.*$/.exec(value);
  return match === null ? undefined : { writer: Number(match[1]), sequence: Number(match[2]) };
}
