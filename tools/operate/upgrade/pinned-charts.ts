/** What a Helm chart that the program pins says of Kubernetes. */
interface PinnedChart {
  /** The chart's version that this was read of. */
  version: string;
  /** The oldest and, where its makers name one, the newest minor version that they support or test. */
  from: string;
  testedTo?: string;
  /** apiVersion and kinds of its templates, as they are rendered since Kubernetes 1.25. */
  apis: Record<string, string[]>;
  source: string;
}

const rbac = {
  "rbac.authorization.k8s.io/v1": ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
};
const common = {
  v1: ["Service", "ServiceAccount"],
  "apps/v1": ["Deployment"],
  "policy/v1": ["PodDisruptionBudget"],
  ...rbac,
};

/**
 * By the name of the chart, without what the values of infra/addons/ turn off. A chart with another version
 * than the program's is not judged by it: the entry moves with the pin.
 */
export const pinnedCharts: Record<string, PinnedChart> = {
  "aws-load-balancer-controller": {
    version: "3.5.0",
    from: "1.22",
    apis: {
      ...common,
      "admissionregistration.k8s.io/v1": [
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
      ],
      "apiextensions.k8s.io/v1": ["CustomResourceDefinition"],
      "networking.k8s.io/v1": ["IngressClass"],
    },
    source:
      "docs/deploy/installation.md and helm/aws-load-balancer-controller of the controller 3.5.0",
  },
  "cluster-autoscaler": {
    version: "9.59.0",
    from: "1.25",
    apis: common,
    source:
      "templates of kubernetes/autoscaler charts/cluster-autoscaler, of an older version: they ask the cluster which to use",
  },
  "oci://public.ecr.aws/karpenter/karpenter": {
    version: "1.14.1",
    from: "1.30",
    testedTo: "1.36",
    apis: common,
    source:
      "website/content/en/v1.14/upgrading/compatibility.md and charts/karpenter of Karpenter 1.14.1",
  },
  "oci://public.ecr.aws/karpenter/karpenter-crd": {
    version: "1.14.1",
    from: "1.30",
    testedTo: "1.36",
    apis: { "apiextensions.k8s.io/v1": ["CustomResourceDefinition"] },
    source: "charts/karpenter-crd of Karpenter 1.14.1",
  },
  keda: {
    version: "2.20.2",
    from: "1.23",
    testedTo: "1.35",
    apis: {
      ...common,
      "apiextensions.k8s.io/v1": ["CustomResourceDefinition"],
      "apiregistration.k8s.io/v1": ["APIService"],
    },
    source: "kubeVersion of the chart; KEDA's documentation 2.20, operate/cluster.md",
  },
};
