import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  type Dirent,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
} from "node:fs";
import { isAbsolute, join } from "node:path";
import { readDockerignore, type Verdict } from "./docker-ignore.ts";

/** What an image is built from. */
export interface BuildSource {
  /** A folder. */
  context: string;
  /** Its path in the context. @default Dockerfile */
  dockerfile?: string;
}

export const defaultDockerfile = "Dockerfile";

/** Build arguments of the program itself: no setting has them. */
export const ownBuildArgs = ["IMAGE", "VERSION", "SOURCE", "REVISION"];

/** What Docker puts into a build context: a folder, a file or a symbolic link. */
interface Entry {
  /** From the context's root. */
  path: string;
  kind: "folder" | "file" | "link";
  /** Permissions; a link has none of its own. */
  mode: number;
}

/** A context that cannot be built; the message ends a sentence that begins with its folder. */
class Unusable extends Error {}

/**
 * A tag that is the same exactly when what is built is the same: the settings of the build, and all
 * that Docker puts into the context, with its permissions. Times are left out, as Docker's cache
 * leaves them out.
 */
export function contentTag(source: BuildSource, settings: object): string {
  const { context } = source;
  const hash = createHash("sha256").update(JSON.stringify(settings));
  for (const { path, kind, mode } of entriesOf(source)) {
    const content =
      kind === "file"
        ? createHash("sha256")
            .update(readFileSync(join(context, path)))
            .digest("hex")
        : kind === "link" && readlinkSync(join(context, path));
    hash.update(`\n${JSON.stringify([path, kind, mode, content])}`);
  }
  return hash.digest("hex").slice(0, 16);
}

/** What the package.json of the context says of it, where it has one. */
export function packageOf(context: string): { version?: string; source?: string } {
  const file = join(context, "package.json");
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return {};
  const text = readFileSync(file, "utf8");
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    throw new Unusable(`has a package.json that is not JSON (${(error as Error).message})`);
  }
  if (typeof manifest !== "object" || manifest === null || Array.isArray(manifest)) {
    throw new Unusable("has a package.json that is not an object");
  }
  const { version, repository } = manifest as Record<string, unknown>;
  if (version !== undefined && typeof version !== "string") {
    throw new Unusable(
      `has a package.json whose version is not a text: ${JSON.stringify(version)}`,
    );
  }
  const source = (repository as { url?: unknown } | undefined)?.url ?? repository;
  return { version, ...(typeof source === "string" && { source }) };
}

/** Why an image cannot be built from this folder, as the rest of a sentence; nothing when it can. */
export function contextProblem(source: BuildSource): string | undefined {
  const { context, dockerfile = defaultDockerfile } = source;
  try {
    if (isAbsolute(context)) throw new Unusable("is not relative to the project");
    if (!statSync(context, { throwIfNoEntry: false })?.isDirectory()) {
      throw new Unusable("is not a folder");
    }
    if (!statSync(join(context, dockerfile), { throwIfNoEntry: false })?.isFile()) {
      throw new Unusable(`has no file ${dockerfile}`);
    }
    packageOf(context);
    entriesOf(source);
    return undefined;
  } catch (error) {
    if (error instanceof Unusable) return error.message;
    const { code, path = context } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return `cannot be read: ${path} (${code})`;
  }
}

/** In the order of their paths, the same on every machine. */
function entriesOf(source: BuildSource): Entry[] {
  const { context } = source;
  const ignored = ignoredIn(source);
  const walk = (folder: string, above?: Verdict): Entry[] =>
    readdirSync(join(context, folder), { withFileTypes: true }).flatMap((found) => {
      const path = folder ? `${folder}/${found.name}` : found.name;
      const verdict = ignored.judge(path, above);
      return [
        ...(verdict.leftOut ? [] : [entryOf(context, path, found)]),
        ...(found.isDirectory() && verdict.lookInto ? walk(path, verdict) : []),
      ];
    });
  return walk("").sort((one, other) => (one.path < other.path ? -1 : 1));
}

function ignoredIn({ context, dockerfile = defaultDockerfile }: BuildSource) {
  const file = [`${dockerfile}.dockerignore`, ".dockerignore"].find((one) =>
    existsSync(join(context, one)),
  );
  try {
    return readDockerignore(file ? readFileSync(join(context, file), "utf8") : "", dockerfile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code) throw error;
    throw new Unusable(`has a ${file} in which ${(error as Error).message}`);
  }
}

function entryOf(context: string, path: string, found: Dirent): Entry {
  const place = join(context, path);
  if (found.isSymbolicLink()) {
    if (!statSync(place, { throwIfNoEntry: false })) {
      throw new Unusable(`has a symbolic link that leads nowhere: ${path}`);
    }
    return { path, kind: "link", mode: 0 };
  }
  if (!found.isFile() && !found.isDirectory()) {
    throw new Unusable(`has something that is no file, folder or symbolic link: ${path}`);
  }
  accessSync(place, constants.R_OK);
  const mode = lstatSync(place).mode & 0o7777;
  return { path, kind: found.isFile() ? "file" : "folder", mode };
}
