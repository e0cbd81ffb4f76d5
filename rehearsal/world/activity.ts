import { readdirSync, readFileSync } from "node:fs";

/**
 * Whether a process that this one has started works: runs, or waits for a processor or a disk. Only
 * Linux tells; elsewhere it is undefined.
 */
export function childrenWork(): boolean | undefined {
  try {
    return childrenOf(process.pid).some(works);
  } catch {
    return undefined;
  }
}

function childrenOf(pid: number): number[] {
  const direct = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ");
  return direct.filter(Boolean).flatMap((child) => {
    try {
      return [Number(child), ...childrenOf(Number(child))];
    } catch {
      return []; // It has ended.
    }
  });
}

function works(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).some((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1");
      return "RD".includes(stat[stat.lastIndexOf(")") + 2] ?? "");
    });
  } catch {
    return false;
  }
}
