import { addAbortListener } from "node:events";
import { Readable } from "node:stream";

// Jest and the vm pools of Vitest give each test file a realm of its own. Before version 24, Node adds the symbols of `using` and
// `await using` only to its main realm, so that classes of this library would have methods named "undefined". This module adds the
// symbols to the realm that loads it. They are those of Node, because the objects of Node have methods with these symbols.

const objects = [Readable.prototype, addAbortListener(new AbortController().signal, () => {})];
const symbols = objects.flatMap((object) => Object.getOwnPropertySymbols(object));
for (const name of ["dispose", "asyncDispose"] as const) {
  if (name in Symbol) continue;
  // Their descriptions are `nodejs.dispose` and `nodejs.asyncDispose`.
  const value = symbols.find(({ description }) => description?.endsWith(`.${name}`)) ?? Symbol(name);
  Object.defineProperty(Symbol, name, { value });
}
