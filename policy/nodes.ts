import { given, type Rule } from "./rule.ts";

const template = "aws:ec2/launchTemplate:LaunchTemplate";
const instance = "aws:ec2/instance:Instance";
/** What the nodes of EKS Auto Mode are started from; AWS sets their metadata options and encrypts their disks. */
const autoClass = "kubernetes:eks.amazonaws.com/v1:NodeClass";
/** What Karpenter's nodes are started from. */
const nodeClass = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass";
const isTrue = (value: unknown) => value === true || value === "true";

export const nodeRules: Rule[] = [
  {
    name: "imds-v2",
    requirement: "The instance metadata service requires IMDSv2 and a hop limit of 1",
    reason:
      "IMDSv1 answers any GET request; a second hop admits pods (FSBP EC2.8; EKS best practices, IAM)",
    remedy: "Set metadataOptions: httpTokens required, httpPutResponseHopLimit 1",
    check: ({ type, inputs }) => {
      if (![template, instance, nodeClass].includes(type)) return [];
      const { metadataOptions = {} } = type === nodeClass ? (inputs.spec ?? {}) : inputs;
      return [
        metadataOptions.httpTokens !== "required" && "allows IMDSv1",
        metadataOptions.httpPutResponseHopLimit > 1 && "has a hop limit above 1",
      ];
    },
    good: [
      [
        {
          type: template,
          inputs: { metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 } },
        },
      ],
    ],
    bad: [
      [{ type: template, inputs: {} }],
      [{ type: nodeClass, inputs: { spec: { metadataOptions: { httpTokens: "optional" } } } }],
      [{ type: instance, inputs: { metadataOptions: { httpTokens: "optional" } } }],
      [
        {
          type: template,
          inputs: { metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 2 } },
        },
      ],
    ],
  },
  {
    name: "disks-encrypted",
    requirement: "Every EBS volume and every EFS file system is encrypted",
    reason: "A shared or stolen snapshot must reveal no data (FSBP EC2.3, EFS.1)",
    remedy: "Set encrypted: true",
    check: ({ type, inputs }) => {
      if (type === template || type === nodeClass) {
        const { blockDeviceMappings } = type === nodeClass ? (inputs.spec ?? {}) : inputs;
        const disks: { deviceName?: string; ebs?: object }[] = blockDeviceMappings ?? [];
        return [
          disks.length === 0 &&
            "has no block device mapping, so the image decides about encryption",
          ...disks.map(
            ({ deviceName, ebs }: { deviceName?: string; ebs?: { encrypted?: unknown } }) =>
              ebs !== undefined &&
              !isTrue(ebs.encrypted) &&
              `has the volume ${deviceName}, which is not encrypted`,
          ),
        ];
      }
      return [
        /^aws:(ebs\/volume:Volume|efs\/fileSystem:FileSystem)$/.test(type) &&
          !isTrue(inputs.encrypted) &&
          "is not encrypted",
      ];
    },
    good: [
      [{ type: template, inputs: { blockDeviceMappings: [{ ebs: { encrypted: "true" } }] } }],
      [{ type: "aws:ebs/volume:Volume", inputs: { encrypted: true } }],
    ],
    bad: [
      [{ type: template, inputs: {} }],
      [{ type: template, inputs: { blockDeviceMappings: [{ ebs: { volumeSize: 20 } }] } }],
      [{ type: nodeClass, inputs: { spec: { blockDeviceMappings: [{ ebs: {} }] } } }],
      [{ type: "aws:efs/fileSystem:FileSystem", inputs: {} }],
    ],
  },
  {
    name: "nodes-hidden",
    requirement: "No instance has a public IP address",
    reason:
      "Nobody on the internet can scan an instance without a public address (FSBP EC2.9, EC2.25)",
    remedy: "Leave associatePublicIpAddress out and use private subnets",
    check: ({ type, inputs }) => {
      const interfaces = type === template ? (inputs.networkInterfaces ?? []) : [inputs];
      return [
        [template, instance].includes(type) &&
          interfaces.some((one: Record<string, unknown>) =>
            isTrue(given(one, "associatePublicIpAddress") && one.associatePublicIpAddress),
          ) &&
          "requests a public IP address",
        type === autoClass &&
          isTrue(inputs.spec?.advancedNetworking?.associatePublicIPAddress) &&
          "requests public IP addresses",
      ];
    },
    good: [[{ type: template, inputs: {} }]],
    bad: [
      [{ type: instance, inputs: { associatePublicIpAddress: true } }],
      [{ type: template, inputs: { networkInterfaces: [{ associatePublicIpAddress: "true" }] } }],
      [
        {
          type: autoClass,
          inputs: { spec: { advancedNetworking: { associatePublicIPAddress: true } } },
        },
      ],
    ],
  },
];
