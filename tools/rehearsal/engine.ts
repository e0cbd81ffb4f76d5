import { execFileSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CommandFailed, run } from "../shell.ts";

export interface Engine {
  /** The path of the Pulumi CLI. */
  path: string;
  version: string;
  origin: "PATH" | "npm launcher" | "built from its Go module";
}

/** The machine has no engine; the message names the packages to install. */
export class NoEngine extends Error {}

const moduleFolder = join(dirname(fileURLToPath(import.meta.url)), "engine");
const command = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";

/**
 * Finds the Pulumi CLI on PATH, then the download of the npm launcher, then a build in the user's cache
 * folder. With Go it builds the version of `engine/go.mod` once, which takes minutes; `say` gets the
 * progress.
 *
 * @throws {NoEngine} if there is neither a CLI nor Go
 */
export async function findEngine(say: (line: string) => void = () => {}): Promise<Engine> {
  for (const path of onPath()) {
    const found = engineAt(path, "PATH");
    if (found) return found;
  }
  const launched = engineAt(launcherPath(), "npm launcher");
  if (launched) return launched;
  const version = pinnedVersion();
  const built = join(cacheFolder(), `pulumi-${version}`, "bin", executable("pulumi"));
  const origin = "built from its Go module";
  const ready = engineAt(built, origin);
  if (ready) return ready;
  if (!answers("go", ["version"])) {
    throw new NoEngine(
      "The rehearsal needs the Pulumi CLI (https://www.pulumi.com/docs/install), or Go 1.25 or newer to build it once.",
    );
  }
  await once(built, say, async () => {
    if (engineAt(built, origin)) return;
    say(`Building the Pulumi CLI ${version} from its Go module, once; this takes a few minutes.`);
    await build(built, version, say);
  });
  const made = engineAt(built, origin);
  if (!made) throw new NoEngine(`The Pulumi CLI was built but does not run: ${built}`);
  return made;
}

function engineAt(path: string, origin: Engine["origin"]): Engine | undefined {
  const version = answers(path, ["version"]);
  return version === undefined ? undefined : { path, version, origin };
}

/** The output of the command. Returns undefined if it fails. */
export function answers(path: string, args: string[]): string | undefined {
  try {
    return execFileSync(path, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 20_000,
      env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    }).trim();
  } catch {
    return undefined;
  }
}

/** Without npm's launcher, which is first in `npm run` and would start a download. */
function onPath(): string[] {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => folder && !folder.endsWith(join("node_modules", ".bin")))
    .map((folder) => join(folder, executable("pulumi")))
    .filter((path) => existsSync(path));
}

/** The CLI that the npm package `pulumi` downloads at its first use. */
function launcherPath(): string {
  const manifest = join(moduleFolder, "../../../node_modules/pulumi/package.json");
  const { version } = existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")) : {};
  return join(pulumiHome(), "versions", String(version), "bin", executable("pulumi"));
}

export function pulumiHome(): string {
  return process.env.PULUMI_HOME ?? join(homedir(), ".pulumi");
}

function pinnedVersion(): string {
  const goMod = readFileSync(join(moduleFolder, "go.mod"), "utf8");
  const [, version] = /pulumi\/pkg\/v3 (v[\d.]+)/.exec(goMod) ?? [];
  if (!version) throw new NoEngine("tools/rehearsal/engine/go.mod pins no Pulumi CLI");
  return version;
}

export function cacheFolder(): string {
  const root =
    process.env.XDG_CACHE_HOME ||
    (process.platform === "darwin" ? join(homedir(), "Library/Caches") : join(homedir(), ".cache"));
  return join(root, "eks-container-platform");
}

/** Runs `work` in one process at a time; the others wait until that process ends. */
async function once(
  target: string,
  say: (line: string) => void,
  work: () => Promise<void>,
): Promise<void> {
  const lock = `${target}.lock`;
  mkdirSync(dirname(lock), { recursive: true });
  for (let waited = 0; ; waited++) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (waited === 0) say("Another process builds the Pulumi CLI; waiting for it.");
    if (!ownerLives(lock)) rmSync(lock, { force: true });
    else await setTimeout(500);
  }
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function ownerLives(lock: string): boolean {
  try {
    const owner = readFileSync(lock, "utf8");
    // A lock is empty until its content is written.
    if (owner !== "") process.kill(Number(owner), 0);
    return true;
  } catch {
    return false;
  }
}

async function build(target: string, version: string, say: (line: string) => void): Promise<void> {
  const folder = dirname(target);
  const unfinished = `${target}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  const linked = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`;
  const started = Date.now();
  const ticking = setInterval(
    () => say(`  still building, ${Math.round((Date.now() - started) / 1000)} s`),
    30_000,
  );
  try {
    const args = ["build", "-mod=readonly", "-ldflags", linked, "-o", unfinished, command];
    await run("go", args, { cwd: moduleFolder });
    renameSync(unfinished, target);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new NoEngine(`The Pulumi CLI could not be built: ${error.message}`);
  } finally {
    clearInterval(ticking);
    rmSync(unfinished, { force: true });
  }
}

export function executable(name: string): string {
  return process.platform === "win32" ? `${name}.exe` : name;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
