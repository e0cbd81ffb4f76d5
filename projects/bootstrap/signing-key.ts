import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/**
 * The key that images are signed with. Its private half never leaves AWS, and it refuses to be
 * deleted: with it every signature would lose its meaning.
 */
export class SigningKey extends pulumi.ComponentResource {
  readonly keyId: pulumi.Output<string>;
  readonly keyArn: pulumi.Output<string>;

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("bootstrap:signing-key:SigningKey", name, {}, opts);
    const key = new aws.kms.Key(
      name,
      {
        description: "Signatures of images",
        keyUsage: "SIGN_VERIFY",
        customerMasterKeySpec: "ECC_NIST_P256",
        deletionWindowInDays: 30,
      },
      { parent: this, protect: true },
    );
    this.keyId = key.keyId;
    this.keyArn = key.arn;
    this.registerOutputs({ keyArn: this.keyArn });
  }
}
