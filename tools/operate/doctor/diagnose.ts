import { isAsleep } from "../../../infra/config/sleep-times.ts";
import { accessDenied } from "./checks/access-denied.ts";
import { addonDegraded, addonUnready } from "./checks/addon-degraded.ts";
import { autoscalingBlind } from "./checks/autoscaling-blind.ts";
import { certificateWaits } from "./checks/certificate-waits.ts";
import { containerConfig } from "./checks/container-config.ts";
import { containerCrash } from "./checks/container-crash.ts";
import { dnsElsewhere } from "./checks/dns-elsewhere.ts";
import { halfDestroyed } from "./checks/half-destroyed.ts";
import { imagePull } from "./checks/image-pull.ts";
import { ingressClass } from "./checks/ingress-class.ts";
import { ingressRefused } from "./checks/ingress-refused.ts";
import { ingressSilent } from "./checks/ingress-silent.ts";
import { jobFailed } from "./checks/job-failed.ts";
import { karpenterNodes } from "./checks/karpenter-nodes.ts";
import { launchFailed } from "./checks/launch-failed.ts";
import { nodeGroup } from "./checks/node-group.ts";
import { nodeNotReady } from "./checks/node-not-ready.ts";
import { pendingOperation } from "./checks/pending-operation.ts";
import { podAddress } from "./checks/pod-address.ts";
import { podRefused } from "./checks/pod-refused.ts";
import { podUnready } from "./checks/pod-unready.ts";
import { podUnscheduled } from "./checks/pod-unscheduled.ts";
import { rolloutStuck } from "./checks/rollout-stuck.ts";
import { stuckDeletion } from "./checks/stuck-deletion.ts";
import { targetsUnhealthy } from "./checks/targets-unhealthy.ts";
import { volumeMount } from "./checks/volume-mount.ts";
import { webhookDown } from "./checks/webhook-down.ts";
import type { Check, Finding } from "./finding.ts";
import type { Snapshot } from "./snapshot.ts";

/** In the order of their findings: what keeps out everybody first, consequences last. */
export const checks: Check[] = [
  ...[accessDenied, halfDestroyed, pendingOperation, stuckDeletion],
  ...[launchFailed, karpenterNodes, nodeGroup, nodeNotReady, addonDegraded],
  ...[podUnscheduled, podRefused, imagePull, containerConfig, volumeMount, podAddress],
  ...[containerCrash, ingressRefused, ingressClass, certificateWaits, dnsElsewhere],
  ...[autoscalingBlind, webhookDown, ingressSilent, addonUnready],
  ...[jobFailed, podUnready, targetsUnhealthy, rolloutStuck],
];

/** Those that need no pods and no nodes. */
const checksAsleep = [
  ...[accessDenied, halfDestroyed, pendingOperation, stuckDeletion],
  ...[ingressClass, certificateWaits, dnsElsewhere],
];

/** Whether the stack has no nodes on purpose, by nodes.schedule. */
export function isAsleepNow({ sleeps, aws: { nodeGroups = [] } }: Snapshot): boolean {
  return (
    sleeps === true &&
    nodeGroups.length > 0 &&
    nodeGroups.every(({ scalingConfig }) => isAsleep(scalingConfig ?? {}))
  );
}

/** A finding for people: objects that have the same cause are one. */
export interface Diagnosis extends Omit<Finding, "object" | "namespace" | "silent"> {
  check: string;
  objects: string[];
}

/**
 * Runs all checks. A consequence is left out where a cause is known in its namespace, so that the first
 * words are those of the cause. Of a stack that sleeps only what needs no nodes is judged.
 */
export function diagnose(snapshot: Snapshot): Diagnosis[] {
  const explained = new Set<string>();
  const found = new Map<string, Diagnosis>();
  for (const { name: check, consequence, find } of isAsleepNow(snapshot) ? checksAsleep : checks) {
    const findings = find(snapshot).filter(
      ({ namespace }) => !(consequence && namespace !== undefined && explained.has(namespace)),
    );
    for (const { object, namespace, silent, ...said } of findings) {
      if (namespace !== undefined) explained.add(namespace);
      if (silent) continue;
      const key = `${check}: ${said.cause}`;
      const known = found.get(key);
      if (!known) found.set(key, { check, objects: [object], ...said });
      else if (!known.objects.includes(object)) known.objects.push(object);
    }
  }
  return [...found.values()];
}
