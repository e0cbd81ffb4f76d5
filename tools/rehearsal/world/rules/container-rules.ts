import { secretsPrefix } from "../../../../infra/preview-environments/database-user.ts";
import { irsaProblem } from "../iam.ts";
import { accountProblem } from "../pod-identity.ts";
import { publicImage } from "../public-images.ts";
import type { Call, Rule } from "../rule.ts";
import type { CloudResource, Props, World } from "../world.ts";
import { addon } from "./lookup-rules.ts";
import { pushedImage } from "./registry-rules.ts";

export const secretProviderClassType =
  "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass";
const secretsAddon = "aws-secrets-store-csi-driver-provider";
const accountType = "kubernetes:core/v1:ServiceAccount";

const list = <T>(value: T[] | undefined): T[] => value ?? [];

/** The pods of a Deployment, of a job, or of the jobs of a schedule. */
export const podOf = ({ spec }: Props): Props => (spec.jobTemplate?.spec ?? spec).template.spec;

/** Every container of a pod. */
export const containersOf = (pod: Props): Props[] => [
  ...list<Props>(pod.initContainers),
  ...list<Props>(pod.containers),
];

/** Why the images keep containers from becoming ready. Returns undefined if they do not. */
export function containerProblem(world: World, pod: Props): string | undefined {
  for (const container of containersOf(pod)) {
    const reference = pushedImage(world, container.image)?.inputs.reference;
    const image = reference && publicImage(world.publicImages, reference);
    if (!image) continue;
    const problem =
      userProblem(container, pod, image.user) ??
      // The writes of another command are not known.
      (container.command ? undefined : writeProblem(container, image.writes)) ??
      lowPortProblem(pod, image.ports) ??
      probeProblem(container, image);
    if (problem) return `container ${container.name} of ${reference}: ${problem}`;
  }
  return undefined;
}

function userProblem(container: Props, pod: Props, user: number | undefined): string | undefined {
  const runs = container.securityContext?.runAsUser ?? pod.securityContext?.runAsUser;
  return user !== undefined && user !== runs
    ? `CrashLoopBackOff: permission denied: it runs as ${runs}, not as ${user}`
    : undefined;
}

function writeProblem(container: Props, writes: string[]): string | undefined {
  if (!container.securityContext?.readOnlyRootFilesystem) return undefined;
  const mounted = list<Props>(container.volumeMounts).map(({ mountPath }) => mountPath as string);
  const missing = writes.find(
    (path) =>
      !mounted.some(
        (one) => path === one || path.startsWith(`${one}/`) || one.startsWith(`${path}/`),
      ),
  );
  return missing && `CrashLoopBackOff: ${missing}: read-only file system`;
}

/** An unprivileged process may listen below 1024 only with the sysctl. */
function lowPortProblem(pod: Props, ports: number[]): string | undefined {
  const low = ports.find((port) => port < 1024);
  const opened = list<Props>(pod.securityContext?.sysctls).some(
    ({ name }) => name === "net.ipv4.ip_unprivileged_port_start",
  );
  return low !== undefined && ports.length === 1 && !opened
    ? `CrashLoopBackOff: listen tcp :${low}: bind: permission denied`
    : undefined;
}

/** The message of the kubelet (pkg/kubelet/prober). */
function probeProblem(
  container: Props,
  { ports, answers }: { ports: number[]; answers: string[] },
): string | undefined {
  for (const kind of ["startupProbe", "readinessProbe", "livenessProbe"]) {
    const { httpGet, tcpSocket } = container[kind] ?? {};
    const asked = httpGet ?? tcpSocket;
    if (!asked) continue;
    const named = list<Props>(container.ports).find(({ name }) => name === asked.port);
    const port = named?.containerPort ?? asked.port;
    const word = kind.replace("Probe", " probe").replace(/^./, (letter) => letter.toUpperCase());
    if (!ports.includes(port)) {
      return `${word} failed: dial tcp 10.0.0.1:${port}: connect: connection refused`;
    }
    if (httpGet && !answers.includes(httpGet.path)) {
      return `${word} failed: HTTP probe failed with statuscode: 404`;
    }
  }
  return undefined;
}

/** The message of the driver or of AWS's provider about secrets. Returns undefined if they are mounted. */
export function secretProblem(
  { world, caller }: Pick<Call, "world" | "caller">,
  namespace: string,
  pod: Props,
): string | undefined {
  const cluster = caller.cluster ?? "";
  for (const { csi, name } of list<Props>(pod.volumes)) {
    if (csi?.driver !== "secrets-store.csi.k8s.io") continue;
    const failed = (why: string) =>
      `FailedMount: MountVolume.SetUp failed for volume "${name}": ${why}`;
    if (!addon(world, cluster, secretsAddon)) {
      return failed(
        "driver name secrets-store.csi.k8s.io not found in the list of registered CSI drivers",
      );
    }
    const wanted: string = csi.volumeAttributes.secretProviderClass;
    const provider = inNamespace(world, secretProviderClassType, cluster, namespace, wanted);
    if (!provider) {
      return failed(
        `failed to get secretproviderclass ${namespace}/${wanted}, error: SecretProviderClass.secrets-store.csi.x-k8s.io "${wanted}" not found`,
      );
    }
    const problem = fetchProblem(world, cluster, namespace, pod, provider);
    if (problem) return failed(`failed to mount secrets store objects for pod: ${problem}`);
  }
  return undefined;
}

function fetchProblem(
  world: World,
  cluster: string,
  namespace: string,
  pod: Props,
  provider: CloudResource,
): string | undefined {
  const account = inNamespace(world, accountType, cluster, namespace, pod.serviceAccountName);
  const roleArn = account?.inputs.metadata.annotations?.["eks.amazonaws.com/role-arn"];
  const { objects, usePodIdentity } = provider.inputs.spec.parameters;
  const isAssociated = usePodIdentity === "true";
  if (!isAssociated && !roleArn) {
    return `an IAM role must be associated with service account ${pod.serviceAccountName} (namespace: ${namespace})`;
  }
  for (const { objectName, objectType } of JSON.parse(objects)) {
    const action =
      objectType === "secretsmanager" ? "secretsmanager:GetSecretValue" : "ssm:GetParameters";
    const name = pod.serviceAccountName;
    const one = { cluster, namespace, name, roleArn };
    const refused = isAssociated
      ? accountProblem(world, { ...one, roleArn: undefined }, [action])
      : irsaProblem(world, one, [action]);
    if (refused) return refused;
    if (world.absent.has(objectName)) {
      return objectType === "secretsmanager"
        ? `Failed fetching secret ${objectName}: ResourceNotFoundException: Secrets Manager can't find the specified secret.`
        : `Failed to fetch parameters from all regions: Invalid parameters: ${objectName}`;
    }
    const own = world.get("aws:secretsmanager/secret:Secret", objectName);
    // Those of others are there; these are made in this world or not at all.
    if (!own && objectName.includes(`:secret:${secretsPrefix}`)) {
      return `Failed fetching secret ${objectName}: ResourceNotFoundException: Secrets Manager can't find the specified secret.`;
    }
    if (own && !world.filledSecrets.has(own.id)) {
      return `Failed fetching secret ${objectName}: ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT`;
    }
  }
  return undefined;
}

function inNamespace(
  world: World,
  type: string,
  cluster: string,
  namespace: string,
  name: string,
): CloudResource | undefined {
  return world
    .live(type)
    .find((one) => one.cluster === cluster && one.id === `${namespace}/${name}`);
}

const buildsImage = ["docker:index/image:Image"];

export const containerRules: Rule[] = [
  ...(["create", "update"] as const).map(
    (on): Rule => ({
      error: "failed to solve",
      on,
      types: buildsImage,
      source: "BuildKit: solver and resolver of image sources",
      refusal: ({ world, inputs }) => {
        const { args = {}, platform = "" } = inputs.build ?? {};
        const reference: string | undefined = args.IMAGE;
        if (reference === undefined) return undefined;
        if (world.absent.has(reference)) {
          return `${reference}: failed to resolve source metadata for ${reference}: ${reference}: not found`;
        }
        const { architectures = ["arm64", "amd64"] } =
          publicImage(world.publicImages, reference) ?? {};
        return architectures.some((one) => platform === `linux/${one}`)
          ? undefined
          : `${reference}: no match for platform in manifest: not found`;
      },
    }),
  ),
  {
    error: "no matches for kind",
    on: "create",
    types: [secretProviderClassType],
    source: "Kubernetes API: a kind needs its CustomResourceDefinition; the driver installs it",
    refusal: ({ world, caller }) =>
      addon(world, caller.cluster ?? "", secretsAddon)
        ? undefined
        : 'no matches for kind "SecretProviderClass" in version "secrets-store.csi.x-k8s.io/v1"',
  },
];
