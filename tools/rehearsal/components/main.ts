import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "./cluster-component.ts";
import { Vpc } from "./network-component.ts";

// Ends when its parent process ends.
process.stdin.on("end", () => process.exit()).resume();

// The SDK serves one component provider for each process, and prints its port.
await pulumi.provider.main(
  {
    version: "",
    construct: async (name, type, inputs, options) => {
      const components = { "awsx:ec2:Vpc": Vpc, "eks:index:Cluster": Cluster };
      const Component = components[type as keyof typeof components];
      if (!Component) throw new Error(`no stand-in for ${type}: add it to rehearsal/components`);
      const component = new Component(name, inputs, options);
      return { urn: component.urn, state: component.state };
    },
  },
  [],
);
