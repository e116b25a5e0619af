/** A block of a page that says which file it is. */
export interface Quote {
  /** Path from the root of the repository. */
  readonly file: string;
  /** The part of the file between `#region NAME` and `#endregion`, or undefined for all of it. */
  readonly region: string | undefined;
  readonly text: string;
}

/** The fenced blocks of a page in Markdown whose first line says `file=PATH` or `file=PATH#REGION`. */
export function quotesOf(page: string): readonly Quote[] {
  const blocks = page.matchAll(/^(`{3,})[^\n`]*\bfile=([^\s#]+)(?:#(\S+))?[^\n]*\n(.*?)^\1$/gms);
  return [...blocks].map(([, , file = "", region, text = ""]) => ({ file, region, text }));
}

/** Returns the line numbers of the fenced blocks of TypeScript or JavaScript that do not name a file. */
export function linesOfUntestedBlocks(page: string): readonly number[] {
  const isUntested = (line: string): boolean =>
    /^\s*`{3,}\s*(?:[cm]?[jt]sx?|typescript|javascript)\b/i.test(line) && !/\bfile=/.test(line);
  return page.split("\n").flatMap((line, index) => (isUntested(line) ? [index + 1] : []));
}

/** What is quoted of a source: all of it, or a region without the indentation that its lines share. */
export function quotable(source: string, region: string | undefined): string {
  if (region === undefined) return source;
  const lines = source.split("\n");
  const begin = lines.findIndex((line) => line.trim().endsWith(`#region ${region}`));
  const end = lines.findIndex((line, index) => index > begin && /#endregion\b/.test(line));
  if (begin === -1 || end === -1) throw new Error(`There is no region ${region}, or it does not end.`);
  const inside = lines.slice(begin + 1, end);
  const indents = inside.filter((line) => line.trim() !== "").map((line) => line.search(/\S/));
  return inside.map((line) => `${line.slice(Math.min(...indents))}\n`).join("");
}
