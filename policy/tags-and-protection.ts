import { type Example, given, known, type Rule } from "./rule.ts";

const cluster = "aws:eks/cluster:Cluster";
const component = "eks:index:Cluster";
const repository = "aws:ecr/repository:Repository";
const key = "aws:kms/key:Key";
const template = "aws:ec2/launchTemplate:LaunchTemplate";
const wanted = ["project", "stack", "environment"];
const defaultTags = { project: "platform", stack: "dev", environment: "development" };
/** Kinds without a namespace. */
const clusterWide =
  /:(Namespace|Node|NodePool|PersistentVolume|[A-Za-z0-9]*Class|ClusterRole(Binding)?|CustomResourceDefinition|[A-Za-z]*WebhookConfiguration|[A-Za-z]*AdmissionPolicy(Binding)?|APIService)$/;

const inProduction = (example: Example): Example[] => [
  { defaultTags: { ...defaultTags, environment: "production" }, ...example },
];

export const tagAndProtectionRules: Rule[] = [
  {
    name: "tagged",
    requirement: "Every AWS resource has the tags project, stack and environment",
    reason:
      "The tags tell who pays for a resource, and whether it may be deleted (AWS Well-Architected, COST03-BP02)",
    remedy: "Use the program's AWS provider, which has default tags",
    check: ({ type, defaultTags: tags }) =>
      type.startsWith("aws:")
        ? wanted.map((tag) => !tags[tag] && `has no tag ${tag} from its provider`)
        : [],
    good: [[{ type: key, defaultTags }], [{ type: "kubernetes:core/v1:Namespace" }]],
    bad: [[{ type: key }], [{ type: key, defaultTags: { project: "platform" } }]],
  },
  {
    name: "machines-tagged",
    requirement: "A launch template tags its instances and volumes",
    reason: "Instances of a launch template do not inherit the provider's tags (EC2 user guide)",
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
    requirement: "In production, repositories and the cluster are protected from deletion",
    reason: "A deleted repository deletes its images, a deleted cluster its workloads (REL09-BP01)",
    remedy: "Set protect, or the cluster's deletionProtection; leave forceDelete off",
    check: ({ type, inputs, protect, defaultTags: tags }) =>
      tags.environment === "production"
        ? [
            type === repository && !protect && "is not protected",
            type === repository &&
              inputs.forceDelete === true &&
              "has forceDelete, which deletes its images too",
            [cluster, component].includes(type) &&
              !protect &&
              inputs.deletionProtection !== true &&
              "has no deletion protection",
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
    requirement: "In production, the KMS keys of stored data are protected from deletion",
    reason: "Without its key nobody can decrypt stored data (FSBP KMS.3)",
    remedy: "Set protect; a key that encrypts only messages of SNS needs none",
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
    requirement: "No object is in the namespace default",
    reason: "The namespace default has no quota and no network policies (CIS EKS 1.8, 4.6.2)",
    remedy: "Set metadata.namespace, or a Release's namespace",
    check: (one) => {
      if (!one.type.startsWith("kubernetes:") || clusterWide.test(one.type)) return [];
      const isRelease = one.type === "kubernetes:helm.sh/v3:Release";
      const where = isRelease ? one.inputs : one.inputs.metadata;
      return [
        (!given(where, "namespace") || known(where, "namespace") === "default") &&
          "is in the namespace default",
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
