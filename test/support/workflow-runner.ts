import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parse, stringify } from "yaml";

export interface Step {
  run?: string;
  uses?: string;
  id?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}
export interface Job {
  if?: string;
  "runs-on": string;
  steps: Step[];
  environment?: string;
  concurrency?: { group: string; "cancel-in-progress": boolean };
  permissions?: Record<string, string>;
  "timeout-minutes"?: number;
}
/** The output and exit code of each stubbed command, by the prefix of the call. */
export type Answers = Record<string, { out?: string; err?: string; code?: number; file?: string }>;

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const folder = join(root, ".github/workflows");
const workflows = Object.fromEntries(
  readdirSync(folder).map((file) => [
    file.replace(".yml", ""),
    parse(readFileSync(join(folder, file), "utf8")) as { jobs: Record<string, Job> },
  ]),
);
/** All jobs, by workflow and name. */
export const jobs = Object.entries(workflows).flatMap(([name, { jobs }]) =>
  Object.entries(jobs).map(([job, definition]) => [`${name}/${job}`, definition] as const),
);

/** The files that the steps need, without the settings. */
const parts = [
  ...["tools", "infra", "policy", "projects", "service"],
  ...["index.ts", "package.json", "Pulumi.yaml"],
];
const settingsFiles = ["Pulumi.dev.yaml", "Pulumi.prod.yaml"];

/** A text of a workflow with evaluated expressions: names, texts, `==`, `&&` and `||`. */
export function filledIn(text: string, values: Record<string, string>): string {
  const known: Record<string, string> = { "vars.CLUSTER_RUNNER": "cluster", ...values };
  const termOf = (term: string) => {
    const quoted = /^'(.*)'$/.exec(term);
    return quoted ? (quoted[1] ?? "") : (known[term] ?? "");
  };
  const isTrue = (condition: string) => {
    const [one = "", other] = condition.split(" == ");
    return other === undefined ? termOf(one) !== "" : termOf(one) === termOf(other);
  };
  return text.replace(/\$\{\{ (.+?) \}\}/g, (_, expression: string) => {
    for (const alternative of expression.split(" || ")) {
      const terms = alternative.split(" && ");
      if (terms.every(isTrue)) return termOf(terms.at(-1) ?? "");
    }
    return "";
  });
}

/** Runs the shell steps of workflows in a copy of the repository, with stubs for external commands. */
export class WorkflowRunner {
  readonly #scratch = mkdtempSync(join(tmpdir(), "workflows-"));
  /** The working directory of the steps. */
  readonly folder = join(this.#scratch, "repository");

  constructor() {
    for (const part of parts) {
      cpSync(join(root, part), join(this.folder, part), {
        recursive: true,
        filter: (path) => !path.endsWith("node_modules"),
      });
    }
    symlinkSync(join(root, "node_modules"), join(this.folder, "node_modules"));
    for (const name of ["gh", "pulumi", "aws", "cosign", "docker", "kubectl", "skopeo", "npm"]) {
      cpSync(join(root, "test/support/command-stub.sh"), join(this.#scratch, "bin", name));
      chmodSync(join(this.#scratch, "bin", name), 0o755);
    }
    cpSync(join(root, "test/support/npm-run.js"), join(this.#scratch, "run-script.js"));
    writeFileSync(join(this.#scratch, "package.json"), '{"type":"module"}');
    this.forget();
  }

  /** Resets calls, outputs and settings. */
  forget(): void {
    for (const file of ["calls", "output"]) writeFileSync(join(this.#scratch, file), "");
    for (const file of settingsFiles) cpSync(join(root, file), join(this.folder, file));
    rmSync(join(this.folder, "comments"), { recursive: true, force: true });
  }

  /** Sets a setting of both stacks. */
  set(key: string, value: unknown): void {
    for (const file of settingsFiles) {
      const { config, ...rest } = parse(readFileSync(join(this.folder, file), "utf8"));
      const text = stringify({ ...rest, config: { ...config, [key]: value } });
      writeFileSync(join(this.folder, file), text);
    }
  }

  /** The calls so far with this prefix. */
  calls(begin: string): string[] {
    return this.#made.map(({ call }) => call).filter((call) => call.startsWith(begin));
  }

  /** The calls so far with the credentials of AWS in their environment. */
  get trusted(): string[] {
    return this.#made.filter(({ credentials }) => credentials).map(({ call }) => call);
  }

  /** The calls so far with GitHub's token in their environment. */
  get withToken(): string[] {
    return this.#made.filter(({ token }) => token).map(({ call }) => call);
  }

  get #made(): { call: string; credentials: boolean; token: boolean }[] {
    const all = readFileSync(join(this.#scratch, "calls"), "utf8").split("\0").filter(Boolean);
    return all.map((line) => {
      const [, credentials, token, call = ""] = /^(!?)(%?)(.*)$/s.exec(line) ?? [];
      return { call, credentials: Boolean(credentials), token: Boolean(token) };
    });
  }

  /** The outputs of the steps for other jobs. */
  get output(): string {
    return readFileSync(join(this.#scratch, "output"), "utf8");
  }

  /** Runs a job as GitHub, with evaluated expressions. */
  async play(path: string, values: Record<string, string>, answers: Answers) {
    const job = jobs.find(([name]) => name === path)?.[1];
    assert.ok(job, path);
    this.#answer(answers);
    let text = "";
    for (const { run, env = {} } of job.steps.filter(({ run }) => run)) {
      const filled = Object.entries(env).map(([key, text]) => [key, filledIn(text, values)]);
      const child = spawn("bash", ["-e", "-o", "pipefail", "-c", run ?? ""], {
        cwd: this.folder,
        // With a socket as its input, bash reads ~/.bashrc, which may put other commands first on PATH.
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          ...process.env,
          ...this.#surroundings,
          NODE_OPTIONS: `--import=${pathToFileURL(join(root, "test/support/fast-timers.js"))}`,
          ...Object.fromEntries(filled),
        },
      });
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (chunk) => {
          text += chunk;
        });
      }
      await new Promise((resolve) => child.on("close", resolve));
      if (child.exitCode !== 0) return { code: child.exitCode, text };
    }
    return { code: 0, text };
  }

  /** Runs code in this process with the stubs first on PATH. */
  async inside<T>(answers: Answers, work: () => Promise<T>): Promise<T> {
    this.#answer(answers);
    const { env } = process;
    process.env = { ...env, ...this.#surroundings };
    try {
      return await work();
    } finally {
      process.env = env;
    }
  }

  #answer(answers: Answers): void {
    const folder = join(this.#scratch, "answers");
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    for (const [at, [key, answer]] of Object.entries(answers).entries()) {
      const { out = "", err = "", code = 0, file } = answer;
      const parts = {
        key: `${key}\n`,
        out,
        err,
        code: `${code}\n`,
        ...(file && { file: `${file}\n` }),
      };
      for (const [part, text] of Object.entries(parts)) {
        writeFileSync(join(folder, `${at}.${part}`), text);
      }
    }
  }

  /** The variables of a step at GitHub, with the stubs first on PATH. */
  get #surroundings(): Record<string, string> {
    return {
      PATH: `${join(this.#scratch, "bin")}:${process.env.PATH}`,
      AWS_SECRET_ACCESS_KEY: "secret",
      GITHUB_OUTPUT: join(this.#scratch, "output"),
      GITHUB_REPOSITORY: "example/platform",
      GITHUB_ACTIONS: "true",
      GITHUB_ACTOR: "octocat",
      GITHUB_REF_NAME: "main",
      GITHUB_SHA: "1a2b3c4",
      RUNNER_TEMP: this.#scratch,
    };
  }

  close(): void {
    rmSync(this.#scratch, { recursive: true });
  }
}
