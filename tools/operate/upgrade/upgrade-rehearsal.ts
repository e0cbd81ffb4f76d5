import { kubernetesVersions } from "../../../infra/config/schema.ts";
import { durationOf } from "../../plan/diff/difference-words.ts";
import type { Questions } from "./cluster-state.ts";
import { about, type Finding } from "./finding.ts";

/**
 * Plays the upgrade of a stack with the real Pulumi engine on the simulated cloud: up with the version
 * before, upgrade, destroy. What keeps it from being played is a question without an answer.
 */
export async function rehearsalFindings(
  stack: string,
  to: string,
  questions: Questions,
): Promise<Finding[]> {
  const { blocks, fine } = about("rehearsal");
  const asked = `the rehearsal of ${to}`;
  const supported: readonly string[] = kubernetesVersions.slice(1);
  if (!supported.includes(to)) {
    questions.unanswered.push({ asked, why: `the program does not support ${to}` });
    return [];
  }
  const { rehearse } = await import("../../rehearsal/scenario.ts");
  const rehearsal = await rehearse({ stack, to, length: "upgrade" }).catch((error: Error) => {
    questions.unanswered.push({ asked, why: error.message });
  });
  return (rehearsal?.results ?? []).map(({ title, failures, simulatedSeconds }) =>
    failures.length > 0
      ? blocks(`${title}: ${failures.join("; ")}`)
      : fine(`${title}: passed, about ${durationOf(simulatedSeconds)}`),
  );
}
