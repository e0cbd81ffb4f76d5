import { userInfo } from "node:os";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { CommandFailed, run } from "../shell.ts";
import { Refused, resolveImages } from "./image-references.ts";
import { PlatformStack } from "./platform-stack.ts";
import { type ReleaseArgs, release, rollback } from "./release.ts";
import { aws, type Cloud, watchedOf } from "./release-cloud.ts";
import type { Release } from "./release-record.ts";
import { kubectl } from "./rollouts.ts";
import { requireAwake } from "./sleeping.ts";

const usage = `npm run release -- --stack NAME --image SERVICE=DIGEST
npm run rollback -- --stack NAME

  --stack NAME     a deployed stack
  --image IMAGE    sha256:…, or REPOSITORY@sha256:… of another stack's; with commas between
  --watch SECONDS  the watch of alarms after the update (default: the need of the alarms, max. 17 minutes)
  --alarms PREFIX  the prefix of alarm names, instead of the alarms of the services and the load balancer

exit code: 0 released; 1 failed, and the stack has its former images; 2 refused, nothing was changed`;

export interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

/** Runs `release` or `rollback`. Returns its exit code. */
export async function command(
  args: string[],
  { out, err }: Terminal,
  cloudOf: (region: string) => Cloud = aws,
): Promise<number> {
  try {
    const { positionals, values } = parsed(args);
    if (values.help) {
      out(usage);
      return 0;
    }
    const { stack: name, image, watch, alarms } = values;
    const back = positionals[0] === "rollback";
    const seconds = watch === undefined ? undefined : Number(watch);
    if (!name) throw new Refused(`--stack is missing\n\n${usage}`);
    if (!back && !image) throw new Refused(`--image is missing\n\n${usage}`);
    if (seconds !== undefined && (!Number.isInteger(seconds) || seconds < 0))
      throw new Refused(`--watch ${watch}: no seconds`);
    const stack = new PlatformStack(name);
    const outputs = await stack.outputs();
    await requireAwake(stack, outputs);
    const attempt: ReleaseArgs = {
      stack,
      cloud: cloudOf(stack.region),
      rollouts: kubectl(),
      who: await who(),
      watched: watchedOf(alarms, outputs),
      watchSeconds: seconds,
      say: out,
      sleep: (seconds) => setTimeout(seconds * 1000),
    };
    const done = back
      ? await rollback(attempt)
      : await release(attempt, (running) =>
          resolveImages(image ?? [], running, Object.keys(stack.images)),
        );
    return done ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Refused || error instanceof CommandFailed)) throw error;
    err(error.message);
    return error instanceof Refused ? 2 : 1;
  }
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        stack: { type: "string" },
        image: { type: "string", multiple: true },
        watch: { type: "string" },
        alarms: { type: "string" },
        help: { type: "boolean", default: false, short: "h" },
      },
    });
  } catch (error) {
    throw new Refused(`${(error as Error).message}\n\n${usage}`);
  }
}

async function who(): Promise<Pick<Release, "by" | "commit" | "run">> {
  const { GITHUB_ACTOR, GITHUB_SHA, GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID } =
    process.env;
  const commit = GITHUB_SHA ?? (await run("git", ["rev-parse", "HEAD"]).catch(() => "")).trim();
  return {
    by: GITHUB_ACTOR ?? userInfo().username,
    ...(commit && { commit }),
    ...(GITHUB_RUN_ID && {
      run: `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`,
    }),
  };
}
