import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { OpenClients } from "./open-clients.ts";

class Client extends EventEmitter {
  disconnected = 0;

  disconnect(): void {
    this.disconnected += 1;
    this.emit("end");
  }
}

test("forgets a client that ends, until it connects again", () => {
  const clients = new OpenClients<Client>();
  const client = new Client();
  clients.track(client);
  client.emit("end");
  expect(clients.takeAll()).toEqual([]);
  client.emit("connecting");
  expect(clients.takeAll()).toEqual([client]);
});

test("disconnects clients that are tracked or connect after the end", () => {
  const clients = new OpenClients<Client>();
  const { track } = clients;
  const early = new Client();
  track(early);
  expect(clients.close()).toEqual([early]);
  const late = new Client();
  track(late);
  early.emit("connecting");
  expect([early.disconnected, late.disconnected]).toEqual([1, 1]);
});

test("clients that were handed over, and their duplicates, belong to the new owner", () => {
  const lender = new OpenClients<Client>();
  const trackLent = lender.track;
  const lent = new Client();
  trackLent(lent);

  const user = lender.handOver();
  const duplicate = new Client();
  trackLent(duplicate);
  const renewed = new Client();
  lender.track(renewed);
  lent.emit("end");
  lent.emit("connecting");

  expect(user.takeAll()).toEqual([duplicate, lent]);
  expect(lender.takeAll()).toEqual([renewed]);
});

test("clients that were handed over twice belong to the last owner", () => {
  const lender = new OpenClients<Client>();
  const trackLent = lender.track;
  const lent = new Client();
  trackLent(lent);

  const last = lender.handOver().handOver();
  const duplicate = new Client();
  trackLent(duplicate);

  expect(last.takeAll()).toEqual([lent, duplicate]);
});
