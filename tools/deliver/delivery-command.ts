import { appendFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { PlanError } from "../graph/plan-error.ts";
import { CommandFailed } from "../shell.ts";
import { requireApproval } from "./approval.ts";
import { download } from "./artifacts.ts";
import { postComments } from "./comments.ts";
import { drift } from "./drift.ts";
import { reconcile } from "./environments.ts";
import { Refused } from "./image-references.ts";
import { type Origin as PinOrigin, proposePins, withdrawPins } from "./pin-pull-request.ts";
import { PlatformStack } from "./platform-stack.ts";
import { difference, preview } from "./previews.ts";
import { reach } from "./reach.ts";
import { sign } from "./signatures.ts";
import { requireAwake } from "./sleeping.ts";
import { smoke } from "./smoke.ts";

const usage = `npm run deliver -- STEP

  difference --against REF --out DIR   the offline difference of both stacks, as a comment in DIR
  preview --stack NAME --out DIR       the output of pulumi preview, as a comment in DIR
  comments --run ID                    posts the comments of a workflow run
  reach --stack NAME                   refuses a runner without access to the stack's Kubernetes API
  approval --environment NAME          refuses an environment of GitHub without reviewers
  up --stack NAME                      deploys, and passes the images to the next job
  smoke --stack NAME                   requests the service through its load balancer
  images --stack NAME --out DIR        builds the images of a pull request into DIR
  environments --stack NAME            deploys and removes preview environments
  sign --stack NAME                    signs the stack's images, after smoke
  drift --stack NAME                   opens or closes an issue about changes outside Pulumi
  pins --stack NAME                    opens or closes a pull request with newer pins, rehearsed

exit code: 0; 1 it failed; 2 the command is wrong; 3 a red risk that nobody accepted`;

/** Runs one step of a workflow. Returns its exit code. */
export async function deliver(args: string[], say: (line: string) => void): Promise<number> {
  try {
    const { values, positionals } = parsed(args);
    const step = steps[positionals[0] ?? ""];
    if (!step) throw new Refused(usage);
    return await step({
      say,
      need: (option) => {
        const value = values[option];
        if (!value) throw new Refused(`--${option} is missing\n\n${usage}`);
        return value;
      },
    });
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    if (error instanceof Refused || error instanceof PlanError) return 2;
    if (error instanceof CommandFailed) return 1;
    throw error;
  }
}

interface StepArgs {
  need: (option: "stack" | "against" | "out" | "run" | "environment") => string;
  say: (line: string) => void;
}

const smokeOptions = { timeoutSeconds: 300, pauseSeconds: 1, answers: 10 };

const steps: Record<string, (args: StepArgs) => Promise<number>> = {
  difference: ({ need }) => difference(need("against"), need("out")),

  preview: async ({ need }) =>
    (await preview(new PlatformStack(need("stack")), need("out"))) ? 0 : 1,

  comments: async ({ need, say }) => {
    const repository = variable("GITHUB_REPOSITORY");
    const folder = `${variable("RUNNER_TEMP")}/comments`;
    if (!(await download(repository, need("run"), { pattern: "comment-*" }, folder))) {
      say("The run has left no comments");
      return 0;
    }
    const count = await postComments(folder, {
      repository,
      owner: variable("HEAD_OWNER"),
      branch: variable("HEAD_BRANCH"),
      sha: variable("HEAD_SHA"),
    });
    say(`${count} comments posted`);
    return 0;
  },

  up: async ({ need, say }) => {
    const stack = new PlatformStack(need("stack"));
    if (stack.sleeps) await requireAwake(stack, await stack.outputs());
    await stack.up(`Deploy ${process.env.GITHUB_SHA ?? "by hand"}`, { policies: true });
    const { imageReferences = {} } = await stack.outputs();
    const images = Object.entries(imageReferences).map((image) => image.join("="));
    say(`${stack.name} runs ${images.join(", ")}`);
    const { GITHUB_OUTPUT } = process.env;
    if (GITHUB_OUTPUT) appendFileSync(GITHUB_OUTPUT, `images=${images.join(",")}\n`);
    return 0;
  },

  reach: async ({ need, say }) => {
    const stack = new PlatformStack(need("stack"));
    const server = await reach(stack, process.env.CLUSTER_RUNNER);
    say(server ? `${server} answers` : `${stack.name} has no cluster yet`);
    return 0;
  },

  approval: async ({ need, say }) => {
    const environment = need("environment");
    await requireApproval(variable("GITHUB_REPOSITORY"), environment);
    say(`${environment} is approved by a reviewer`);
    return 0;
  },

  smoke: async ({ need, say }) => {
    const stack = new PlatformStack(need("stack"));
    const outputs = await stack.outputs();
    await smoke(outputs, { ...smokeOptions, restriction: stack.restriction });
    say(`${outputs.url} answers`);
    return 0;
  },

  images: async ({ need, say }) => {
    // Only this step needs the program, whose import takes a second.
    const { buildImages } = await import("./service-images.ts");
    const services = await buildImages(need("stack"), need("out"));
    say(`Built: ${services.join(", ") || "nothing, the stack deploys what was pushed"}`);
    return 0;
  },

  environments: async ({ need, say }) => {
    const stack = new PlatformStack(need("stack"));
    const repository = variable("GITHUB_REPOSITORY");
    const args = {
      stack,
      repository,
      smokeOptions: { ...smokeOptions, restriction: stack.restriction },
      say,
    };
    return (await reconcile(args)) ? 0 : 1;
  },

  sign: async ({ need, say }) => {
    const stack = new PlatformStack(need("stack"));
    const { signingKey } = stack;
    if (!signingKey) {
      say(`${stack.name} has no registry.signingKey: nothing is signed`);
      return 0;
    }
    const { imageReferences = {} } = await stack.outputs();
    for (const reference of Object.values(imageReferences)) {
      const signed = await sign(reference, signingKey);
      say(`${reference} ${signed ? "is signed" : "was signed already"}`);
    }
    return 0;
  },

  drift: async ({ need, say }) => {
    const stack = new PlatformStack(need("stack"));
    const same = await drift(stack, variable("GITHUB_REPOSITORY"));
    say(same ? `${stack.name} has no drift` : `${stack.name} has drifted: see the issue`);
    return same ? 0 : 1;
  },

  pins: async ({ need, say }) => {
    const origin = {
      repository: variable("GITHUB_REPOSITORY"),
      branch: variable("GITHUB_REF_NAME"),
      commit: variable("GITHUB_SHA"),
    };
    return (await movePins(need("stack"), origin, say)) ? 0 : 1;
  },
};

/** Returns whether there is nothing newer, or what is newer passed its rehearsal. */
async function movePins(name: string, origin: PinOrigin, say: StepArgs["say"]): Promise<boolean> {
  // Only this step needs the clients of AWS.
  const { operatedStack } = await import("../operate/operated-stack.ts");
  const { pinsOf } = await import("../operate/pins/newer-pins.ts");
  const { writeNewer } = await import("../operate/pins/pins-command.ts");
  const pins = await pinsOf(await operatedStack(name, process.cwd())).catch((error: Error) => {
    throw new CommandFailed("pins", error.message);
  });
  if (pins.every(({ newer }) => newer === undefined)) {
    const closed = await withdrawPins(name, origin);
    say(`${name} pins nothing that AWS has newer${closed ? ": its pull request is closed" : ""}`);
    return true;
  }
  const moved = { stack: name, pins, ...writeNewer(name, pins, process.cwd()) };
  const passed = await proposePins(moved, origin);
  say(
    `${name} has a pull request with newer pins, whose rehearsal ${passed ? "passed" : "failed"}`,
  );
  return passed;
}

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Refused(`${name} is not set: this step is for a workflow`);
  return value;
}

function parsed(args: string[]) {
  try {
    const string = { type: "string" } as const;
    return parseArgs({
      args,
      allowPositionals: true,
      options: { stack: string, against: string, out: string, run: string, environment: string },
    });
  } catch (error) {
    throw new Refused(`${(error as Error).message}\n\n${usage}`);
  }
}
