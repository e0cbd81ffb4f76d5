import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../tools/bench/port.ts";
import { cacheFolder } from "../../tools/rehearsal/engine.ts";
import { until } from "./service-harness.ts";

/** The path of moto_server: on PATH, or in the folder of .ci/run. Returns undefined if there is none. */
export function motoServer(): string | undefined {
  const kept = join(cacheFolder(), "moto", "bin", "moto_server");
  return ["moto_server", kept].find((one) =>
    one === kept ? existsSync(kept) : spawnSync(one, ["--help"]).status === 0,
  );
}

/** Starts moto, which simulates AWS's APIs, without resources. */
export async function startMoto(command: string) {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = spawn(command, ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  const ended = once(server, "close");
  await until(() => fetch(endpoint).catch(() => undefined), 60);
  return {
    endpoint,
    async stop() {
      server.kill();
      await ended;
    },
  };
}
