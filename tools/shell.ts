import { spawn } from "node:child_process";

/** A failed command; the message is the end of its own error output. */
export class CommandFailed extends Error {
  /** Its standard output. */
  readonly output: string;
  /** Null if it could not start or was killed. */
  readonly code: number | null;

  constructor(command: string, errors: string, output = "", code: number | null = null) {
    const last = errors.trim().split("\n").slice(-5).join("\n");
    super(last || `${command} failed without a message`);
    this.output = output;
    this.code = code;
  }
}

export interface ShellOptions {
  cwd?: string;
  /** Variables beside those of this process. */
  env?: Record<string, string>;
  /** Hides the variables of this process, except PATH: they may be credentials. @default false */
  bare?: boolean;
  /** Also prints the output as it comes. @default false */
  show?: boolean;
  /** Also returns the standard error, in its order. @default false */
  both?: boolean;
  /** Interrupts the command, as Ctrl-C, and waits for its end. */
  signal?: AbortSignal;
}

/** Runs the Pulumi CLI without prompts and colours. */
export function pulumi(args: string[], options: ShellOptions = {}): Promise<string> {
  return run("pulumi", [...args, "--non-interactive", "--color", "never"], options);
}

/**
 * Runs a command on PATH without a shell. Returns its output. Interrupts it when this process ends.
 *
 * @throws {CommandFailed} if it cannot start, or ends with another exit code than 0
 */
export function run(command: string, args: string[], options: ShellOptions = {}): Promise<string> {
  const { cwd, env, bare = false, show = false, both = false, signal } = options;
  const { PATH } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...(bare ? { PATH } : process.env), ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // Its own process group: npm's launcher of pulumi does not pass signals on.
      detached: true,
    });
    const interrupt = () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGINT");
    };
    const ends = ["SIGINT", "SIGTERM", "exit"];
    for (const end of ends) process.on(end, interrupt);
    signal?.addEventListener("abort", interrupt);
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
      if (show) process.stdout.write(chunk);
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
      if (both) out += chunk;
      if (show) process.stderr.write(chunk);
    });
    child.on("error", () =>
      reject(new CommandFailed(command, `${command} cannot be run: is it installed?`)),
    );
    child.on("close", (code) => {
      for (const end of ends) process.off(end, interrupt);
      signal?.removeEventListener("abort", interrupt);
      if (code === 0) resolve(out);
      else reject(new CommandFailed(command, err.trim() || out, out, code));
    });
  });
}
