/** The resources of the components of awsx 3.9 and eks 4.3, as the rehearsal registers them. */
export const componentTypes: Record<string, string[]> = {
  "awsx:ec2:Vpc": [
    ...["vpc:Vpc", "internetGateway:InternetGateway", "subnet:Subnet", "routeTable:RouteTable"],
    ...["route:Route", "routeTableAssociation:RouteTableAssociation", "eip:Eip"],
    ...["natGateway:NatGateway", "vpcEndpoint:VpcEndpoint", "securityGroup:SecurityGroup"],
  ].map((type) => `aws:ec2/${type}`),
  "eks:index:Cluster": [
    ...["cluster:Cluster", "accessEntry:AccessEntry"].map((type) => `aws:eks/${type}`),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    ...["role:Role", "rolePolicyAttachment:RolePolicyAttachment"].map((type) => `aws:iam/${type}`),
  ],
};
