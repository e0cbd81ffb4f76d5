import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { run } from "./shell.ts";
import type { Outputs } from "./stack.ts";

/** Why a rollout got stuck, once one is; nothing when it is over before. */
export type Rollouts = (outputs: Outputs, over: AbortSignal) => Promise<string | undefined>;

interface Deployment {
  metadata: { namespace: string; name: string };
  status?: { conditions?: { type: string; status: string; reason: string; message: string }[] };
}

const pollSeconds = 10;

/**
 * Through kubectl on PATH: a Deployment of the platform that passes its progress deadline is stuck.
 * Where kubectl cannot be run or the cluster is out of reach, nothing is found: Pulumi's own timeout
 * is left to judge.
 */
export const kubectl: Rollouts = async ({ kubeconfig }, over) => {
  if (!kubeconfig) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "release-"));
  const file = join(folder, "kubeconfig");
  const text = typeof kubeconfig === "string" ? kubeconfig : JSON.stringify(kubeconfig);
  writeFileSync(file, text, { mode: 0o600 });
  const selector = "app.kubernetes.io/part-of=platform";
  const ask = ["--kubeconfig", file, "get", "deployments", "-A", "-l", selector, "-o", "json"];
  try {
    // Stuck already, a Deployment is not the fault of what comes now.
    const before = new Set(stuck(await run("kubectl", ask).catch(() => "{}")));
    while (!over.aborted) {
      await setTimeout(pollSeconds * 1000, undefined, { signal: over }).catch(() => {});
      if (over.aborted) break;
      const now = stuck(await run("kubectl", ask).catch(() => "{}"));
      for (const one of before) if (!now.includes(one)) before.delete(one);
      const reason = now.find((one) => !before.has(one));
      if (reason) return reason;
    }
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** The Deployments that have passed their progress deadline, and what they say of it. */
export function stuck(answer: string): string[] {
  const { items = [] } = JSON.parse(answer) as { items?: Deployment[] };
  return items.flatMap(({ metadata, status }) => {
    const passed = status?.conditions?.find(
      ({ type, reason }) => type === "Progressing" && reason === "ProgressDeadlineExceeded",
    );
    return passed ? [`Deployment ${metadata.namespace}/${metadata.name}: ${passed.message}`] : [];
  });
}
