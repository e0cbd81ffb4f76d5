import type { Terminal } from "../command-line.ts";
import { type Style, section, styleOf, wrapped } from "../plan/text.ts";

/** What a command tells: sections of lines for people, and the same as data. */
export interface Page<Data> {
  sections: { title: string; lines: string[] }[];
  data: Data;
  /** Something is broken: the exit code is 1. */
  broken: boolean;
}

export interface PageOptions {
  json?: boolean;
  /** Prints again each so many seconds, until it is interrupted. */
  watchSeconds?: number;
  signal?: AbortSignal;
}

/** Prints a page in 80 columns, or as JSON. Returns the exit code of the last one: 0, or 1 if something is broken. */
export async function showPage<Data>(
  read: () => Promise<Page<Data>>,
  terminal: Terminal,
  { json = false, watchSeconds, signal }: PageOptions = {},
): Promise<number> {
  const style = styleOf(terminal.color);
  for (;;) {
    const page = await read();
    terminal.out(json ? `${JSON.stringify(page.data, undefined, 2)}\n` : textOf(page, style));
    if (watchSeconds === undefined || !(await waited(watchSeconds, signal))) {
      return page.broken ? 1 : 0;
    }
  }
}

function textOf({ sections }: Page<unknown>, style: Style): string {
  const lines = sections.flatMap(({ title, lines: of }) =>
    section(
      style,
      title,
      of.flatMap((line) =>
        wrapped(line.trimStart(), " ".repeat(line.length - line.trimStart().length)),
      ),
    ),
  );
  return `${lines.slice(1).join("\n")}\n`;
}

/** Whether the time has passed; false if it was interrupted before. */
function waited(seconds: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve(false);
    const stop = () => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve(true);
    }, seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
