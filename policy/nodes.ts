import { given, type Rule } from "./rule.ts";

const template = "aws:ec2/launchTemplate:LaunchTemplate";
const instance = "aws:ec2/instance:Instance";
const isTrue = (value: unknown) => value === true || value === "true";

export const nodeRules: Rule[] = [
  {
    name: "imds-v2",
    promise: "A machine's credentials cannot be had by a forged request, nor by a pod",
    reason:
      "IMDSv1 answers any GET; a second hop answers pods (FSBP EC2.8; EKS best practices, IAM)",
    remedy: "Set metadataOptions: httpTokens required, httpPutResponseHopLimit 1",
    check: ({ type, inputs: { metadataOptions = {} } }) =>
      [template, instance].includes(type)
        ? [
            metadataOptions.httpTokens !== "required" && "answers IMDSv1",
            metadataOptions.httpPutResponseHopLimit > 1 && "answers beyond the first hop",
          ]
        : [],
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
    promise: "Disks and file systems are encrypted",
    reason: "A snapshot that is shared or stolen must say nothing (FSBP EC2.3, EFS.1)",
    remedy: "Set encrypted: true",
    check: ({ type, inputs }) => {
      if (type === template) {
        const disks: { deviceName?: string; ebs?: object }[] = inputs.blockDeviceMappings ?? [];
        return [
          disks.length === 0 && "names no disk, so the image decides",
          ...disks.map(
            ({ deviceName, ebs }: { deviceName?: string; ebs?: { encrypted?: unknown } }) =>
              ebs !== undefined && !isTrue(ebs.encrypted) && `${deviceName} is not encrypted`,
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
      [{ type: "aws:efs/fileSystem:FileSystem", inputs: {} }],
    ],
  },
  {
    name: "nodes-hidden",
    promise: "No machine has a public address of its own",
    reason: "What has no address cannot be scanned (FSBP EC2.9, EC2.25)",
    remedy: "Leave associatePublicIpAddress out and use private subnets",
    check: ({ type, inputs }) => {
      const interfaces = type === template ? (inputs.networkInterfaces ?? []) : [inputs];
      return [
        [template, instance].includes(type) &&
          interfaces.some((one: Record<string, unknown>) =>
            isTrue(given(one, "associatePublicIpAddress") && one.associatePublicIpAddress),
          ) &&
          "asks for a public address",
      ];
    },
    good: [[{ type: template, inputs: {} }]],
    bad: [
      [{ type: instance, inputs: { associatePublicIpAddress: true } }],
      [{ type: template, inputs: { networkInterfaces: [{ associatePublicIpAddress: "true" }] } }],
    ],
  },
];
