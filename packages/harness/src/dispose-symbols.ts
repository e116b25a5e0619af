import { addAbortListener } from "node:events";
import { Readable } from "node:stream";

// Jest and the vm pools of Vitest give each test file a realm of its own. Before version 24, Node adds the symbols of `using` and
// `await using` only to its main realm, so that classes of this library would have methods named "undefined". This module adds the
// symbols to the realm that loads it. They are those of Node, because the objects of Node have methods with these symbols.

for (const name of ["dispose", "asyncDispose"] as const) {
  if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: findNodeSymbol(name) ?? Symbol(name) });
}

/** Returns the symbol of a method of an object of Node. Its description is `nodejs.dispose` or `nodejs.asyncDispose`. */
function findNodeSymbol(name: string): symbol | undefined {
  return [Readable.prototype, addAbortListener(new AbortController().signal, () => {})]
    .flatMap((object) => Object.getOwnPropertySymbols(object))
    .find(({ description }) => description?.endsWith(`.${name}`));
}
