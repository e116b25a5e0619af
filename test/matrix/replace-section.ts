/**
 * Replaces the lines between `<!-- NAME: generated -->` and `<!-- NAME: end -->` of a page.
 *
 * @throws Error if the page has no such lines.
 */
export function replaceSection(page: string, name: string, text: string): string {
  const section = new RegExp(`(<!-- ${name}: generated -->\\n).*?(\\n<!-- ${name}: end -->)`, "s");
  if (!section.test(page)) throw new Error(`The page has no section ${name}.`);
  return page.replace(section, (_, begin: string, end: string) => `${begin}\n${text}\n${end}`);
}
