import { waits } from "../../../cloud/durations.ts";
import { accountProblem, chartAccount } from "../pod-identity.ts";
import type { Call, Effect, Rule } from "../rule.ts";
import type { CloudResource, Props, World } from "../world.ts";
import { nodeProblem } from "./node-rules.ts";

const releaseType = "kubernetes:helm.sh/v3:Release";
const scaledType = "kubernetes:keda.sh/v1alpha1:ScaledObject";
const authenticationType = "kubernetes:keda.sh/v1alpha1:TriggerAuthentication";
const both = [scaledType, authenticationType];
const minutes = (count: number) => count * 60;

/** The action of each trigger type (KEDA's documentation 2.20); cpu and memory call no AWS API. */
const actionOf: Record<string, string> = {
  "aws-cloudwatch": "cloudwatch:GetMetricData",
  "aws-sqs-queue": "sqs:GetQueueAttributes",
};

/** KEDA's release, which installs its CustomResourceDefinitions. */
function kedaOf(world: World, cluster: string): CloudResource | undefined {
  return world
    .live(releaseType)
    .find((one) => one.cluster === cluster && one.inputs.chart === "keda");
}

/** Why no KEDA operator works in the cluster. Returns undefined if one does. */
function operatorProblem(world: World, cluster: string): string | undefined {
  if (!kedaOf(world, cluster)) return "no KEDA operator runs";
  const nodes = nodeProblem(world, cluster);
  return nodes && `the KEDA operator cannot run: ${nodes}`;
}

/** Why the ScaledObject does not become ready. Returns undefined if it does. */
function scaledObjectProblem({ world, resource, inputs, caller }: Call): string | undefined {
  const cluster = caller.cluster ?? "";
  const operator = operatorProblem(world, cluster);
  if (operator) return operator;
  const there = (type: string, name: string) =>
    world
      .live(type)
      .some((one) => one.cluster === cluster && one.id === `${namespaceOf(resource)}/${name}`);
  const { scaleTargetRef, triggers } = inputs.spec;
  if (!there("kubernetes:apps/v1:Deployment", scaleTargetRef.name)) {
    return `deployments.apps "${scaleTargetRef.name}" not found`;
  }
  const missing = (triggers as Props[])
    .flatMap(({ authenticationRef }) => authenticationRef?.name ?? [])
    .find((name) => !there(authenticationType, name));
  return missing && `triggerauthentications.keda.sh "${missing}" not found`;
}

/** Why a trigger returns no metric, so that the replicas stay. Returns undefined if all do. */
function triggerProblem({ world, inputs, caller }: Call): string | undefined {
  const cluster = caller.cluster ?? "";
  const triggers: Props[] = inputs.spec.triggers;
  const keda = chartAccount(kedaOf(world, cluster)?.inputs ?? {});
  const actions = triggers.flatMap(({ type }) => actionOf[type] ?? []);
  const refused =
    keda && actions.length > 0 ? accountProblem(world, { cluster, ...keda }, actions) : undefined;
  if (refused) return refused;
  const known = new Set(
    ["aws:lb/loadBalancer:LoadBalancer", "aws:lb/targetGroup:TargetGroup"].flatMap((type) =>
      world.all(type).map((one) => one.inputs.arnSuffix),
    ),
  );
  const unknown = triggers
    .filter(({ metadata }) => metadata.namespace === "AWS/ApplicationELB")
    .flatMap(({ metadata }) => String(metadata.dimensionValue).split(";"))
    .find((suffix) => !known.has(suffix));
  return unknown === undefined ? undefined : `there is no metric of ${unknown}`;
}

const namespaceOf = ({ outputs, inputs }: CloudResource): string =>
  outputs.metadata?.namespace ?? inputs.metadata?.namespace ?? "default";

export const scalingRules: Rule[] = [
  {
    error: "NoKindMatchError",
    on: "create",
    types: both,
    source: "Kubernetes apimachinery, meta.NoKindMatchError: the chart installs the definitions",
    refusal: ({ world, resource, caller }) =>
      kedaOf(world, caller.cluster ?? "")
        ? undefined
        : `no matches for kind "${resource.type.split(":").at(-1)}" in version "keda.sh/v1alpha1"`,
  },
  {
    error: "ScaledObjectCheckFailed",
    on: "create",
    phase: "after",
    types: [scaledType],
    source: "KEDA 2.20, controllers/keda/scaledobject_controller.go: Ready stays False; waitFor",
    timeoutSeconds: minutes(10),
    refusal: (call) => scaledObjectProblem(call),
  },
  {
    error: "finalizer",
    on: "delete",
    phase: "after",
    types: both,
    source:
      "KEDA 2.20, controllers/keda/scaledobject_finalizer.go and util/finalizer.go; kedacore/keda issues 4898 and 5090: without an operator the finalizer is never removed",
    timeoutSeconds: minutes(10),
    refusal: ({ world, caller }) => {
      const reason = operatorProblem(world, caller.cluster ?? "");
      return reason && `finalizer.keda.sh is never removed: ${reason}`;
    },
  },
];

export const scalingEffects: Effect[] = [
  ...(["create", "update"] as const).map(
    (on): Effect => ({
      on,
      types: [scaledType],
      source:
        "KEDA 2.20, pkg/scaling/executor/scale_scaledobjects.go: Ready turns False (TriggerError) once a trigger is asked, after the object was Ready",
      run: async (call) => {
        const { world, resource } = call;
        await world.clock.sleep(waits.reconcile);
        const reason = triggerProblem(call);
        if (reason) {
          world.incidents.push(
            `Triggers defined in ScaledObject ${resource.id} are not working correctly: ${reason}`,
          );
        }
      },
    }),
  ),
  {
    on: "delete",
    types: [scaledType],
    source: "KEDA 2.20, controllers/keda/scaledobject_finalizer.go",
    run: ({ world }) => world.clock.sleep(waits.reconcile),
  },
];
