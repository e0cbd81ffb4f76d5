import { readdirSync, readFileSync } from "node:fs";

/**
 * Whether a child process works: runs, or waits for a processor or a disk. Returns undefined if the
 * system does not show it, as outside Linux.
 */
export function childrenWork(): boolean | undefined {
  try {
    return childrenOf(process.pid, process.pid).some(works);
  } catch {
    return undefined;
  }
}

function childrenOf(pid: number, thread: number | string): number[] {
  const children = readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1");
  return children.split(" ").filter(Boolean).map(Number);
}

/** Whether the process or a child of any of its threads works. */
function works(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).some((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1");
      const state = stat[stat.lastIndexOf(")") + 2] ?? "";
      return "RD".includes(state) || childrenOf(pid, thread).some(works);
    });
  } catch {
    return false; // It has ended.
  }
}
