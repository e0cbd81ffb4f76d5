import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach } from "mocha";
import { WorkflowRunner } from "./workflow-runner.ts";

/** A runner that each test resets, and a healthy service, for the tests of a suite. */
export function workflowFixture(): { player: WorkflowRunner; url: string } {
  const given = {} as { player: WorkflowRunner; url: string };
  let server: Server;
  before(async () => {
    given.player = new WorkflowRunner();
    server = createServer((_, response) => response.end("{}"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    given.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => given.player.forget());
  after(() => {
    server.close();
    given.player.close();
  });
  return given;
}
