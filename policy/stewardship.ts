import { type Example, given, known, type Rule } from "./rule.ts";

const cluster = "aws:eks/cluster:Cluster";
const component = "eks:index:Cluster";
const repository = "aws:ecr/repository:Repository";
const key = "aws:kms/key:Key";
const template = "aws:ec2/launchTemplate:LaunchTemplate";
const wanted = ["project", "stack", "environment"];
const defaultTags = { project: "platform", stack: "dev", environment: "development" };
/** Kinds that live in no namespace. */
const clusterWide =
  /:(Namespace|Node|PersistentVolume|[A-Za-z]*Class|ClusterRole(Binding)?|CustomResourceDefinition|[A-Za-z]*WebhookConfiguration|[A-Za-z]*AdmissionPolicy(Binding)?|APIService)$/;

const inProduction = (example: Example): Example[] => [
  { defaultTags: { ...defaultTags, environment: "production" }, ...example },
];

export const stewardshipRules: Rule[] = [
  {
    name: "tagged",
    promise: "Everything on AWS says which project, stack and environment it belongs to",
    reason: "Who pays for it, and may it go? (AWS Well-Architected, COST03-BP02)",
    remedy: "Make it with the program's AWS provider, which has default tags",
    check: ({ type, defaultTags: tags }) =>
      type.startsWith("aws:")
        ? wanted.map((tag) => !tags[tag] && `has no tag ${tag} from its provider`)
        : [],
    good: [[{ type: key, defaultTags }], [{ type: "kubernetes:core/v1:Namespace" }]],
    bad: [[{ type: key }], [{ type: key, defaultTags: { project: "platform" } }]],
  },
  {
    name: "machines-tagged",
    promise: "Machines and their disks are tagged as what made them",
    reason: "What a launch template starts does not inherit the provider's tags (EC2 user guide)",
    remedy: "Add tagSpecifications for instance and volume",
    check: ({ type, inputs }) =>
      type === template
        ? ["instance", "volume"].map(
            (kind) =>
              !inputs.tagSpecifications?.some(
                (one: { resourceType: string }) => one.resourceType === kind,
              ) && `tags no ${kind}`,
          )
        : [],
    good: [
      [
        {
          type: template,
          inputs: { tagSpecifications: [{ resourceType: "instance" }, { resourceType: "volume" }] },
        },
      ],
    ],
    bad: [
      [{ type: template, inputs: {} }],
      [{ type: template, inputs: { tagSpecifications: [{ resourceType: "instance" }] } }],
    ],
  },
  {
    name: "production-protected",
    promise: "In production nothing that holds data or the cluster goes by accident",
    reason: "Gone, a registry takes all images with it, a cluster all that runs on it (REL09-BP01)",
    remedy: "Set protect, or the cluster's deletionProtection; leave forceDelete off",
    check: ({ type, inputs, protect, defaultTags: tags }) =>
      tags.environment === "production"
        ? [
            type === repository && !protect && "is not protected",
            type === repository && inputs.forceDelete === true && "goes with all its images",
            [cluster, component].includes(type) &&
              !protect &&
              inputs.deletionProtection !== true &&
              "can be deleted",
          ]
        : [],
    good: [
      inProduction({ type: repository, protect: true }),
      inProduction({ type: component, inputs: { deletionProtection: true } }),
      [{ type: repository, defaultTags }],
    ],
    bad: [
      inProduction({ type: repository }),
      inProduction({ type: repository, protect: true, inputs: { forceDelete: true } }),
      inProduction({ type: cluster }),
      inProduction({ type: component, inputs: { deletionProtection: false } }),
    ],
  },
  {
    name: "production-keys-protected",
    promise: "In production no key goes by accident that something kept is encrypted with",
    reason: "A key that is gone takes all that was encrypted with it (FSBP KMS.3)",
    remedy: "Set protect; a key that encrypts messages on their way only needs none",
    together: true,
    check: ({ urn, type, protect, defaultTags: tags }, { others }) => {
      const users = others.filter(({ dependsOn }) => dependsOn.includes(urn));
      const inTransit = users.length > 0 && users.every((one) => one.type.startsWith("aws:sns/"));
      return [
        type === key &&
          tags.environment === "production" &&
          !protect &&
          !inTransit &&
          "is not protected",
      ];
    },
    good: [
      inProduction({ type: key, protect: true }),
      [{ type: key, defaultTags }],
      [
        ...inProduction({ type: key, urn: "urn:key" }),
        { type: "aws:sns/topic:Topic", dependsOn: ["urn:key"] },
      ],
    ],
    bad: [
      inProduction({ type: key }),
      [
        ...inProduction({ type: key, urn: "urn:key" }),
        { type: "aws:sns/topic:Topic", dependsOn: ["urn:key"] },
        { type: component, dependsOn: ["urn:key"] },
      ],
    ],
  },
  {
    name: "namespaced",
    promise: "Nothing lives in the namespace default",
    reason: "It has no quota, no policies and no owner (CIS EKS 1.8, 4.6.2)",
    remedy: "Give metadata.namespace",
    check: (one) => {
      if (!one.type.startsWith("kubernetes:") || clusterWide.test(one.type)) return [];
      const isRelease = one.type === "kubernetes:helm.sh/v3:Release";
      const where = isRelease ? one.inputs : one.inputs.metadata;
      return [
        (!given(where, "namespace") || known(where, "namespace") === "default") &&
          "lives in the namespace default",
      ];
    },
    good: [
      [{ type: "kubernetes:core/v1:ConfigMap", inputs: { metadata: { namespace: "web" } } }],
      [{ type: "kubernetes:core/v1:Namespace", inputs: { metadata: { name: "web" } } }],
      [{ type: "kubernetes:helm.sh/v3:Release", inputs: { namespace: "kube-system" } }],
    ],
    bad: [
      [{ type: "kubernetes:core/v1:ConfigMap", inputs: {} }],
      [{ type: "kubernetes:core/v1:Secret", inputs: { metadata: { namespace: "default" } } }],
      [{ type: "kubernetes:helm.sh/v3:Release", inputs: {} }],
    ],
  },
];
