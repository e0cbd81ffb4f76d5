import { spawn } from "node:child_process";

/** A command that could not do its work; the message is what it said itself. */
export class CommandFailed extends Error {
  /** All that it wrote to its standard output. */
  readonly output: string;
  /** None when it could not be started, or was killed. */
  readonly code: number | null;

  constructor(command: string, said: string, output = "", code: number | null = null) {
    const last = said.trim().split("\n").slice(-5).join("\n");
    super(last || `${command} failed and said nothing`);
    this.output = output;
    this.code = code;
  }
}

export interface ShellOptions {
  cwd?: string;
  /** Added to this process's own. */
  env?: Record<string, string>;
  /** Keeps this process's own from it, but for PATH: there may be credentials. @default false */
  bare?: boolean;
  /** Also shows what the command writes, as it comes. @default false */
  show?: boolean;
  /** Also gives what it writes to its standard error, in the order it comes. @default false */
  both?: boolean;
  /** Interrupts the command, as Ctrl-C does, and waits until it has ended. */
  signal?: AbortSignal;
}

/** Runs Pulumi's command, for logs and not for a person. */
export function pulumi(args: string[], options: ShellOptions = {}): Promise<string> {
  return run("pulumi", [...args, "--non-interactive", "--color", "never"], options);
}

/** Runs a command found on PATH, without a shell in between, and gives what it writes. */
export function run(command: string, args: string[], options: ShellOptions = {}): Promise<string> {
  const { cwd, env, bare = false, show = false, both = false, signal } = options;
  const { PATH } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...(bare ? { PATH } : process.env), ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own: npm's launcher of pulumi would not pass an interruption on.
      detached: true,
    });
    const interrupt = () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGINT");
    };
    const ends = ["SIGINT", "SIGTERM"] as const;
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
