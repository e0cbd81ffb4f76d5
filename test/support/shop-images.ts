import type { PublicImage } from "../../tools/rehearsal/world/public-images.ts";

/** The images of test/recorded/Pulumi.shop.yaml, by the prefix of their references. */
export const shopImages: Record<string, PublicImage> = {
  "registry.example.com/shop/storefront:": {
    ports: [8000],
    answers: ["/ready", "/alive"],
    writes: ["/tmp"],
    user: 1000,
  },
  "registry.example.com/shop/cache:": { ports: [6081], answers: [], writes: ["/var/lib/cache"] },
  "registry.example.com/shop/catalog:": {
    ports: [9000],
    answers: [],
    writes: [],
    architectures: ["arm64"],
  },
  "registry.example.com/shop/orders:": {
    ports: [8080],
    answers: ["/actuator/health/readiness", "/actuator/health/liveness"],
    writes: ["/tmp"],
    user: 185,
  },
};
