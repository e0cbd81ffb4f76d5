/** Which paths of a build context Docker leaves out, as the lines of a `.dockerignore` say. */
interface Ignored {
  /** Whether `path` is left out; `above` is the answer for the folder that it is in. */
  judge(path: string, above?: Verdict): Verdict;
}

export interface Verdict {
  leftOut: boolean;
  /** A folder that is left out is looked into if a later line may name something in it again. */
  lookInto: boolean;
  /** By line: whether it matched this path, or a folder above. */
  matches: boolean[];
}

interface Line {
  /** `!`: what matches comes back. */
  back: boolean;
  path: string;
  matches: (path: string) => boolean;
}

/**
 * Reads an ignore file by Docker's rules, for a build by `dockerfile`. Throws an `Error` that names a
 * line that Docker refuses.
 *
 * The rules are those of moby's patternmatcher and archive, oddities included: a folder that is left
 * out is looked into only for a `!` line that begins with the folder's own path.
 */
export function readDockerignore(text: string, dockerfile: string): Ignored {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .flatMap(lineOf);
  // Docker never leaves out these two, whatever the file says.
  for (const path of [".dockerignore", dockerfile]) {
    if (judged(lines, path).leftOut) lines.push(...lineOf(`!${path}`));
  }
  return { judge: (path, above) => judged(lines, path, above) };
}

function judged(lines: Line[], path: string, above?: Verdict): Verdict {
  let leftOut = false;
  const matches = lines.map((line, at) => {
    // A line that would change nothing is not asked.
    const hit = above?.matches[at] || (line.back === leftOut && line.matches(path));
    if (hit) leftOut = !line.back;
    return hit;
  });
  const named = lines.some((line) => line.back && `${line.path}/`.startsWith(`${path}/`));
  return { leftOut, lookInto: !leftOut || named, matches };
}

function lineOf(given: string): Line[] {
  if (given.startsWith("#")) return [];
  const text = given.trim();
  if (text === "") return [];
  const back = text.startsWith("!");
  const pattern = back ? text.slice(1).trim() : text;
  const path = cleaned(pattern);
  if (!isPattern(path) || (back && ["", "/"].includes(path))) {
    throw new Error(`${text} is not a pattern`);
  }
  return [{ back, path, matches: matcherOf(path) }];
}

/** The shortest way to say the path, from the context's root. */
function cleaned(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".." || !pattern.startsWith("/")) parts.push(part);
  }
  return parts.join("/") || (pattern.startsWith("/") ? "/" : pattern && ".");
}

/** `*` and `?` stop at a slash, `**` does not; without any of these the path must be the same. */
function matcherOf(path: string): (path: string) => boolean {
  if (/^\*\*[^*?[\]\\]*$/.test(path)) return endsWith(path.slice(2));
  if (/^[^*?[\]\\]+\*\*$/.test(path)) return (other) => other.startsWith(path.slice(0, -2));
  if (!/[*?[\]\\]/.test(path)) return (other) => other === path;
  const source = path.replace(/\\.|\*\*\/?|[*?.+()|{}$]/gs, (found, at: number) => {
    if (found.startsWith("\\")) return found;
    if (found.startsWith("**")) return at + found.length === path.length ? ".*" : "(.*/)?";
    return found === "*" ? "[^/]*" : found === "?" ? "[^/]" : `\\${found}`;
  });
  const pattern = new RegExp(`^${source}$`);
  return (other) => pattern.test(other);
}

function endsWith(end: string): (path: string) => boolean {
  return (path) => path.endsWith(end) || (end.startsWith("/") && path === end.slice(1));
}

/**
 * Whether Docker reads it: a class of characters is not empty and ends, and a backslash takes the
 * meaning from a sign. Before a letter or a digit Docker gives it a meaning that differs by version.
 */
function isPattern(path: string): boolean {
  const character = String.raw`(?:\\[^a-z0-9]|[^\]\\-])`;
  const oneClass = String.raw`\[\^?(?:${character}(?:-${character})?)+\]`;
  return new RegExp(String.raw`^(?:${oneClass}|\\[^a-z0-9]|[^[\\])*$`, "is").test(path);
}
