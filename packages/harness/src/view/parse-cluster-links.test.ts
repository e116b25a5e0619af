import { expect, test } from "vitest";
import { parseOpenLinks } from "./parse-cluster-links.ts";

/** A link as Redis 8.0 reports it. */
function link(direction: string, node: string, events: string): readonly unknown[] {
  return [
    ...["direction", direction, "node", node, "create-time", 1795795072243, "events", events],
    ...["send-buffer-allocated", 0, "send-buffer-used", 0],
  ];
}

test("links to nodes are open when the server reads from them", () => {
  const reply = [
    link("to", "reading", "r"),
    link("to", "writing", "rw"),
    link("to", "connecting", "w"),
    link("to", "idle", ""),
    link("from", "incoming", "r"),
  ];
  expect([...parseOpenLinks(reply)]).toEqual(["reading", "writing"]);
});

test("a node without links has none that are open", () => {
  expect(parseOpenLinks([]).size).toBe(0);
});
