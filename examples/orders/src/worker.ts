import { type Message, SQS } from "@aws-sdk/client-sqs";
import pino from "pino";
import { Ledger } from "./ledger.ts";
import { reasonOf, run, variables } from "./process.ts";

/** Books orders until it is told to stop, and ends with those that it has received. */
await run(async (stop) => {
  const { BOOKINGS_URL: QueueUrl } = variables("BOOKINGS_URL");
  const log = pino();
  const ledger = new Ledger();
  const queue = new SQS();

  /** What fails is received again, and is a dead letter at last. */
  async function book({ Body = "", ReceiptHandle }: Message): Promise<void> {
    try {
      const booking = JSON.parse(Body);
      const isNew = await ledger.book(booking);
      await queue.deleteMessage({ QueueUrl, ReceiptHandle });
      log.info({ order: booking.id }, isNew ? "booked" : "booked before");
    } catch (error) {
      log.error({ reason: reasonOf(error), message: Body }, "not booked");
    }
  }

  log.info("receiving");
  // Each waits as long as the queue says. None is cut off: SQS may have given it messages by then.
  while (!stop.aborted) {
    const { Messages = [] } = await queue.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
    await Promise.all(Messages.map(book));
  }
  log.info("bye");
});
