import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { run } from "../shell.ts";
import type { Outputs } from "./platform-stack.ts";

/** Returns why a rollout is stuck; undefined if `over` aborts before. */
export type Rollouts = (
  outputs: Outputs,
  over: AbortSignal,
  say: (line: string) => void,
) => Promise<string | undefined>;

interface Deployment {
  metadata: { namespace: string; name: string };
  status?: { conditions?: { type: string; status: string; reason: string; message: string }[] };
}

/** The label of all Deployments of the platform. */
const selector = "app.kubernetes.io/part-of=platform";

/**
 * Uses kubectl on PATH: a Deployment past its progress deadline is stuck. If kubectl or the cluster does
 * not answer, it says so, and only Pulumi's timeout judges.
 */
export const kubectl =
  (pollSeconds = 10): Rollouts =>
  async ({ kubeconfig }, over, say) => {
    if (!kubeconfig) return undefined;
    const folder = mkdtempSync(join(tmpdir(), "release-"));
    const file = join(folder, "kubeconfig");
    const text = typeof kubeconfig === "string" ? kubeconfig : JSON.stringify(kubeconfig);
    writeFileSync(file, text, { mode: 0o600 });
    const ask = ["--kubeconfig", file, "get", "deployments", "-A", "-l", selector, "-o", "json"];
    /** The Deployments that were stuck before: the update did not cause them. */
    let known: string[] | undefined;
    let complained = false;
    try {
      while (!over.aborted) {
        try {
          const now = stuck(await run("kubectl", ask));
          const before = known ?? now;
          const reason = now.find((one) => !before.includes(one));
          if (reason) return reason;
          known = before.filter((one) => now.includes(one));
        } catch (error) {
          if (!complained) say(`The rollout cannot be watched: ${(error as Error).message}`);
          complained = true;
        }
        await setTimeout(pollSeconds * 1000, undefined, { signal: over }).catch(() => {});
      }
      return undefined;
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

/** The Deployments past their progress deadline, with their messages. */
export function stuck(answer: string): string[] {
  const { items = [] } = JSON.parse(answer) as { items?: Deployment[] };
  return items.flatMap(({ metadata, status }) => {
    const passed = status?.conditions?.find(
      ({ type, reason }) => type === "Progressing" && reason === "ProgressDeadlineExceeded",
    );
    return passed ? [`Deployment ${metadata.namespace}/${metadata.name}: ${passed.message}`] : [];
  });
}
