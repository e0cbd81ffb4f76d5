import { Ledger } from "./ledger.ts";
import { reasonOf, run } from "./process.ts";

/** Runs before the pods of a release, which start only when it has ended well. */
await run(async () => {
  const ledger = new Ledger();
  await ledger.migrate().catch((error) => {
    throw new Error(`the ledger was not migrated: ${reasonOf(error)}`);
  });
  console.log("the ledger is migrated");
});
