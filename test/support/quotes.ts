/** A code block of a page that names the file that it shows. */
export interface Quote {
  /** Path from the root of the repository. */
  readonly file: string;
  /** The name of the part between `#region NAME` and `#endregion`. Undefined for the whole file. */
  readonly region: string | undefined;
  readonly text: string;
}

/** Returns the fenced blocks of a Markdown page whose first line contains `file=PATH` or `file=PATH#REGION`. */
export function parseQuotes(page: string): readonly Quote[] {
  const blocks = page.matchAll(/^(`{3,})[^\n`]*\bfile=([^\s#]+)(?:#(\S+))?[^\n]*\n(.*?)^\1$/gms);
  return [...blocks].map(([, , file = "", region, text = ""]) => ({ file, region, text }));
}

/** Returns the line numbers of the fenced blocks of TypeScript or JavaScript that do not name a file. */
export function linesOfUntestedBlocks(page: string): readonly number[] {
  const isUntested = (line: string): boolean =>
    /^\s*`{3,}\s*(?:[cm]?[jt]sx?|typescript|javascript)\b/i.test(line) && !/\bfile=/.test(line);
  return page.split("\n").flatMap((line, index) => (isUntested(line) ? [index + 1] : []));
}

/**
 * Returns the whole source, or a region of it without the indentation that all its lines share.
 *
 * @throws Error if the region does not exist or does not end.
 */
export function extractQuote(source: string, region: string | undefined): string {
  if (region === undefined) return source;
  const lines = source.split("\n");
  const begin = lines.findIndex((line) => line.trim().endsWith(`#region ${region}`));
  const end = lines.findIndex((line, index) => index > begin && /#endregion\b/.test(line));
  if (begin === -1 || end === -1) throw new Error(`Region ${region} was not found or does not end.`);
  const inside = lines.slice(begin + 1, end);
  const indents = inside.filter((line) => line.trim() !== "").map((line) => line.search(/\S/));
  return inside.map((line) => `${line.slice(Math.min(...indents))}\n`).join("");
}
