import { expect, test } from "vitest";
import { isForbidden } from "./forbidden-request.ts";

function engineError(statusCode: number, message: string): Error {
  return Object.assign(new Error(`(HTTP code ${statusCode}) unexpected - ${message}`), { statusCode });
}

test.each([
  [403, "authorization denied by plugin pipelines: --security-opt is not allowed"],
  [403, "authorization denied by plugin pipelines: Invalid request"],
  [403, "authorization denied by plugin opa-docker-authz: request rejected by administrative policy"],
  [403, "forbidden to use container capabilities"],
  [403, "<html><body><h1>403 Forbidden</h1>Request forbidden by administrative rules.</body></html>"],
  [401, "Bind mounts aren't allowed"],
  [500, "authorization denied by plugin customauth: Specified Privileged option value is Disallowed"],
  [500, "forbidden to use container capabilities"],
  [400, "HostConfig.Mounts is not allowed"],
  [405, "CapAdd is not permitted for this user"],
])("%i %s is forbidden", (status, message) => {
  expect(isForbidden(engineError(status, message))).toBe(true);
});

test.each([
  [500, "mkdir /var/lib/docker/volumes/trc: permission denied"],
  [500, "failed to mount overlay: operation not permitted"],
  [500, "error creating overlay mount to /var/lib/docker/overlay2: permission denied"],
  [404, "pull access denied for private/redis, repository does not exist"],
  [409, 'Conflict. The container name "/node-0" is already in use; renaming is not allowed'],
  [403, "failed to allocate gateway (10.192.0.1): Address already in use"],
  [403, "Pool overlaps with other one on this address space"],
  [400, "invalid restart policy: maximum retry count is not allowed"],
  [400, "invalid capability: FOWNERS"],
  [405, "Method Not Allowed"],
])("%i %s is not forbidden", (status, message) => {
  expect(isForbidden(engineError(status, message))).toBe(false);
});

test("an error that is not an answer of the engine is not forbidden", () => {
  expect(isForbidden(new Error("connect EACCES: access to the socket is denied"))).toBe(false);
  expect(isForbidden("authorization denied by plugin")).toBe(false);
});
